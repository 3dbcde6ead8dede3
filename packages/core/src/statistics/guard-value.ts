import { ZERO_BUCKET } from '../histogram.ts';
import type { SideCounts } from '../outcome.ts';
import { type FrozenValue, learnValue, startValueBaseline } from './baseline.ts';
import { addBuckets, bucketMiddle, bucketPairsOf, type Buckets, totalOf } from './bucket-pairs.ts';
import type {
  Baseline,
  GuardState,
  PendingBuckets,
  Tolerance,
  ValueConfig,
  ValueProcessState,
} from './engine-types.ts';
import { type FoldContext, isStale } from './guard-fold.ts';
import { MeanDifference } from './mean-difference.ts';
import { MeanHarm, MeanSafe, type ScoreBlock } from './mean-processes.ts';

/** A guard on the mean of a tracked value, winsorised at the baseline's 99.9th percentile (1.5). */
export function startValue(guard: ValueConfig, baseline: Baseline): ValueProcessState {
  return {
    kind: 'value',
    baseline: startValueBaseline(historyOf(guard, baseline)),
    harm: MeanHarm.start(TARGETS.length),
    safe: MeanSafe.start(),
    pending: null,
    difference: MeanDifference.start(),
  };
}

/** Folds one block into a guard on a mean. */
export function foldValue(guard: ValueConfig, state: GuardState, context: FoldContext): void {
  const evidence = state.evidence;
  if (evidence.kind !== 'value') return;
  MeanHarm.addMass(evidence.harm, context.mass);
  if (context.isNewStage) evidence.safe.logE = 0;
  if (!evidence.baseline.frozen) {
    const { n, buckets } = sideOf(guard, context.block.control);
    learnValue(evidence.baseline, { second: context.block.second, units: n, buckets });
    return;
  }
  if (!context.isComparing) {
    evidence.pending = null;
    return;
  }
  const block = merge(guard, evidence, context);
  if (block !== null) play(guard, state, { evidence, block });
}

function play(
  guard: ValueConfig,
  state: GuardState,
  { evidence, block }: { readonly evidence: ValueProcessState; readonly block: PendingBuckets },
): void {
  const { baseline } = evidence;
  const raw: ScoreBlock = {
    canaryN: block.canaryN,
    controlN: block.controlN,
    canary: scoresOf(block.canary, block.canaryN, baseline),
    control: scoresOf(block.control, block.controlN, baseline),
  };
  const isDown = guard.harmful === 'down';
  const scores = isDown ? flipped(raw) : raw;
  const prior = { mean: isDown ? 1 - baseline.mean : baseline.mean, variance: baseline.variance };
  MeanHarm.fold(evidence.harm, scores, {
    prior,
    tolerance: lineOf(guard.harmful, guard.tolerance),
    alternatives: (mean) => TARGETS.map((target) => alternativeOf(guard, mean, target)),
  });
  MeanSafe.fold(evidence.safe, scores, {
    prior,
    tolerance: lineOf(guard.harmful, guard.margin),
    expected: (mean) => mean,
  });
  const { difference } = evidence;
  MeanDifference.fold(difference, raw, difference.n > 0 ? difference.expected / difference.n : baseline.mean);
  state.safeBest = Math.max(state.safeBest, MeanSafe.eValue(evidence.safe));
  state.stageCanaryN += block.canaryN;
  state.canary.n += block.canaryN;
  state.canary.bad += totalOf(block.canary);
  state.control.n += block.controlN;
  state.control.bad += totalOf(block.control);
}

/** A relative line on raw means as a line on scores, which are flipped where less is harm. */
function lineOf(harmful: ValueConfig['harmful'], relative: number): Tolerance {
  return harmful === 'up' ? { points: 0, ratio: 1 + relative } : { points: relative, ratio: 1 - relative };
}

function alternativeOf(guard: ValueConfig, mean: number, target: number): number {
  if (guard.harmful === 'up') return mean * (1 + guard.tolerance) * (1 + target);
  return 1 - (1 - mean) * (1 - guard.tolerance) * (1 - target);
}

function scoresOf(pairs: Buckets, n: number, baseline: FrozenValue): [number, number][] {
  const scores: [number, number][] = pairs.map(([index, count]) => [
    Math.min(1, bucketMiddle(index) / baseline.cap),
    count,
  ]);
  const zeros = n - totalOf(pairs);
  if (zeros > 0) scores.unshift([0, zeros]);
  return scores;
}

function flipped(block: ScoreBlock): ScoreBlock {
  const flip = (scores: ScoreBlock['canary']): [number, number][] => scores.map(([score, count]) => [1 - score, count]);
  return { ...block, canary: flip(block.canary), control: flip(block.control) };
}

function merge(guard: ValueConfig, evidence: ValueProcessState, context: FoldContext): PendingBuckets | null {
  const canary = sideOf(guard, context.block.canary);
  const control = sideOf(guard, context.block.control);
  const earlier =
    evidence.pending === null || isStale(evidence.pending.since, context)
      ? { since: context.block.second, canaryN: 0, controlN: 0, canary: [], control: [] }
      : evidence.pending;
  addBuckets(canary.buckets, earlier.canary);
  addBuckets(control.buckets, earlier.control);
  const pending: PendingBuckets = {
    since: earlier.since,
    canaryN: canary.n + earlier.canaryN,
    controlN: control.n + earlier.controlN,
    canary: canary.buckets,
    control: control.buckets,
  };
  const isPlayable = pending.canaryN > 0 && pending.controlN > 0;
  evidence.pending = isPlayable || pending.canaryN + pending.controlN === 0 ? null : pending;
  return isPlayable ? pending : null;
}

/** Per unit, a unit that tracked nothing counts as zero; a unit that tracked several values counts once for each. */
function sideOf(guard: ValueConfig, side: SideCounts): { n: number; buckets: [number, number][] } {
  const histogram = side.values.get(guard.value);
  const buckets = histogram === undefined ? [] : bucketPairsOf(histogram);
  const tracked = totalOf(buckets);
  return { n: guard.per === 'value' ? tracked : Math.max(side.n, tracked), buckets };
}

function historyOf(guard: ValueConfig, baseline: Baseline): { units: number; buckets: Buckets } | undefined {
  const history = baseline.values?.[guard.value];
  if (history === undefined) return undefined;
  const buckets = history.buckets.filter(([index]) => index >= ZERO_BUCKET);
  return { buckets, units: guard.per === 'value' ? totalOf(buckets) : history.units };
}

const TARGETS: readonly number[] = [0.05, 0.1, 0.2, 0.4, 0.8];
