import type { SideCounts } from '../outcome.ts';
import { learnLatency, startLatencyBaseline } from './baseline.ts';
import { HarmBinary, SafeBinary } from './binary-processes.ts';
import type { BlockCounts } from './block-log-e.ts';
import { bucketPairsOf, countAbove, totalOf } from './bucket-pairs.ts';
import type {
  Baseline,
  BinaryProcessState,
  ErrorsConfig,
  GuardState,
  PendingCounts,
  SlowConfig,
} from './engine-types.ts';
import { type FoldContext, isStale } from './guard-fold.ts';
import { RateDifference } from './rate-difference.ts';

/** A guard on a share of units: bad ones, or ones slower than a quantile of the baseline. */
export function startBinary(guard: ErrorsConfig | SlowConfig, baseline: Baseline): BinaryProcessState {
  return {
    kind: 'binary',
    harm: HarmBinary.start(),
    safe: SafeBinary.start(),
    pending: null,
    difference: RateDifference.start(),
    baseline: guard.kind === 'slow' ? startLatencyBaseline(baseline.duration, shapeOf(guard)) : null,
  };
}

/** Folds one block into a guard on a share of units. */
export function foldBinary(
  guard: ErrorsConfig | SlowConfig,
  state: GuardState,
  { context, baseline }: { readonly context: FoldContext; readonly baseline: Baseline },
): void {
  const evidence = state.evidence;
  if (evidence.kind !== 'binary') return;
  HarmBinary.addMass(evidence.harm, context.mass);
  if (context.isNewStage) evidence.safe.logE = 0;
  if (guard.kind === 'slow' && evidence.baseline !== null && !evidence.baseline.frozen) {
    learnSlow(guard, evidence.baseline, context);
    return;
  }
  if (!context.isComparing) {
    evidence.pending = null;
    return;
  }
  const counts = merge(evidence, countsOf(guard, evidence, context), context);
  if (counts === null) return;
  play(guard, state, { evidence, counts, context, baseline });
}

interface Play {
  readonly evidence: BinaryProcessState;
  readonly counts: BlockCounts;
  readonly context: FoldContext;
  readonly baseline: Baseline;
}

function play(
  guard: ErrorsConfig | SlowConfig,
  state: GuardState,
  { evidence, counts, context, baseline }: Play,
): void {
  const { eta } = context;
  const prior = guard.kind === 'slow' ? evidence.baseline?.above[0] : baseline.errorRate;
  const common = { eta, ...(prior === undefined ? {} : { prior }) };
  HarmBinary.fold(evidence.harm, counts, { ...common, tolerance: guard.tolerance });
  const margin = guard.margins[context.stage];
  if (margin !== undefined) SafeBinary.fold(evidence.safe, counts, { ...common, tolerance: margin });
  state.safeBest = Math.max(state.safeBest, SafeBinary.eValue(evidence.safe));
  RateDifference.fold(evidence.difference, counts, eta);
  state.stageCanaryN += counts.canaryN;
  state.canary.n += counts.canaryN;
  state.canary.bad += counts.canaryBad;
  state.control.n += counts.controlN;
  state.control.bad += counts.controlBad;
}

function merge(evidence: BinaryProcessState, counts: BlockCounts, context: FoldContext): BlockCounts | null {
  const pending: PendingCounts =
    evidence.pending === null || isStale(evidence.pending.since, context)
      ? { since: context.block.second, canaryN: 0, canaryBad: 0, controlN: 0, controlBad: 0 }
      : evidence.pending;
  pending.canaryN += counts.canaryN;
  pending.canaryBad += counts.canaryBad;
  pending.controlN += counts.controlN;
  pending.controlBad += counts.controlBad;
  const isPlayable = pending.canaryN > 0 && pending.controlN > 0;
  evidence.pending = isPlayable || pending.canaryN + pending.controlN === 0 ? null : pending;
  return isPlayable ? pending : null;
}

function countsOf(
  guard: ErrorsConfig | SlowConfig,
  evidence: BinaryProcessState,
  { block: { canary, control } }: FoldContext,
): BlockCounts {
  if (guard.kind === 'errors') {
    return { canaryN: canary.n, canaryBad: canary.errors, controlN: control.n, controlBad: control.errors };
  }
  const threshold = evidence.baseline?.thresholds[0] ?? 0;
  const slow = (side: SideCounts): [n: number, bad: number] => {
    const pairs = bucketPairsOf(side.duration);
    return [totalOf(pairs), countAbove(pairs, threshold)];
  };
  const [canaryN, canaryBad] = slow(canary);
  const [controlN, controlBad] = slow(control);
  return { canaryN, canaryBad, controlN, controlBad };
}

function learnSlow(
  guard: SlowConfig,
  baseline: NonNullable<BinaryProcessState['baseline']>,
  { block }: FoldContext,
): void {
  const buckets = bucketPairsOf(block.control.duration);
  learnLatency(baseline, { second: block.second, units: totalOf(buckets), buckets }, shapeOf(guard));
}

function shapeOf(guard: SlowConfig): { quantiles: readonly number[]; marginBuckets: number } {
  return { quantiles: [guard.quantile], marginBuckets: 0 };
}
