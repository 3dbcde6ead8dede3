import { riditOf } from './baseline.ts';
import { HarmBinary } from './binary-processes.ts';
import { EQUAL } from './block-log-e.ts';
import { quantileValue } from './bucket-pairs.ts';
import type {
  CountProcessState,
  EngineConfig,
  EstimateUnit,
  GuardConfig,
  GuardState,
  Interval,
  LatencyConfig,
  LatencyProcessState,
  Tolerance,
  ValueConfig,
  ValueProcessState,
} from './engine-types.ts';
import { LATENCY_QUANTILES, latencyE } from './guard-latency.ts';
import { MeanDifference } from './mean-difference.ts';
import { quantileBounds } from './quantile-interval.ts';
import { RateDifference, type RateDifferenceState } from './rate-difference.ts';

/** What a guard's numbers look like to people, and whether the estimate lies beyond the tolerance. */
export interface GuardLevels {
  readonly hasData: boolean;
  readonly unit: EstimateUnit;
  readonly quantile: number | null;
  readonly canaryLevel: number | null;
  readonly controlLevel: number | null;
  readonly estimate: number | null;
  readonly interval: Interval | null;
  readonly tolerance: number | null;
  readonly isBeyondTolerance: boolean;
}

/** Levels, estimate and interval of one guard in its own unit. */
export function describeGuard(config: EngineConfig, guard: GuardConfig, state: GuardState): GuardLevels {
  const levels = describe(guard, state, config.alphaInterval / 2);
  if (guard.kind === 'count' || guard.kind === 'ceiling') return levels;
  const { interval, tolerance, quantile } = levels;
  if (tolerance === null) return levels;
  const shown = quantile === null ? 0 : LATENCY_QUANTILES.indexOf(quantile);
  const choices = quantile === null ? 1 : LATENCY_QUANTILES.length;
  if ((state.harmBest[shown] ?? 0) < (4 * choices) / config.alphaInterval) return levels;
  if (guard.kind === 'value' && guard.harmful === 'down') {
    return {
      ...levels,
      interval: { low: interval?.low ?? null, high: Math.min(interval?.high ?? tolerance, tolerance) },
    };
  }
  return {
    ...levels,
    interval: { low: Math.max(interval?.low ?? tolerance, tolerance), high: interval?.high ?? null },
  };
}

/** `alpha` is what the confidence sequences may use: the other half belongs to the e-process of harm. */
function describe(guard: GuardConfig, state: GuardState, alpha: number): GuardLevels {
  const { evidence } = state;
  switch (evidence.kind) {
    case 'binary':
      return describeRate(
        evidence.difference,
        guard.kind === 'slow' || guard.kind === 'errors' ? guard.tolerance : EQUAL,
        alpha,
      );
    case 'latency':
      return guard.kind === 'latency' ? describeLatency(guard, evidence, alpha) : nothing('milliseconds');
    case 'value':
      return guard.kind === 'value' ? describeValue(guard, evidence, alpha) : nothing('relative');
    case 'count':
      return describeCount(evidence, guard.kind === 'count' ? guard.harmful : 'up');
    case 'ceiling':
      return describeCeiling(state, guard.kind === 'ceiling' ? guard.limit : 1);
  }
}

function describeRate(difference: RateDifferenceState, tolerance: Tolerance, alpha: number): GuardLevels {
  const { n, bad, expected } = difference;
  if (n === 0) return nothing('points');
  const canaryLevel = bad / n;
  const controlLevel = Math.min(1, expected / n);
  const estimate = canaryLevel - controlLevel;
  const tolerated = tolerance.points + (tolerance.ratio - 1) * controlLevel;
  return {
    hasData: true,
    unit: 'points',
    quantile: null,
    canaryLevel,
    controlLevel,
    estimate,
    interval: RateDifference.interval(difference, alpha),
    tolerance: tolerated,
    isBeyondTolerance: estimate > tolerated,
  };
}

