import type { RolloutView } from '@belay/protocol';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { formatShare } from '../format/numbers.ts';
import { formatStopwatch } from '../format/times.ts';
import { useLive } from '../live/live-provider.tsx';
import { IntervalBar } from '../parts/interval-bar.tsx';
import { StatusPill, VerdictWord } from '../parts/verdict-word.tsx';
import { ActionButtons } from '../rollout/action-buttons.tsx';
import { useRollback } from '../rollout/use-rollback.ts';

/** A change that is going out, with the way back at hand. */
export function GoingOutCard({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const live = useLive();
  const rollback = useRollback(rollout);
  const title = `going-out-${rollout.id}`;
  return (
    <section className={live.isStale.value ? 'card now stale' : 'card now'} aria-labelledby={title}>
      <div className="t">
        <h2 id={title}>
          <Link href={`/changes/${rollout.id}`} data-row>
            {rollout.title}
          </Link>
        </h2>
        <StatusPill rollout={rollout} />
        <div className="acts">
          <ActionButtons rollout={rollout} rollback={rollback} isShort />
        </div>
      </div>
      <p className="say">{[rollout.verdict.headline, nextSentence(rollout)].filter(Boolean).join(' ')}</p>
      <MiniLadder stages={rollout.stages} />
      <ul className="gl" style={{ '--guards': String(Math.max(1, Math.min(6, rollout.guards.length))) }}>
        {rollout.guards.map((guard) => (
          <li key={guard.id}>
            <span className="k">{guard.title}</span>
            <IntervalBar guard={guard} />
            <VerdictWord guard={guard} />
          </li>
        ))}
      </ul>
      <div className="bs">
        <ActionButtons rollout={rollout} rollback={rollback} isShort />
      </div>
    </section>
  );
}

function MiniLadder({ stages }: { readonly stages: RolloutView['stages'] }): JSX.Element {
  const columns = stages.map((stage) => (isPresent(stage) ? '1.9fr' : '1fr')).join(' ');
  return (
    <ol className="mini num" aria-label="Stages" style={{ gridTemplateColumns: columns }}>
      {stages.map((stage) => (
        <li
          key={stage.index}
          className={stage.status === 'done' ? 'dn' : isPresent(stage) ? 'cu' : ''}
          aria-current={isPresent(stage) ? 'step' : undefined}
        >
          <i>{isPresent(stage) && <b style={{ width: `${stageProgress(stage) * 100}%` }} />}</i>
          {stageText(stage)}
        </li>
      ))}
    </ol>
  );
}

function isPresent(stage: RolloutView['stages'][number]): boolean {
  return stage.status === 'now' || stage.status === 'held';
}

/** A stage is as far as its slower gate. */
function stageProgress(stage: RolloutView['stages'][number]): number {
  const time = stage.soakMs === 0 ? 1 : stage.elapsedMs / stage.soakMs;
  const units = stage.minUnits === 0 ? 1 : stage.canaryUnits / stage.minUnits;
  return Math.min(1, time, units);
}

function stageText(stage: RolloutView['stages'][number]): string {
  const share = formatShare(stage.share);
  if (stage.status === 'done') return `${share} passed`;
  if (stage.status === 'held') return `${share}, held`;
  if (stage.status !== 'now') return share;
  return stage.soakMs === 0
    ? `${share}, now`
    : `${share}, ${formatStopwatch(stage.elapsedMs)} of ${formatStopwatch(stage.soakMs)}`;
}

function nextSentence(rollout: RolloutView): string {
  if (rollout.held !== null) return rollout.held.sentence;
  const { next } = rollout;
  if (next === null) return '';
  return `${next.label}: ${next.what}${next.condition === '' ? '' : ` ${next.condition}`}.`;
}
