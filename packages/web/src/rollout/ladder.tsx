import type { RolloutView } from '@belay/protocol';
import type { JSX } from 'preact';
import { formatCount, formatShare } from '../format/numbers.ts';
import { formatDuration, formatStopwatch } from '../format/times.ts';
import { Icon } from '../parts/icon.tsx';

type Stage = RolloutView['stages'][number];

const classOf = { done: 'done', now: 'cur', held: 'cur held', failed: 'fail', todo: 'todo' } as const satisfies Record<
  Stage['status'],
  string
>;

/** The stages in order; the present one shows its two gates, time and requests. */
export function Ladder({ stages }: { readonly stages: readonly Stage[] }): JSX.Element {
  const columns = stages.map((stage) => (isPresent(stage) ? 'minmax(0,1.9fr)' : 'minmax(0,.72fr)')).join(' ');
  return (
    <ol
      className="ladder"
      aria-label="Stages"
      style={{ '--stages': String(stages.length), '--small-columns': columns }}
    >
      {stages.map((stage) => (
        <li
          key={stage.index}
          className={`st ${classOf[stage.status]}`}
          aria-current={isPresent(stage) ? 'step' : undefined}
        >
          <div className="sh num">
            {formatShare(stage.share)}
            <small>{aside(stage)}</small>
            <span className="r">
              {stage.status === 'done' && <Icon name="check" />}
              {stage.status === 'failed' && <Icon name="octagon" />}
              {stage.status === 'held' && <Icon name="pause" />}
            </span>
          </div>
          {isPresent(stage) ? <Gates stage={stage} /> : <p className="num">{stage.sentence}</p>}
        </li>
      ))}
    </ol>
  );
}

function Gates({ stage }: { readonly stage: Stage }): JSX.Element {
  return (
    <div className="gates">
      {stage.soakMs > 0 && (
        <Gate
          name="Time"
          text={`${formatStopwatch(stage.elapsedMs)} / ${formatStopwatch(stage.soakMs)}`}
          done={stage.elapsedMs / stage.soakMs}
        />
      )}
      {stage.minUnits > 0 && (
        <Gate
          name="Requests"
          text={`${formatCount(stage.canaryUnits)} / ${formatCount(stage.minUnits)}`}
          done={stage.canaryUnits / stage.minUnits}
        />
      )}
      {stage.approval !== 'none' && (
        <span className={`v ${stage.approval === 'given' ? 'ok' : 'wait'} approval`}>
          <Icon name={stage.approval === 'given' ? 'check' : 'person'} />
          {stage.approval === 'given' ? 'Approved' : 'Needs approval'}
        </span>
      )}
    </div>
  );
}

function Gate({
  name,
  text,
  done,
}: {
  readonly name: string;
  readonly text: string;
  readonly done: number;
}): JSX.Element {
  return (
    <div className="gate num">
      <span>{name}</span>
      <span>{text}</span>
      <span className={done >= 1 ? 'bar full' : 'bar'}>
        <i style={{ width: `${Math.min(100, done * 100)}%` }} />
      </span>
    </div>
  );
}

function isPresent(stage: Stage): boolean {
  return stage.status === 'now' || stage.status === 'held';
}

function aside(stage: Stage): string {
  if (stage.status === 'now') return 'now';
  if (stage.status === 'held') return 'held here';
  if (stage.startedAt !== null && stage.endedAt !== null) return formatDuration(stage.endedAt - stage.startedAt);
  return stage.soakMs > 0 ? formatDuration(stage.soakMs) : '';
}
