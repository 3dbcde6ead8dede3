import type { RolloutStatus, RolloutSummary } from '@belay/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { overviewQuery, rolloutsQuery } from '../api/queries.ts';
import { isUnderWay } from '../format/verdict-icons.ts';
import { GoingOutCard } from '../overview/going-out-card.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useUrlState } from '../shell/url-state.ts';
import { ChangesTable } from './changes-table.tsx';
import { LedgerCard } from './ledger-card.tsx';
import { MoreRows } from '../parts/more-rows.tsx';

const outcomes = [
  { value: '', text: 'All' },
  { value: 'completed', text: 'Kept' },
  { value: 'rolled-back', text: 'Rolled back' },
  { value: 'held', text: 'Held' },
  { value: 'cancelled', text: 'Stopped' },
] as const satisfies readonly { value: RolloutStatus | ''; text: string }[];

/** What is going out, what waits behind it, and the ledger of everything that ever happened. */
export function ChangesPage({ onShip }: { readonly onShip: () => void }): JSX.Element {
  useRowKeys();
  return (
    <PageFrame title="Changes" here="Changes">
      <div className="hero">
        <div>
          <h1>Changes</h1>
          <p>One change at a time goes out per component; the rest waits its turn.</p>
        </div>
        <div className="acts">
          <button className="btn primary" type="button" onClick={onShip}>
            Ship a change
          </button>
        </div>
      </div>
      <GoingOut />
      <History onShip={onShip} />
      <LedgerCard />
    </PageFrame>
  );
}

function GoingOut(): JSX.Element | null {
  const overview = useQuery(overviewQuery(useApi()));
  const going = overview.data?.goingOut ?? [];
  if (going.length === 0) return null;
  return (
    <div className="stack spaced">
      {going.map((rollout) => (
        <GoingOutCard key={rollout.id} rollout={rollout} />
      ))}
    </div>
  );
}

function History({ onShip }: { readonly onShip: () => void }): JSX.Element {
  const [outcome, setOutcome] = useUrlState('outcome', '');
  const chosen = outcomes.find((candidate) => candidate.value === outcome)?.value ?? '';
  const list = useInfiniteQuery(rolloutsQuery(useApi(), chosen === '' ? {} : { status: chosen }));
  const all = list.data?.pages.flatMap((page) => page.items) ?? [];
  const waiting = all.filter((rollout) => rollout.status === 'draft' || rollout.status === 'scheduled');
  const others = all.filter((rollout) => !waiting.includes(rollout) && (chosen !== '' || !isUnderWay(rollout.status)));
  return (
    <>
      {waiting.length > 0 && <RolloutList title="Waiting" rollouts={waiting} />}
      <section className="card spaced" aria-labelledby="history-title">
        <header>
          <h2 id="history-title">History</h2>
          <span className="seg" role="group" aria-label="Outcome">
            {outcomes.map((candidate) => (
              <button
                key={candidate.value}
                type="button"
                aria-pressed={candidate.value === chosen}
                onClick={() => setOutcome(candidate.value)}
              >
                {candidate.text}
              </button>
            ))}
          </span>
        </header>
        {others.length > 0 && <ChangesTable rollouts={others} />}
        {list.isPending && <Loading what="the changes" height={220} />}
        {list.isError && (
          <Failure error={list.error} what="The changes could not be read" onRetry={() => void list.refetch()} />
        )}
        {list.isSuccess && others.length === 0 && <NothingYet isFiltered={chosen !== ''} onShip={onShip} />}
        <MoreRows list={list} text="Show older changes" />
      </section>
    </>
  );
}

function RolloutList({
  title,
  rollouts,
}: {
  readonly title: string;
  readonly rollouts: readonly RolloutSummary[];
}): JSX.Element {
  return (
    <section className="card spaced" aria-label={title}>
      <header>
        <h2>{title}</h2>
      </header>
      <ChangesTable rollouts={rollouts} />
    </section>
  );
}

function NothingYet({
  isFiltered,
  onShip,
}: {
  readonly isFiltered: boolean;
  readonly onShip: () => void;
}): JSX.Element {
  if (isFiltered) return <Empty title="No change ended this way">Choose another outcome above.</Empty>;
  return (
    <Empty title="No change has ended yet" commands={['belay rollout start --flag <key>']}>
      <p>Every change that is kept, rolled back or stopped stands here with what it cost.</p>
      <button className="btn" type="button" onClick={onShip}>
        Ship a change
      </button>
    </Empty>
  );
}
