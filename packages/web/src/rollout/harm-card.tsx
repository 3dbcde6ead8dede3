import { undoTime } from '@belay/core/rollout';
import type { RolloutView } from '@belay/protocol';
import type { JSX } from 'preact';
import { formatCount } from '../format/numbers.ts';
import { Icon } from '../parts/icon.tsx';

/** What this rollout cost beside what shipping to everyone would have cost, and how fast it can be taken back. */
export function HarmCard({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const { harm, undo } = rollout;
  return (
    <section className="card">
      <div className="harm">
        <h2>{harm.title}</h2>
        <div className="big num">
          {harm.headline} <small>{harm.unit}</small>
        </div>
        <p>{harm.sub}</p>
        <Comparison rollout={rollout} />
      </div>
      <div className="undo">
        <Icon name="back" />
        <span>
          <b className="num">{undo.ms === null ? 'Undo' : `${undoTime(undo.ms)} to undo everywhere`}</b>
          <br />
          {undo.sentence}
        </span>
      </div>
    </section>
  );
}

function Comparison({ rollout }: { readonly rollout: RolloutView }): JSX.Element | null {
  const { extraFailures, ifShipped } = rollout.harm;
  if (extraFailures === null || ifShipped === null || ifShipped.value <= 0) return null;
  const isOver = rollout.status === 'rolled-back' || rollout.status === 'cancelled';
  const own = Math.max(0, isOver ? extraFailures.best : extraFailures.high);
  const sign = isOver ? '≈' : '≤';
  const longest = Math.max(own, ifShipped.value);
  return (
    <div className="cmp num">
      <div>
        <span>{isOver ? 'This rollout, until the undo' : 'This rollout'}</span>
        <span>
          {sign} {formatCount(own)}
        </span>
        <span className="bar">
          <i className={isOver ? 'bad' : ''} style={{ width: `${(own / longest) * 100}%` }} />
        </span>
      </div>
      <div>
        <span>{ifShipped.text}</span>
        <span>
          {sign} {formatCount(ifShipped.value)}
        </span>
        <span className="bar x">
          <i style={{ width: `${(ifShipped.value / longest) * 100}%` }} />
        </span>
      </div>
    </div>
  );
}