function describeLatency(guard: LatencyConfig, evidence: LatencyProcessState, alpha: number): GuardLevels {
  const quantile = shownQuantile(evidence);
  const canaryLevel = quantileValue(evidence.canary, quantile);
  const controlLevel = quantileValue(evidence.control, quantile);
  if (canaryLevel === undefined || controlLevel === undefined) return nothing('milliseconds');
  const canaryN = evidence.canary.reduce((sum, [, count]) => sum + count, 0);
  const canary = quantileBounds({ buckets: evidence.canary, size: canaryN }, quantile, alpha / 2);
  const size = (canaryN * canaryN) / evidence.controlSpread;
  const control = quantileBounds({ buckets: evidence.control, size }, quantile, alpha / 2);
  const interval = {
    low: canary.low === null || control.high === null ? null : canary.low - control.high,
    high: canary.high === null || control.low === null ? null : canary.high - control.low,
  };
  return {
    hasData: true,
    unit: 'milliseconds',
    quantile,
    canaryLevel,
    controlLevel,
    estimate: canaryLevel - controlLevel,
    interval: interval.low === null && interval.high === null ? null : interval,
    tolerance: controlLevel * (2 ** (guard.toleranceBuckets / 16) - 1),
    isBeyondTolerance: isSlowerAnywhere(guard, evidence),
  };
}

/** p95, unless there is evidence and another quantile carries more of it: time-outs of 2 % do not move p95. */
function shownQuantile(evidence: LatencyProcessState): number {
  if (latencyE(evidence) < SHOW_FROM) return 0.95;
  let best = 1;
  evidence.thresholds.forEach((threshold, i) => {
    if (HarmBinary.eValue(threshold) > HarmBinary.eValue(evidence.thresholds[best] ?? threshold)) best = i;
  });
  return LATENCY_QUANTILES[best] ?? 0.95;
}

function isSlowerAnywhere(guard: LatencyConfig, evidence: LatencyProcessState): boolean {
  const isSlowerAt = evidence.canaryAbove.some((above, i) => above > (evidence.expectedAbove[i] ?? 0));
  return isSlowerAt || meanRidit(evidence, 'canary', guard.toleranceBuckets) > meanRidit(evidence, 'control', 0);
}

function meanRidit(evidence: LatencyProcessState, side: 'canary' | 'control', shift: number): number {
  let sum = 0;
  let n = 0;
  for (const [index, count] of evidence[side]) {
    sum += count * riditOf(evidence.baseline, index - shift);
    n += count;
  }
  return n === 0 ? 0 : sum / n;
}

function describeValue(guard: ValueConfig, evidence: ValueProcessState, alpha: number): GuardLevels {
  const { difference, baseline } = evidence;
  if (difference.n === 0 || (difference.sum === 0 && difference.expected === 0)) return nothing('relative');
  const canaryLevel = (difference.sum / difference.n) * baseline.cap;
  const controlLevel = (difference.expected / difference.n) * baseline.cap;
  const tolerance = guard.harmful === 'up' ? guard.tolerance : -guard.tolerance;
  if (controlLevel === 0) {
    return { ...nothing('relative'), hasData: true, canaryLevel, controlLevel, tolerance };
  }
  const scale = baseline.cap / controlLevel;
  const { low, high } = MeanDifference.interval(difference, alpha);
  const estimate = canaryLevel / controlLevel - 1;
  return {
    hasData: true,
    unit: 'relative',
    quantile: null,
    canaryLevel,
    controlLevel,
    estimate,
    interval: { low: Math.max(-1, low * scale), high: high * scale },
    tolerance,
    isBeyondTolerance: guard.harmful === 'up' ? estimate > tolerance : estimate < tolerance,
  };
}

function describeCount(evidence: CountProcessState, harmful: 'up' | 'down'): GuardLevels {
  const { canary, expected } = evidence;
  if (canary === 0 && expected === 0) return nothing('relative');
  const estimate = expected === 0 ? null : canary / expected - 1;
  return {
    ...nothing('relative'),
    hasData: true,
    canaryLevel: canary,
    controlLevel: expected,
    estimate,
    tolerance: 0,
    isBeyondTolerance: harmful === 'up' ? canary > expected : canary < expected,
  };
}

function describeCeiling({ canary }: GuardState, limit: number): GuardLevels {
  if (canary.n === 0) return nothing('points');
  const canaryLevel = canary.bad / canary.n;
  return {
    ...nothing('points'),
    hasData: true,
    canaryLevel,
    controlLevel: limit,
    estimate: canaryLevel - limit,
    tolerance: 0,
    isBeyondTolerance: canaryLevel > limit,
  };
}

function nothing(unit: EstimateUnit): GuardLevels {
  return {
    hasData: false,
    unit,
    quantile: null,
    canaryLevel: null,
    controlLevel: null,
    estimate: null,
    interval: null,
    tolerance: null,
    isBeyondTolerance: false,
  };
}

const SHOW_FROM = 10;
