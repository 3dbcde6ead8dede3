import { readEngine } from '@belay/core/statistics';
import type { EffectPoint, RolloutEngine } from './rollout-record.ts';

/** The effect chart's newest moment, in the guards' own units; null before the first block. */
export function effectPointOf({ config, state }: RolloutEngine, share: number): EffectPoint | null {
  if (state.lastSecond === null) return null;
  const { guards } = readEngine(config, state);
  return {
    second: state.lastSecond,
    share,
    guards: Object.fromEntries(
      guards.map(({ id, interval, estimate }) => [id, [interval?.low ?? null, interval?.high ?? null, estimate]]),
    ),
  };
}
