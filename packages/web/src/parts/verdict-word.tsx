import type { GuardView, RolloutSummary } from '@belay/protocol';
import type { JSX } from 'preact';
import { formatShare } from '../format/numbers.ts';
import { statusIcon, verdictIcons } from '../format/verdict-icons.ts';
import { Icon } from './icon.tsx';

/** A guard's verdict: shape, colour and always the word. */
export function VerdictWord({
  guard,
  className = '',
}: {
  readonly guard: GuardView;
  readonly className?: string;
}): JSX.Element {
  const { icon, tone } = verdictIcons[guard.verdict];
  return (
    <span className={`v ${tone} ${className}`}>
      <Icon name={icon} />
      {guard.word}
    </span>
  );
}

/** How a change stands, without its share. */
export function OutcomeWord({ rollout }: { readonly rollout: RolloutSummary }): JSX.Element {
  return (
    <span className={`v ${rollout.tone}`}>
      <Icon name={statusIcon(rollout)} />
      {rollout.word}
    </span>
  );
}

/** How a change stands and whom it reaches, as in `Going out · 10%`. */
export function StatusPill({ rollout }: { readonly rollout: RolloutSummary }): JSX.Element {
  return (
    <span className={`pill ${rollout.tone}`}>
      <Icon name={statusIcon(rollout)} />
      {rollout.word} · {formatShare(rollout.share)}
    </span>
  );
}
