import type { FrozenLatency, FrozenValue } from './baseline.ts';
import type { CountState } from './count-process.ts';
import type { MeanDifferenceState } from './mean-difference.ts';
import type { HarmState, MeanHarmState, MeanSafeState, MixtureState, SafeState } from './process-types.ts';
import type { RateDifferenceState } from './rate-difference.ts';
import type { SrmState } from './srm.ts';

/** `[bucketIndex, count]` pairs in ascending order of index: a histogram that survives JSON. */
export type BucketPairs = readonly (readonly [index: number, count: number])[];

/** One stage of the plan as the statistics see it. */
export interface StagePlan {
  /** Share of units in the canary, 0..1. A stage at 1 has no control, so nothing is compared there. */
  readonly share: number;
  /** Planned length in minutes; late starts of harm are looked for in each whole minute. */
  readonly plannedMinutes: number;
}

/** "Worse by at most": the canary may be up to `points + ratio * control`. */
export interface Tolerance {
  /** Absolute part, a ratio (0.005 = half a percentage point). */
  readonly points: number;
  /** Relative part: 1.1 = ten percent more than control. */
  readonly ratio: number;
}

interface GuardBase {
  /** Unique within the rollout, e.g. `errors`. Appears in readings and sentences. */
  readonly id: string;
  /** Share in the wallet before renormalisation. Default by kind: errors .35, latency .30, value/slow/count .15, ceiling .10. */
  readonly weight?: number;
}

/** Share of bad units. */
export interface ErrorsGuard extends GuardBase {
  readonly kind: 'errors';
  /** Default `{ points: 0.0005, ratio: 1.1 }`. */
  readonly tolerance?: Tolerance;
}

/** The whole latency distribution: thresholds at the baseline's p50, p95, p99, p99.9 and the ridit score. */
export interface LatencyGuard extends GuardBase {
  readonly kind: 'latency';
  /** Tolerated slowing in histogram buckets of 4.43 % each; default 2 (+9 %). */
  readonly toleranceBuckets?: number;
  /** "Safe" means proven not slower by this many buckets; default 4 (+19 %), at least the tolerance + 1. */
  readonly marginBuckets?: number;
}

/** Share of units slower than a quantile of the baseline ("slower than p95, worse by 5 points"). */
export interface SlowGuard extends GuardBase {
  readonly kind: 'slow';
  /** Quantile of the baseline that makes a unit slow, 0.5..0.999, e.g. 0.95. */
  readonly quantile: number;
  /** Default `{ points: 0.01, ratio: 1.1 }`. */
  readonly tolerance?: Tolerance;
}

/** Mean of a tracked value (cost, revenue, conversion). */
export interface ValueGuard extends GuardBase {
  readonly kind: 'value';
  /** Name under which the value is tracked: key of `SideCounts.values`. */
  readonly value: string;
  /** `up`: more is harm (cost). `down`: less is harm (revenue). */
  readonly harmful: 'up' | 'down';
  /** Mean over all units, a unit without the value counting 0 (default), or over the tracked values only. */
  readonly per?: 'unit' | 'value';
  /** Tolerated relative change, 0..0.9; default 0.01. */
  readonly tolerance?: number;
  /** "Safe" means proven to change by less than this; default 0.05, at least the tolerance + 0.01. */
  readonly margin?: number;
}

/** Number of tracked events of any size (exceptions, messages) against the canary's share of units. */
export interface CountGuard extends GuardBase {
  readonly kind: 'count';
  readonly value: string;
  readonly harmful: 'up' | 'down';
}

/** An absolute limit for the canary's share of bad units; needs no control. */
export interface CeilingGuard extends GuardBase {
  readonly kind: 'ceiling';
  /** Highest tolerated share of bad units; default max(10 %, 5 x baseline). */
  readonly limit?: number;
}

