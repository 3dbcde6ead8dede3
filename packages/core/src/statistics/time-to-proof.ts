import { waldBound } from './wald-bound.ts';
import type { Tolerance } from './engine-types.ts';

/** A stage's traffic and what is to be proven in it. */
export interface TimeToProofOptions {
  /** Units per second over both sides, >= 0. */
  readonly ratePerSecond: number;
  /** Canary's share, 0..1. */
  readonly share: number;
  /** Control's share of bad units, (0, 1). */
  readonly baselineRate: number;
  /** Canary's rates to ask about, e.g. five times the baseline. */
  readonly harmfulRates: readonly number[];
  readonly tolerance: Tolerance;
  readonly margin: Tolerance;
  /** Chance of a false rollback; default 0.01. */
  readonly alpha?: number;
  /** Chance of a false "safe"; default 0.05. */
  readonly alphaSafe?: number;
  /** Weight of the guard in the wallet, (0, 1]; default 1. */
  readonly weight?: number;
}

/** Expected seconds until a harm of one size is proven; Infinity where it lies within the tolerance. */
export interface HarmProof {
  readonly rate: number;
  readonly seconds: number;
  readonly canaryUnits: number;
}

/** Expected seconds to each proof in a stage; Infinity means never with this traffic and tolerance. */
export interface TimeToProof {
  readonly harm: readonly HarmProof[];
  readonly safeSeconds: number;
  readonly safeCanaryUnits: number;
}

/**
 * Time to proof before a stage starts: Wald's bound at the guard's share of the wallet times the ratio to it that the
 * engine was measured to need (bench/results/detection.json).
 */
export function timeToProof(options: TimeToProofOptions): TimeToProof {
  const { ratePerSecond, share, baselineRate, alpha = 0.01, alphaSafe = 0.05, weight = 1 } = options;
  const canaryPerSecond = ratePerSecond * share;
  const seconds = (units: number): number => (canaryPerSecond > 0 && share < 1 ? units / canaryPerSecond : Infinity);
  const control = Math.max(1e-6, Math.min(1 - 1e-6, baselineRate));
  const controlPerCanary = (1 - share) / share;
  const harm = options.harmfulRates.map((rate) => {
    const canary = Math.min(1 - 1e-6, rate);
    const bound = waldBound({ alpha: alpha * weight, control, canary, controlPerCanary, tolerance: options.tolerance });
    const ratio = rate > 10 * control ? RATIO_LARGE : RATIO_ORDINARY;
    const canaryUnits = Math.max(MIN_UNITS, MIN_BAD / canary, bound * ratio);
    return { rate, canaryUnits, seconds: seconds(canaryUnits) };
  });
  const safeCanaryUnits = Math.max(SAFE_UNITS, safeBound({ control, controlPerCanary, alphaSafe }, options.margin));
  return { harm, safeSeconds: seconds(safeCanaryUnits), safeCanaryUnits };
}

interface SafeCase {
  readonly control: number;
  readonly controlPerCanary: number;
  readonly alphaSafe: number;
}

/** The mirrored bound: swap bad and good, so that "at least the margin" becomes "at most". */
function safeBound({ control, controlPerCanary, alphaSafe }: SafeCase, margin: Tolerance): number {
  const points = 1 - margin.points - margin.ratio;
  return waldBound({
    alpha: alphaSafe,
    control: 1 - control,
    canary: 1 - control,
    controlPerCanary,
    tolerance: { points, ratio: margin.ratio },
  });
}

const RATIO_ORDINARY = 1.5;
const RATIO_LARGE = 1.9;
const MIN_UNITS = 20;
const MIN_BAD = 3;
const SAFE_UNITS = 50;
