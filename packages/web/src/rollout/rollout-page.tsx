import type { RolloutView } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { rolloutQuery } from '../api/queries.ts';
import { isUnderWay } from '../format/verdict-icons.ts';
import { useLive } from '../live/live-provider.tsx';
import { verdictChanges } from '../live/verdict-changes.ts';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { StatusPill } from '../parts/verdict-word.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { ActionButtons } from './action-buttons.tsx';
import { DetailsCard } from './details-card.tsx';
import { EffectCard } from './effect-card.tsx';
import { GuardsCard } from './guards-card.tsx';
import { HarmCard } from './harm-card.tsx';
import { HistoryCard } from './history-card.tsx';
import { NewPathCard } from './new-path-card.tsx';
import { Ladder } from './ladder.tsx';
import { useRollback } from './use-rollback.ts';
import { VerdictBanner } from './verdict-banner.tsx';

/** One change: what is known, where it stands, and the way back. */
export function RolloutPage({ id }: { readonly id: string }): JSX.Element {
  const rollout = useQuery(rolloutQuery(useApi(), id));
  const number = rollout.data === undefined ? '…' : `#${rollout.data.number}`;
  const title = rollout.data === undefined ? 'Change' : `${rollout.data.word} · ${rollout.data.title}`;
  return (
    <PageFrame title={title} trail={[{ text: 'Changes', href: '/changes' }]} here={number}>
      {rollout.data !== undefined && <Rollout rollout={rollout.data} />}
      {rollout.isPending && <Loading what="the change" height={620} />}
      {rollout.isError && rollout.data === undefined && (
        <Failure
          error={rollout.error}
          what="This change could not be read"
          stillWorks="Rollouts are still guarded."
          onRetry={() => void rollout.refetch()}
        />
      )}
    </PageFrame>
  );
}

function Rollout({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const live = useLive();
  const rollback = useRollback(rollout);
  const [guardId, setGuard] = useUrlState('guard', '');
  const [view, setView] = useUrlState('view', 'chart');
  useAnnouncements(rollout);
  const can = (action: RolloutView['allowed'][number]): boolean => rollout.allowed.includes(action);
  useShortcut('rollback', can('rollback') && rollback.progress.kind === 'none' ? rollback.press : null);
  useShortcut('hold', can('hold') ? () => rollback.actions.act('hold') : null);
  const guard =
    rollout.guards.find((candidate) => candidate.id === (guardId || rollout.leadingGuard)) ?? rollout.guards[0];
  const isGrey = isUnderWay(rollout.status) && live.isStale.value;
  return (
    <article className={isGrey ? 'rollout stale' : 'rollout'}>
      <Head rollout={rollout} rollback={rollback} />
      <VerdictBanner rollout={rollout} />
      <Ladder stages={rollout.stages} />
      <div className="cols">
        <div className="stack">
          <GuardsCard rollout={rollout} selected={guard?.id ?? null} onSelect={setGuard} />
          {guard !== undefined && (
            <EffectCard
              rolloutId={rollout.id}
              guard={guard}
              view={view === 'table' ? 'table' : 'chart'}
              onView={setView}
            />
          )}
          <NewPathCard rollout={rollout} />
        </div>
        <aside className="stack" aria-label="Harm, undo and history">
          <HarmCard rollout={rollout} />
          <HistoryCard rollout={rollout} />
          <DetailsCard rollout={rollout} />
        </aside>
      </div>
      {rollout.allowed.length > 0 && (
        <div className="bar-s">
          <ActionButtons rollout={rollout} rollback={rollback} isShort />
        </div>
      )}
    </article>
  );
}

function Head({
  rollout,
  rollback,
}: {
  readonly rollout: RolloutView;
  readonly rollback: ReturnType<typeof useRollback>;
}): JSX.Element {
  return (
    <div className="head">
      <div>
        <h1>{rollout.title}</h1>
        <div className="meta">
          <StatusPill rollout={rollout} />
          <span className="mono">{rollout.flagKey}</span>
          <span>
            {rollout.controlVariant} → {rollout.canaryVariant}
          </span>
          {rollout.startedBy !== null && <span>by {rollout.startedBy.name}</span>}
          {rollout.startedAt !== null && (
            <span>
              started{' '}
              <Time at={rollout.startedAt} as={Date.now() - rollout.startedAt < 43_200_000 ? 'clock' : 'when'} />
            </span>
          )}
          {rollout.held !== null && (
            <span>
              held since <Time at={rollout.held.since} as="clock" />
            </span>
          )}
        </div>
      </div>
      <div className="acts">
        <ActionButtons rollout={rollout} rollback={rollback} />
      </div>
    </div>
  );
}

/** Says verdict changes aloud while this page is open. */
function useAnnouncements(rollout: RolloutView): void {
  const { announce } = useLive();
  const previous = useRef<RolloutView>(undefined);
  useEffect(() => {
    const heard = verdictChanges(previous.current, rollout);
    previous.current = rollout;
    if (heard.length > 0) announce(heard.join(' '));
  }, [rollout, announce]);
}