/** A guard as the caller writes it; `kind` says which. */
export type GuardOptions = ErrorsGuard | LatencyGuard | SlowGuard | ValueGuard | CountGuard | CeilingGuard;
/** Kind of a guard. */
export type GuardKind = GuardOptions['kind'];

/** What control looked like before the rollout; whatever is absent is learnt from the first control units. */
export interface Baseline {
  /** Share of bad units over the last 24 h. A wrong figure costs power, never validity. */
  readonly errorRate?: number;
  /** Durations in milliseconds. */
  readonly duration?: BucketPairs;
  /** Tracked values by name, with the number of units they came from. */
  readonly values?: Readonly<Record<string, { readonly units: number; readonly buckets: BucketPairs }>>;
}

/** What the caller decides; everything else has the default of the specification. */
export interface EngineOptions {
  readonly stages: readonly StagePlan[];
  readonly guards: readonly GuardOptions[];
  /** Chance of ever rolling back a harmless change in this attempt; default 0.01. */
  readonly alpha?: number;
  /** Chance of passing a stage early although the harm is at the margin; default 0.05. */
  readonly alphaSafe?: number;
  /** Level of the shown intervals; default 0.05 (95 %, both sides together, at all times at once). */
  readonly alphaInterval?: number;
  /** Extra bad units tolerated over all traffic, as a ratio; default 0.0025. Sets the margin of each stage. */
  readonly harmBudget?: number;
  /** Seconds after the first canary unit of a stage that only the ceiling guard reads; default 30. */
  readonly warmUpSeconds?: number;
  /** How long seconds in which one side is empty are merged before they are dropped; default 10. */
  readonly mergeSeconds?: number;
  /** Seconds after a stage change that the sample-ratio check skips; default 10. */
  readonly settleSeconds?: number;
  /** Seconds without units after which a side counts as silent and promotion is held; default 60. */
  readonly silenceSeconds?: number;
  readonly baseline?: Baseline;
}

/** Margins that "safe" must exclude, one per stage: from the harm budget and the share of the next stage. */
interface WithMargins {
  readonly margins: readonly Tolerance[];
}

/** {@link ErrorsGuard} with defaults filled in and a margin per stage. */
export type ErrorsConfig = Required<ErrorsGuard> & WithMargins;
/** {@link LatencyGuard} with defaults filled in. */
export type LatencyConfig = Required<LatencyGuard>;
/** {@link SlowGuard} with defaults filled in and a margin per stage. */
export type SlowConfig = Required<SlowGuard> & WithMargins;
/** {@link ValueGuard} with defaults filled in. */
export type ValueConfig = Required<ValueGuard>;
/** {@link CountGuard} with defaults filled in. */
export type CountConfig = Required<CountGuard>;
/** {@link CeilingGuard} with defaults filled in. */
export type CeilingConfig = Required<CeilingGuard>;

/** A guard with all defaults filled in. */
export type GuardConfig = ErrorsConfig | LatencyConfig | SlowConfig | ValueConfig | CountConfig | CeilingConfig;

/** Everything the fold depends on besides blocks: plain JSON, to be stored with the rollout for replay. */
export interface EngineConfig {
  readonly version: 1;
  readonly alpha: number;
  readonly alphaSafe: number;
  readonly alphaInterval: number;
  readonly stages: readonly StagePlan[];
  /** Weights add up to 1. */
  readonly guards: readonly GuardConfig[];
  readonly warmUpSeconds: number;
  readonly mergeSeconds: number;
  readonly settleSeconds: number;
  readonly silenceSeconds: number;
  readonly baseline: Baseline;
}

/** Sums over one side, over the blocks that were compared. */
export interface SideSums {
  n: number;
  /** Bad units, slow units (latency: slower than the baseline's p95), or tracked values. */
  bad: number;
  distinctBad: number;
}

