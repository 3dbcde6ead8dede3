import type { RolloutView } from '@belay/protocol';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatShare } from '../format/numbers.ts';
import { HowDecided } from './how-decided.tsx';

/** How users are split, under which policy, and, folded away, the evidence itself. */
export function DetailsCard({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const { details } = rollout;
  const [isOpen, setOpen] = useState(false);
  return (
    <section className="card">
      <header>
        <h2>Details</h2>
      </header>
      <dl className="kv">
        <dt>Split check</dt>
        <dd className="num">
          {formatShare(details.plannedShare)} planned,{' '}
          {details.seenShare === null ? 'nothing' : `${(details.seenShare * 100).toFixed(1)}%`} seen
        </dd>
        <dt>Component</dt>
        <dd className="mono">{rollout.component}</dd>
        <dt>Attempt</dt>
        <dd className="num">{rollout.attempt}</dd>
        <dt>Policy</dt>
        <dd>{rollout.profile}</dd>
      </dl>
      {rollout.policy.length > 0 && (
        <ul className="bullets policy">
          {rollout.policy.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      <details className="how" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>How this was decided</summary>
        {isOpen && <HowDecided rollout={rollout} />}
      </details>
    </section>
  );
}
