import type { Baseline, EngineOptions } from '../statistics/engine-types.ts';
import type { RolloutPlan } from './types.ts';

/** What the statistics need of a plan. `baseline`: the old path before the start, frozen with the attempt. */
export function engineOptionsOf(plan: RolloutPlan, baseline: Baseline): EngineOptions {
  return {
    stages: plan.stages.map(({ share, soakMs }) => ({ share, plannedMinutes: soakMs / 60_000 })),
    guards: plan.guards.map(({ options }) => options),
    alpha: plan.alpha,
    warmUpSeconds: plan.warmUpMs / 1000,
    baseline,
  };
}