/** What a guard keeps; plain JSON. */
export interface GuardState {
  canary: SideSums;
  control: SideSums;
  /** Canary units compared in the current stage. */
  stageCanaryN: number;
  /** Greatest safe e-value in the current stage: once proven, a stage stays proven. */
  safeBest: number;
  /** Greatest e-value of harm so far; for latency that of each threshold. Bounds the interval from below. */
  harmBest: number[];
  evidence: ProcessState;
}

/** State of the e-processes of a guard by its kind; internal to the engine, plain JSON. */
export type ProcessState =
  | BinaryProcessState
  | LatencyProcessState
  | ValueProcessState
  | CountProcessState
  | CeilingProcessState;

/** Seconds waiting to be merged because one side was empty. */
export interface PendingCounts {
  since: number;
  canaryN: number;
  canaryBad: number;
  controlN: number;
  controlBad: number;
}

/** As {@link PendingCounts} for histograms. */
export interface PendingBuckets {
  since: number;
  canaryN: number;
  controlN: number;
  canary: [number, number][];
  control: [number, number][];
}

/** Evidence of a guard on a share of units (errors, slow). */
export interface BinaryProcessState {
  kind: 'binary';
  harm: HarmState;
  safe: SafeState;
  pending: PendingCounts | null;
  difference: RateDifferenceState;
  /** Threshold that makes a unit slow; only for guards of kind `slow`. */
  baseline: FrozenLatency | null;
}

/** Evidence of a guard on the latency distribution. */
export interface LatencyProcessState {
  kind: 'latency';
  baseline: FrozenLatency;
  thresholds: HarmState[];
  safe: SafeState[];
  ridit: MeanHarmState;
  pending: PendingBuckets | null;
  /** Canary units above each (shifted) threshold, and what control's shares would have given. */
  canaryAbove: number[];
  expectedAbove: number[];
  canary: [number, number][];
  /** Control, reweighted to the canary's exposure over time; counts in thousandths. */
  control: [number, number][];
  /** Sum of n_c^2 / n_0 over blocks: gives the effective control size. */
  controlSpread: number;
}

/** Evidence of a guard on the mean of a tracked value. */
export interface ValueProcessState {
  kind: 'value';
  baseline: FrozenValue;
  harm: MeanHarmState;
  safe: MeanSafeState;
  pending: PendingBuckets | null;
  difference: MeanDifferenceState;
}

/** Evidence of a guard on the number of tracked events. */
export interface CountProcessState {
  kind: 'count';
  count: CountState;
  canary: number;
  control: number;
  /** Events expected from the canary at control's rate per unit. */
  expected: number;
}

/** Evidence of a guard on the canary alone. */
export interface CeilingProcessState {
  kind: 'ceiling';
  harm: MixtureState;
  safeLogE: number;
}

/** What the engine knows about one stage of the plan. */
export interface StageState {
  /** Second of the first block in the stage, and of its first canary unit. */
  first: number | null;
  exposed: number | null;
  /** Start mass given out so far. */
  mass: number;
}

/**
 * State of the engine of one rollout: plain JSON, a few kilobytes; `JSON.parse(JSON.stringify(state))` continues
 * bit-identically. `foldBlock` changes it in place; nobody else writes it.
 */
export interface EngineState {
  version: 1;
  /** Second of the newest block that was folded. */
  lastSecond: number | null;
  lastCanarySecond: number | null;
  lastControlSecond: number | null;
  stage: number | null;
  /** Second of the first block since the last stage change. */
  stageSince: number | null;
  stages: StageState[];
  /** All units seen on each side, compared or not. */
  seen: { canary: number; control: number };
  /** Control units and bad ones per hash group since the start. */
  groups: { n: number[]; errors: number[] };
  guards: GuardState[];
  srm: SrmState;
  /** The first moment at which all conditions of a rollback held. It stays. */
  decided: { second: number; guard: string; wallet: number } | null;
  /** Blocks refused (impossible counts) and ignored (not newer than the last). */
  refused: number;
  ignored: number;
}

