import type { EngineReading, GuardReading } from '../statistics/engine-types.ts';
import { planRollout } from './plan-rollout.ts';
import type { Actor, FlagFacts, Policy, RolloutInput, RolloutPlan } from './types.ts';

// Samples for the tests of this folder.

export const ann: Actor = { kind: 'person', name: 'ann', via: 'cli' };

export const flag: FlagFacts = {
  key: 'checkout.v2',
  variants: ['on', 'off'],
  defaultVariant: 'off',
  state: 'ENABLED',
  p95Ms: null,
};

export const policy: Policy = {
  profile: 'balanced',
  environment: 'production',
  freeze: [],
  cooldown: null,
  maxAttempts: 3,
  falseRollback: 0.01,
  warnAt: 10,
  leaseMs: 60_000,
  minimumSoakMs: 0,
};

/** A plan that must be good. */
export function planOf(input: Partial<RolloutInput> = {}): RolloutPlan {
  const result = planRollout({ flag: flag.key, ...input }, flag, policy);
  if (result.plan === undefined) throw new TypeError(JSON.stringify(result.issues));
  return result.plan;
}

/** A reading of the errors guard with nothing remarkable, changed as told. */
export function guardReading(change: Partial<GuardReading> = {}): GuardReading {
  return {
    id: 'errors',
    kind: 'errors',
    weight: 1,
    verdict: 'undecided',
    harmE: 1,
    safeE: 1,
    isSafe: false,
    canary: { n: 1000, bad: 5, distinctBad: 5 },
    control: { n: 9000, bad: 45, distinctBad: 45 },
    unit: 'points',
    quantile: null,
    canaryLevel: 0.005,
    controlLevel: 0.005,
    estimate: 0,
    interval: { low: -0.004, high: 0.0074 },
    tolerance: 0.01,
    canDecide: false,
    ...change,
  };
}

/** A reading of an engine in which all is calm, changed as told. */
export function engineReading(change: Partial<EngineReading> = {}): EngineReading {
  return {
    wallet: 1,
    threshold: 100,
    guards: [guardReading()],
    leading: 'errors',
    rollbackNow: false,
    decided: null,
    hold: false,
    holdReasons: [],
    srmE: 1,
    srmBroken: false,
    seen: { canary: 1000, control: 9000 },
    isWarmingUp: false,
    srm: { canary: 100, control: 900, expectedCanary: 100 },
    stageSafe: false,
    phi: 1,
    stage: 0,
    lastSecond: 1000,
    ...change,
  };
}
