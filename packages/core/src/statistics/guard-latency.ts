import { learnLatency, type LatencyShape, riditOf, startLatencyBaseline } from './baseline.ts';
import { HarmBinary, SafeBinary } from './binary-processes.ts';
import { addBuckets, bucketPairsOf, type Buckets, countAbove, totalOf } from './bucket-pairs.ts';
import type { Baseline, GuardState, LatencyConfig, LatencyProcessState, PendingBuckets } from './engine-types.ts';
import { type FoldContext, isStale } from './guard-fold.ts';
import { EQUAL } from './block-log-e.ts';
import { MeanHarm } from './mean-processes.ts';

/** Quantiles of the frozen baseline at which a latency guard compares both sides. */
export const LATENCY_QUANTILES: readonly number[] = [0.5, 0.95, 0.99, 0.999];

/** A guard on the whole latency distribution: four thresholds and the ridit score (1.5). */
export function startLatency(guard: LatencyConfig, baseline: Baseline): LatencyProcessState {
  return {
    kind: 'latency',
    baseline: startLatencyBaseline(baseline.duration, shapeOf(guard)),
    thresholds: LATENCY_QUANTILES.map(() => HarmBinary.start()),
    safe: SAFE_QUANTILES.map(() => SafeBinary.start()),
    ridit: MeanHarm.start(RIDIT_SHIFTS.length),
    pending: null,
    canaryAbove: LATENCY_QUANTILES.map(() => 0),
    expectedAbove: LATENCY_QUANTILES.map(() => 0),
    canary: [],
    control: [],
    controlSpread: 0,
  };
}

/** E-value of a latency guard: the mean of its five processes. */
export function latencyE(evidence: LatencyProcessState): number {
  let sum = MeanHarm.eValue(evidence.ridit);
  for (const threshold of evidence.thresholds) sum += HarmBinary.eValue(threshold);
  return sum / (evidence.thresholds.length + 1);
}

/** Folds one block into a latency guard. */
export function foldLatency(guard: LatencyConfig, state: GuardState, context: FoldContext): void {
  const evidence = state.evidence;
  if (evidence.kind !== 'latency') return;
  for (const threshold of evidence.thresholds) HarmBinary.addMass(threshold, context.mass);
  MeanHarm.addMass(evidence.ridit, context.mass);
  if (context.isNewStage) for (const safe of evidence.safe) safe.logE = 0;
  if (!evidence.baseline.frozen) {
    const buckets = bucketPairsOf(context.block.control.duration);
    const block = { second: context.block.second, units: totalOf(buckets), buckets };
    learnLatency(evidence.baseline, block, shapeOf(guard));
    return;
  }
  if (!context.isComparing) {
    evidence.pending = null;
    return;
  }
  const block = merge(evidence, context);
  if (block !== null) play(guard, state, { evidence, block, context });
}

interface Play {
  readonly evidence: LatencyProcessState;
  readonly block: PendingBuckets;
  readonly context: FoldContext;
}

function play(guard: LatencyConfig, state: GuardState, { evidence, block, context }: Play): void {
  const weight = block.canaryN / block.controlN;
  playThresholds(guard, { evidence, block, context });
  playRidit(guard, evidence, block);
  addBuckets(evidence.canary, block.canary);
  addBuckets(evidence.control, block.control, weight * CONTROL_SCALE);
  evidence.controlSpread += weight * block.canaryN;
  const slow = evidence.baseline.thresholds[1] ?? 0;
  state.stageCanaryN += block.canaryN;
  state.canary.n += block.canaryN;
  state.canary.bad += countAbove(block.canary, slow);
  state.control.n += block.controlN;
  state.control.bad += countAbove(block.control, slow);
  state.safeBest = Math.max(state.safeBest, latencySafeE(evidence));
}

/** Every watched quantile must be proven: the least of the safe e-values. */
function latencySafeE(evidence: LatencyProcessState): number {
  let least = Infinity;
  for (const safe of evidence.safe) least = Math.min(least, SafeBinary.eValue(safe));
  return least;
}

/** Shifting the canary by whole buckets tolerates (or excludes) a factor exactly, without estimating a quantile. */
function playThresholds(guard: LatencyConfig, { evidence, block }: Play): void {
  const { canaryN, controlN } = block;
  const { thresholds, above, aboveMargin } = evidence.baseline;
  thresholds.forEach((index, i) => {
    const controlBad = countAbove(block.control, index);
    const canaryBad = countAbove(block.canary, index + guard.toleranceBuckets);
    const prior = above[i] ?? 0;
    const harm = evidence.thresholds[i];
    if (harm !== undefined) HarmBinary.fold(harm, { canaryN, canaryBad, controlN, controlBad }, { prior });
    evidence.canaryAbove[i] = (evidence.canaryAbove[i] ?? 0) + canaryBad;
    evidence.expectedAbove[i] = (evidence.expectedAbove[i] ?? 0) + (canaryN / controlN) * controlBad;
    const safe = evidence.safe[i];
    if (safe === undefined) return;
    const slower = countAbove(block.canary, index + guard.marginBuckets);
    const expectedRatio = (aboveMargin[i] ?? 0) / prior;
    SafeBinary.fold(safe, { canaryN, canaryBad: slower, controlN, controlBad }, { prior, expectedRatio });
  });
}

function playRidit(guard: LatencyConfig, evidence: LatencyProcessState, block: PendingBuckets): void {
  const { baseline } = evidence;
  const score = (pairs: Buckets, shift: number): [number, number][] =>
    pairs.map(([index, count]) => [riditOf(baseline, index - shift), count]);
  const scores = {
    canaryN: block.canaryN,
    controlN: block.controlN,
    canary: score(block.canary, guard.toleranceBuckets),
    control: score(block.control, 0),
  };
  MeanHarm.fold(evidence.ridit, scores, {
    tolerance: EQUAL,
    prior: RIDIT_PRIOR,
    alternatives: (mean) => RIDIT_SHIFTS.map((shift) => mean + shift),
  });
}

function merge(evidence: LatencyProcessState, context: FoldContext): PendingBuckets | null {
  const canary = bucketPairsOf(context.block.canary.duration);
  const control = bucketPairsOf(context.block.control.duration);
  const since = context.block.second;
  let pending: PendingBuckets = { since, canaryN: totalOf(canary), controlN: totalOf(control), canary, control };
  if (evidence.pending !== null && !isStale(evidence.pending.since, context)) {
    addBuckets(canary, evidence.pending.canary);
    addBuckets(control, evidence.pending.control);
    pending = {
      since: evidence.pending.since,
      canaryN: pending.canaryN + evidence.pending.canaryN,
      controlN: pending.controlN + evidence.pending.controlN,
      canary,
      control,
    };
  }
  const isPlayable = pending.canaryN > 0 && pending.controlN > 0;
  evidence.pending = isPlayable || pending.canaryN + pending.controlN === 0 ? null : pending;
  return isPlayable ? pending : null;
}

function shapeOf(guard: LatencyConfig): LatencyShape {
  return { quantiles: LATENCY_QUANTILES, marginBuckets: guard.marginBuckets };
}

/** Promotion needs the median and p95 proven; rarer quantiles would need more traffic than a stage has. */
const SAFE_QUANTILES: readonly number[] = [0.5, 0.95];
const RIDIT_SHIFTS: readonly number[] = [0.02, 0.05, 0.1, 0.2, 0.35];
/** Scores of the baseline itself are uniform. */
const RIDIT_PRIOR = { mean: 0.5, variance: 1 / 12 };

/** Reweighted control counts are kept in thousandths, as integers. */
export const CONTROL_SCALE = 1000;
