import type { ErrorCode } from '../error.ts';
import { coolDownUntil } from './cool-down.ts';
import type { Freeze, RolloutPlan, RolloutState } from './types.ts';

/** A reason for which policy refuses a start right now. */
export interface StartConflict {
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a start depends on besides the plan. */
export interface StartFacts {
  readonly now: number;
  readonly freeze: Freeze | null;
  /** Rollouts of this component or flag that have started and not ended. */
  readonly goingOut: readonly { readonly id: string; readonly title: string; readonly flagKey: string }[];
  /** The latest earlier attempt at the same change; null when there is none. */
  readonly previous: RolloutState | null;
  /** Tells a time of day, e.g. `15:12`. */
  readonly clockTime: (at: number) => string;
}

/** Everything policy has against starting now: a busy component, a freeze, a cool-down, used-up attempts. */
export function startConflicts(plan: RolloutPlan, facts: StartFacts): readonly StartConflict[] {
  const conflicts: StartConflict[] = facts.goingOut.map((other) => ({
    code: 'rollout.component-busy',
    sentence: `"${other.title}" is going out on ${plan.component}; one change at a time.`,
    hint: 'Wait until it has ended, or roll it back.',
    details: { rolloutId: other.id, component: plan.component, flag: other.flagKey },
  }));
  if (facts.freeze !== null) {
    conflicts.push({
      code: 'rollout.frozen',
      sentence: `Changes are frozen until ${facts.clockTime(facts.freeze.until)}: ${facts.freeze.name}.`,
      hint: 'Start after the freeze, or end it first.',
      details: { name: facts.freeze.name, until: facts.freeze.until },
    });
  }
  if (facts.previous !== null) conflicts.push(...retryConflicts(facts.previous, facts));
  return conflicts;
}

/** What stands against another try of a change that was rolled back. */
export function retryConflicts(
  previous: RolloutState,
  { now, clockTime }: Pick<StartFacts, 'now' | 'clockTime'>,
): readonly StartConflict[] {
  const until = coolDownUntil(previous);
  if (until === null) return [];
  if (previous.failures >= previous.plan.maxAttempts) {
    return [
      {
        code: 'rollout.attempts-exhausted',
        sentence: `This change was taken back ${previous.failures} times; that is the limit.`,
        hint: 'Give the mended change a variant of its own, so that it is judged as a new one.',
        details: { attempts: previous.failures, maxAttempts: previous.plan.maxAttempts },
      },
    ];
  }
  const conflicts: StartConflict[] = [];
  if (previous.cause === null) {
    conflicts.push({
      code: 'rollout.reason-needed',
      sentence: 'Nobody has said yet why it was rolled back.',
      hint: 'Acknowledge the cause, with a reason, then try again.',
      details: {},
    });
  }
  if (now < until) {
    conflicts.push({
      code: 'rollout.cooling-down',
      sentence: `It was rolled back and cools down until ${clockTime(until)}.`,
      hint: 'Use the time to find the cause; the wait grows with every failed attempt.',
      details: { until },
    });
  }
  return conflicts;
}
