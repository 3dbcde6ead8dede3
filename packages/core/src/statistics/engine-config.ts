import { BelayError, type InputIssue } from '../error.ts';
import type { EngineConfig, EngineOptions, GuardConfig, GuardOptions, StagePlan, Tolerance } from './engine-types.ts';

/**
 * Fills in every default, renormalises the guards' weights and derives the margin of each stage from the harm budget.
 * Plain JSON, to be stored with the rollout. Throws `rollout.invalid` with all issues at once.
 */
export function createEngineConfig(options: EngineOptions): EngineConfig {
  const issues = issuesOf(options);
  if (issues.length > 0) {
    throw new BelayError('rollout.invalid', 'The guards of this rollout cannot be judged as written.', { issues });
  }
  const { stages, harmBudget = 0.0025, baseline = {} } = options;
  const total = options.guards.reduce((sum, guard) => sum + weightOf(guard), 0);
  return {
    version: 1,
    alpha: options.alpha ?? 0.01,
    alphaSafe: options.alphaSafe ?? 0.05,
    alphaInterval: options.alphaInterval ?? 0.05,
    stages: stages.map(({ share, plannedMinutes }) => ({ share, plannedMinutes })),
    guards: options.guards.map((guard) => ({
      ...complete(guard, { stages, harmBudget, errorRate: baseline.errorRate ?? 0.01 }),
      weight: weightOf(guard) / total,
    })),
    warmUpSeconds: options.warmUpSeconds ?? 30,
    mergeSeconds: options.mergeSeconds ?? 10,
    settleSeconds: options.settleSeconds ?? 10,
    silenceSeconds: options.silenceSeconds ?? 60,
    baseline,
  };
}

interface Surroundings {
  readonly stages: readonly StagePlan[];
  readonly harmBudget: number;
  readonly errorRate: number;
}

function complete(guard: GuardOptions, around: Surroundings): GuardConfig {
  const weight = weightOf(guard);
  switch (guard.kind) {
    case 'errors': {
      const tolerance = guard.tolerance ?? { points: 0.0005, ratio: 1.1 };
      return { ...guard, weight, tolerance, margins: marginsOf(tolerance, around) };
    }
    case 'slow': {
      const tolerance = guard.tolerance ?? { points: 0.01, ratio: 1.1 };
      return { ...guard, weight, tolerance, margins: marginsOf(tolerance, around) };
    }
    case 'latency': {
      const toleranceBuckets = guard.toleranceBuckets ?? 2;
      return {
        ...guard,
        weight,
        toleranceBuckets,
        marginBuckets: Math.max(guard.marginBuckets ?? 4, toleranceBuckets + 1),
      };
    }
    case 'value': {
      const tolerance = guard.tolerance ?? 0.01;
      const margin = Math.max(guard.margin ?? 0.05, tolerance + 0.01);
      return { ...guard, weight, per: guard.per ?? 'unit', tolerance, margin };
    }
    case 'count':
      return { ...guard, weight };
    case 'ceiling':
      return { ...guard, weight, limit: guard.limit ?? Math.min(0.9, Math.max(0.1, 5 * around.errorRate)) };
  }
}

/** c = min(0.05, budget / next share), k = 1.2 (1.7); never stricter than what the guard tolerates anyway. */
function marginsOf(tolerance: Tolerance, { stages, harmBudget }: Surroundings): Tolerance[] {
  return stages.map((_, index) => {
    const next = stages[index + 1]?.share ?? 1;
    return {
      points: Math.max(tolerance.points, Math.min(0.05, harmBudget / next)),
      ratio: Math.max(tolerance.ratio, 1.2),
    };
  });
}

function weightOf(guard: GuardOptions): number {
  return guard.weight ?? DEFAULT_WEIGHTS[guard.kind];
}

const DEFAULT_WEIGHTS = {
  errors: 0.35,
  latency: 0.3,
  slow: 0.15,
  value: 0.15,
  count: 0.15,
  ceiling: 0.1,
} as const satisfies Record<GuardOptions['kind'], number>;

interface Bound {
  readonly path: string;
  readonly value: number | undefined;
  readonly low: number;
  readonly high: number;
}

