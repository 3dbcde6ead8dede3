import type { Freeze, RolloutEvent, RolloutState } from '@belay/core/rollout';
import type { OutsideGuard } from './api.ts';

const BLOCKED_MS = 60_000;

/**
 * What golden paths make of a round: nothing is promoted while one fails, and one that held after the start and is down
 * now takes the rollout back. One that was down before cannot have been broken by it.
 */
export function withOutsideGuards(
  tick: Extract<RolloutEvent, { type: 'tick' }>,
  {
    guards,
    state,
    now,
  }: { readonly guards: readonly OutsideGuard[]; readonly state: RolloutState; readonly now: number },
): RolloutEvent {
  const startedAt = state.startedAt ?? Infinity;
  const broken = guards.find(({ isDown, lastGoodAt }) => isDown && lastGoodAt !== null && lastGoodAt >= startedAt);
  if (broken !== undefined) {
    const actor = { kind: 'machine', name: broken.title.slice(0, 128), via: 'guard' } as const;
    return {
      type: 'rollback',
      actor,
      reason: `The golden path ${broken.title} broke: ${broken.sentence}`.slice(0, 1000),
    };
  }
  const failing = guards.find(({ isFailing }) => isFailing);
  if (failing === undefined || tick.frozen !== null) return tick;
  const block: Freeze = { name: `${failing.title} fails`, until: now + BLOCKED_MS };
  return { ...tick, frozen: block };
}
