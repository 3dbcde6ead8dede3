import type { FlagView } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { flagsQuery } from '../api/queries.ts';
import { Icon } from '../parts/icon.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { MoreRows } from '../parts/more-rows.tsx';

/** Every flag: who gets what now, when it last changed, and whether it can go. */
export function FlagsPage(): JSX.Element {
  const list = useInfiniteQuery(flagsQuery(useApi()));
  const [typed, setTyped] = useUrlState('q', '');
  const field = useRef<HTMLInputElement>(null);
  useRowKeys();
  useShortcut('search', () => field.current?.focus());
  const all = list.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = all.filter((flag) =>
    `${flag.key} ${flag.description ?? ''}`.toLowerCase().includes(typed.toLowerCase()),
  );
  return (
    <PageFrame title="Flags" here="Flags">
      <div className="hero">
        <div>
          <h1>Flags</h1>
          <p>Who gets what, right now.</p>
        </div>
        <div className="acts">
          <Link className="btn primary" href="/flags/new">
            New flag
          </Link>
        </div>
      </div>
      <section className="card" aria-label="All flags">
        {all.length > 0 && (
          <div className="filter">
            <Icon name="search" />
            <input
              ref={field}
              type="search"
              aria-label="Filter flags"
              placeholder="Filter flags"
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </div>
        )}
        {shown.length > 0 && <FlagTable flags={shown} />}
        {all.length > 0 && shown.length === 0 && (
          <Empty title={`No flag matches “${typed}”`}>Clear the filter to see all of them.</Empty>
        )}
        {list.isPending && <Loading what="the flags" height={320} />}
        {list.isError && (
          <Failure
            error={list.error}
            what="The flags could not be read"
            stillWorks="Services keep serving the flags they have."
            onRetry={() => void list.refetch()}
          />
        )}
        {list.isSuccess && all.length === 0 && (
          <Empty title="No flag yet" commands={['belay init', 'belay demo']}>
            <p>
              A flag stands between the old path and the new one. Make one here, let <code>belay init</code> add it to
              your service, or run the demo.
            </p>
          </Empty>
        )}
        <MoreRows list={list} text="Show more flags" />
      </section>
    </PageFrame>
  );
}

function FlagTable({ flags }: { readonly flags: readonly FlagView[] }): JSX.Element {
  return (
    <table className="tb flags">
      <thead>
        <tr>
          <th scope="col">Flag</th>
          <th scope="col">Who gets what now</th>
          <th scope="col">Last change</th>
        </tr>
      </thead>
      <tbody>
        {flags.map((flag) => (
          <tr key={flag.key}>
            <td className="nm">
              <Link className="mono" href={`/flags/${encodeURIComponent(flag.key)}`} data-row>
                {flag.key}
              </Link>
              {flag.description !== null && <small>{flag.description}</small>}
            </td>
            <td className="oc wide">
              {flag.whoGetsWhat}
              {flag.staleSince !== null && (
                <span className="v wait stale-flag">
                  <Icon name="clock" />
                  same for everybody since <Time at={flag.staleSince} />
                </span>
              )}
            </td>
            <td className="m">
              <Time at={flag.lastChange.at} />, {flag.lastChange.by.name}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
