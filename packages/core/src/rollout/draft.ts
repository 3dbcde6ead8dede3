import type { RolloutPlan, RolloutState } from './types.ts';

/** A rollout that has not begun. `attempt` starts at 1; `failures` counts earlier attempts that harm has ended. */
export function draftOf(
  plan: RolloutPlan,
  { attempt, failures }: { readonly attempt: number; readonly failures: number } = { attempt: 1, failures: 0 },
): RolloutState {
  return {
    plan,
    attempt,
    failures,
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
