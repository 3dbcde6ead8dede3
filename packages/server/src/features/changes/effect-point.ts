import { guardWords, type RolloutPlan } from '@belay/core/rollout';
import type { EngineReading } from '@belay/core/statistics';
import type { EffectPoint } from './rollout-record.ts';

/** What the chart shows of one moment: the band of each guard in the unit of its screen. */
export function effectPointOf(
  plan: RolloutPlan,
  reading: EngineReading,
  { second, share }: { readonly second: number; readonly share: number },
): EffectPoint {
  const guards = plan.guards.flatMap((guard) => {
    const known = reading.guards.find(({ id }) => id === guard.id);
    if (known === undefined) return [];
    const { interval } = guardWords(guard, known, {
      engine: reading,
      plannedShare: share,
      neededUnits: 0,
      etaMs: null,
      neverDecides: false,
    });
    return [[guard.id, [interval?.low ?? null, interval?.high ?? null, interval?.estimate ?? null] as const] as const];
  });
  return { second, share, guards: Object.fromEntries(guards) };
}