/** What a guard says now. */
export type GuardVerdict = 'safe' | 'undecided' | 'harmful' | 'no-data';

/** Unit of an estimate: points of a ratio, milliseconds at a quantile, or relative change of a mean or a count. */
export type EstimateUnit = 'points' | 'milliseconds' | 'relative';

/** An interval; null on a side that the data cannot bound yet. */
export interface Interval {
  readonly low: number | null;
  readonly high: number | null;
}

/** What one guard knows at this moment. */
export interface GuardReading {
  readonly id: string;
  readonly kind: GuardKind;
  /** Share in the wallet; weights add up to 1. */
  readonly weight: number;
  readonly verdict: GuardVerdict;
  /** E-value of "worse than tolerated". */
  readonly harmE: number;
  /** E-value of "not worse than the margin" in the current stage; 1 where the kind cannot prove it. */
  readonly safeE: number;
  /** Whether the stage counts as proven safe for this guard (safe e-value reached, >= 50 canary units). */
  readonly isSafe: boolean;
  readonly canary: Readonly<SideSums>;
  readonly control: Readonly<SideSums>;
  readonly unit: EstimateUnit;
  /** Quantile that levels and estimate describe (latency only): 0.95, or the one that shows the harm. */
  readonly quantile: number | null;
  /** Level of each side in its own unit (share of bad units, a quantile in ms, mean); null without data. */
  readonly canaryLevel: number | null;
  /** Control's level, weighted to when the canary ran, so that drift and ramps do not distort the comparison. */
  readonly controlLevel: number | null;
  /** Canary minus control in `unit`; null without data. */
  readonly estimate: number | null;
  /**
   * Confidence sequence for the estimate at level 1 - alphaInterval (both sides together), valid at every moment; null
   * without data. Half of each side's level goes to the e-process of harm, so once harm is proven the interval lies
   * beyond the tolerance (for a difference that stays the same).
   */
  readonly interval: Interval | null;
  /** Largest difference tolerated in `unit` at control's present level. */
  readonly tolerance: number | null;
  /** Enough units, bad ones and distinct ones, and an estimate beyond the tolerance: may cause a rollback. */
  readonly canDecide: boolean;
}

/** Why promotion is held: evidence of harm, a wrong split, or a side without units. */
export type HoldReason = 'evidence' | 'sample-ratio' | 'canary-silent' | 'control-silent';

/** What the whole engine knows at this moment. */
export interface EngineReading {
  /** Weighted mean of the guards' e-values; a rollback needs 1/alpha. */
  readonly wallet: number;
  /** 1/alpha. */
  readonly threshold: number;
  readonly guards: readonly GuardReading[];
  /** Guard with the largest weighted e-value. */
  readonly leading: string | null;
  readonly rollbackNow: boolean;
  readonly decided: EngineState['decided'];
  /** No promotion while true; the reasons say why. */
  readonly hold: boolean;
  readonly holdReasons: readonly HoldReason[];
  readonly srmE: number;
  readonly srmBroken: boolean;
  /** All units seen on each side, compared or not. */
  readonly seen: { readonly canary: number; readonly control: number };
  /** The stage has just begun: only the ceiling guard reads. */
  readonly isWarmingUp: boolean;
  /** First exposures seen on each side and expected in the canary, for the drill-down. */
  readonly srm: { readonly canary: number; readonly control: number; readonly expectedCanary: number };
  /** All guards proved safe in this stage; dwell time, hold and approvals are the caller's. */
  readonly stageSafe: boolean;
  /** Dispersion between users; above 1.5 the errors guards are tempered. */
  readonly phi: number;
  readonly stage: number | null;
  readonly lastSecond: number | null;
}

/** Additional failures: what the canary did beyond what control's rates would have given. Units of work. */
export interface Harm {
  readonly low: number;
  readonly best: number;
  readonly high: number;
}