function issuesOf(options: EngineOptions): InputIssue[] {
  const issues = [
    ...boundsOf(options).flatMap(outOfBounds),
    ...options.guards.flatMap((guard, index) => guardBounds(guard, `guards.${index}`).flatMap(outOfBounds)),
    ...repeatedIds(options.guards),
  ];
  if (options.guards.length === 0) {
    issues.push({
      path: 'guards',
      message: 'A rollout needs a guard.',
      mend: 'Add a guard, e.g. { id: errors, kind: errors }.',
    });
  }
  if (options.stages.length === 0) {
    issues.push({
      path: 'stages',
      message: 'A rollout needs a stage.',
      mend: 'Add a stage, e.g. a share of 0.1 for 10 minutes.',
    });
  }
  return issues;
}

function boundsOf(options: EngineOptions): Bound[] {
  const { baseline } = options;
  return [
    { path: 'alpha', value: options.alpha, low: 1e-6, high: 0.5 },
    { path: 'alphaSafe', value: options.alphaSafe, low: 1e-6, high: 0.5 },
    { path: 'alphaInterval', value: options.alphaInterval, low: 1e-6, high: 0.5 },
    { path: 'harmBudget', value: options.harmBudget, low: 1e-6, high: 0.5 },
    { path: 'warmUpSeconds', value: options.warmUpSeconds, low: 0, high: 86_400 },
    { path: 'mergeSeconds', value: options.mergeSeconds, low: 1, high: 3600 },
    { path: 'settleSeconds', value: options.settleSeconds, low: 0, high: 3600 },
    { path: 'silenceSeconds', value: options.silenceSeconds, low: 1, high: 86_400 },
    { path: 'baseline.errorRate', value: baseline?.errorRate, low: 0, high: 1 },
    ...options.stages.flatMap((stage, index): Bound[] => [
      { path: `stages.${index}.share`, value: stage.share, low: 0, high: 1 },
      { path: `stages.${index}.plannedMinutes`, value: stage.plannedMinutes, low: 0, high: 1e6 },
    ]),
  ];
}

function guardBounds(guard: GuardOptions, path: string): Bound[] {
  const weight: Bound = { path: `${path}.weight`, value: guard.weight, low: 1e-6, high: 1e6 };
  const tolerance = (value: Tolerance | undefined): Bound[] => [
    { path: `${path}.tolerance.points`, value: value?.points, low: 0, high: 0.9 },
    { path: `${path}.tolerance.ratio`, value: value?.ratio, low: 1, high: 100 },
  ];
  switch (guard.kind) {
    case 'errors':
      return [weight, ...tolerance(guard.tolerance)];
    case 'slow':
      return [
        weight,
        { path: `${path}.quantile`, value: guard.quantile, low: 0.5, high: 0.999 },
        ...tolerance(guard.tolerance),
      ];
    case 'latency':
      return [
        weight,
        { path: `${path}.toleranceBuckets`, value: guard.toleranceBuckets, low: 0, high: 160 },
        { path: `${path}.marginBuckets`, value: guard.marginBuckets, low: 1, high: 200 },
      ];
    case 'value':
      return [
        weight,
        { path: `${path}.tolerance`, value: guard.tolerance, low: 0, high: 0.9 },
        { path: `${path}.margin`, value: guard.margin, low: 0.001, high: 0.95 },
      ];
    case 'ceiling':
      return [weight, { path: `${path}.limit`, value: guard.limit, low: 1e-4, high: 0.99 }];
    case 'count':
      return [weight];
  }
}

function outOfBounds({ path, value, low, high }: Bound): InputIssue[] {
  if (value === undefined || (value >= low && value <= high)) return [];
  return [
    {
      path,
      message: `Must be between ${low} and ${high}.`,
      seen: String(value),
      mend: `Write a number between ${low} and ${high}.`,
    },
  ];
}

function repeatedIds(guards: readonly GuardOptions[]): InputIssue[] {
  return guards.flatMap((guard, index) =>
    guards.findIndex((other) => other.id === guard.id) === index
      ? []
      : [
          {
            path: `guards.${index}.id`,
            message: 'Two guards have the same id.',
            seen: guard.id,
            mend: 'Give every guard its own id.',
          },
        ],
  );
}
