import type { RolloutSummary } from '@belay/protocol';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { formatShare } from '../format/numbers.ts';
import { Time } from '../parts/time.tsx';
import { OutcomeWord } from '../parts/verdict-word.tsx';

/** Changes, newest first: how each ended, whom it reached, what it cost. */
export function ChangesTable({ rollouts }: { readonly rollouts: readonly RolloutSummary[] }): JSX.Element {
  return (
    <table className="tb num">
      <thead>
        <tr>
          <th scope="col">Change</th>
          <th scope="col">Outcome</th>
          <th scope="col">Reached</th>
          <th scope="col">Extra failures</th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {rollouts.map((rollout) => (
          <tr key={rollout.id}>
            <td className="nm">
              <Link href={`/changes/${rollout.id}`} data-row>
                {rollout.title}
              </Link>
            </td>
            <td className="oc">
              <OutcomeWord rollout={rollout} />
            </td>
            <td className="hs">{formatShare(rollout.reached)}</td>
            <td className="hs">{rollout.extraFailures ?? '–'}</td>
            <td className="m">
              <Time at={rollout.startedAt ?? rollout.createdAt} />
              {rollout.startedBy !== null && `, ${rollout.startedBy.name}`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
