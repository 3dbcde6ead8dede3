import type { RolloutPlan, RolloutState } from './types.ts';

/** A rollout that has not begun. `attempt` is 1 unless the same change was rolled back before. */
export function draftOf(plan: RolloutPlan, attempt: number): RolloutState {
  return {
    plan,
    attempt,
    status: 'draft',
    stage: -1,
    stages: [],
    approved: [],
    held: null,
    noData: null,
    unmeasuredSince: null,
    isSplitAccepted: false,
    isWarned: false,
    lastTickAt: null,
    startedAt: null,
    startedBy: null,
    ending: null,
    cause: null,
  };
}
