import type { RolloutView } from '@belay/protocol';
import type { JSX } from 'preact';
import { statusIcon, toneIcons } from '../format/verdict-icons.ts';
import { Icon } from '../parts/icon.tsx';

/** What is known, then what is missing; on the right what happens next by itself. */
export function VerdictBanner({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const { verdict, next } = rollout;
  const icon =
    rollout.status === 'running' ? (verdict.tone === 'live' ? 'check' : toneIcons[verdict.tone]) : statusIcon(rollout);
  return (
    <div className={`banner ${verdict.tone}`}>
      <span className="ic">
        <Icon name={icon} />
      </span>
      <div>
        <h2>{verdict.headline}</h2>
        <p>{verdict.detail}</p>
      </div>
      {next !== null && (
        <div className="next">
          {next.label} <b>{next.what}</b> {next.condition}
        </div>
      )}
    </div>
  );
}
