import type { NewErrors, RolloutView } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { isMissing } from '../api/explain-error.ts';
import { newErrorsQuery } from '../api/queries.ts';
import { formatCount, plural } from '../format/numbers.ts';
import { Icon } from '../parts/icon.tsx';
import { InlineFailure } from '../parts/states.tsx';

const certainties = {
  sure: { icon: 'octagon', tone: 'bad' },
  likely: { icon: 'triangle', tone: 'wait' },
  'cannot-tell': { icon: 'half', tone: 'wait' },
} as const;
const doubt = { sure: '', likely: 'likely, not certain yet', 'cannot-tell': 'too few to tell' } as const;

/** Errors that the old path never had, with where they were thrown. */
export function NewPathCard({ rollout }: { readonly rollout: RolloutView }): JSX.Element | null {
  const found = useQuery(newErrorsQuery(useApi(), rollout.id));
  if (rollout.startedAt === null || isMissing(found.error)) return null;
  const span = `from=${rollout.startedAt}&to=${rollout.endedAt ?? Date.now()}`;
  return (
    <section className="card" aria-labelledby="new-path-title">
      <header>
        <h2 id="new-path-title">Only on the new path</h2>
        <Link className="more" href={`/errors?since=${rollout.id}&state=all`}>
          Errors since #{rollout.number}
        </Link>
      </header>
      {found.data === undefined && !found.isError && <p className="np-none">&nbsp;</p>}
      {found.isError && found.data === undefined && <InlineFailure error={found.error} />}
      {found.data?.items.length === 0 && (
        <p className="np-none">
          <span className="v ok">
            <Icon name="check" />
            {found.data.sentence}
          </span>
        </p>
      )}
      {found.data !== undefined && found.data.items.length > 0 && (
        <ul className="np">
          {found.data.items.map((item) => (
            <Found key={item.issueId} item={item} />
          ))}
        </ul>
      )}
      <p className="np-more">
        <Link className="more" href={`/explore/traces?show=compare&rollout=${rollout.id}&${span}`}>
          Compare requests of both paths
        </Link>
      </p>
    </section>
  );
}

function Found({ item }: { readonly item: NewErrors['items'][number] }): JSX.Element {
  const { icon, tone } = certainties[item.certainty];
  const place = item.culprit === null ? '' : `${item.culprit.file ?? ''}:${item.culprit.line ?? ''}`;
  return (
    <li>
      <span className={`v ${tone}`}>
        <Icon name={icon} />
      </span>
      <span className="np-what">
        <Link href={`/errors/${encodeURIComponent(item.issueId)}`}>{item.title}</Link>
        <span className="sub">
          <span className="mono">{place}</span>
          {item.newUsers > 0 && ` · ${plural(item.newUsers, 'user')}`}
          {doubt[item.certainty] !== '' && ` · ${doubt[item.certainty]}`}
        </span>
      </span>
      <span className="np-count num">
        <b>{formatCount(item.newCount)}</b> new
        <span className="sub">{formatCount(item.oldCount)} old</span>
      </span>
    </li>
  );
}
