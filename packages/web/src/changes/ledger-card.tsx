import type { LedgerEntryView } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { ledgerQuery } from '../api/queries.ts';
import { Icon } from '../parts/icon.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { entryIcon } from '../rollout/history-card.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { MoreRows } from '../parts/more-rows.tsx';

const kinds = [
  { value: '', text: 'All' },
  { value: 'rollout', text: 'Rollouts' },
  { value: 'flag', text: 'Flags' },
  { value: 'changes', text: 'Freezes' },
  { value: 'token', text: 'Tokens' },
] as const;

/** The ledger: who or what did which thing, newest first. */
export function LedgerCard(): JSX.Element {
  const [kind, setKind] = useUrlState('kind', '');
  const [rollout, setRollout] = useUrlState('rollout', '');
  const list = useInfiniteQuery(
    ledgerQuery(useApi(), { ...(kind === '' ? {} : { kind }), ...(rollout === '' ? {} : { rollout }) }),
  );
  const entries = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card" aria-labelledby="ledger-title">
      <header>
        <h2 id="ledger-title">Ledger</h2>
        {rollout !== '' && (
          <button className="btn small" type="button" onClick={() => setRollout('')}>
            One change only
            <Icon name="close" />
          </button>
        )}
        <span className="seg" role="group" aria-label="Kind of entry">
          {kinds.map((candidate) => (
            <button
              key={candidate.value}
              type="button"
              aria-pressed={candidate.value === kind}
              onClick={() => setKind(candidate.value)}
            >
              {candidate.text}
            </button>
          ))}
        </span>
      </header>
      <ol className="ledger">
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </ol>
      {list.isPending && <Loading what="the ledger" height={220} />}
      {list.isError && (
        <Failure error={list.error} what="The ledger could not be read" onRetry={() => void list.refetch()} />
      )}
      {list.isSuccess && entries.length === 0 && (
        <Empty title="Nothing has happened yet">Everything done by people or by Belay is written down here.</Empty>
      )}
      <MoreRows list={list} text="Show older entries" />
    </section>
  );
}

function Entry({ entry }: { readonly entry: LedgerEntryView }): JSX.Element {
  const href =
    entry.rolloutId === null
      ? entry.flagKey === null
        ? null
        : `/flags/${encodeURIComponent(entry.flagKey)}`
      : `/changes/${entry.rolloutId}`;
  return (
    <li>
      <span className={`v ${entry.tone}`}>
        <Icon name={entryIcon(entry)} />
      </span>
      <span>
        {href === null ? (
          entry.sentence
        ) : (
          <Link href={href} data-row>
            {entry.sentence}
          </Link>
        )}
        {entry.reason !== null && <span className="why">“{entry.reason}”</span>}
      </span>
      <span className="sub num">
        <Time at={entry.at} />, {entry.actor.name}
      </span>
    </li>
  );
}
