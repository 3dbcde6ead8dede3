import { project } from './block-log-e.ts';
import type { Tolerance } from './engine-types.ts';

/** What the physical limit depends on. */
export interface WaldBoundOptions {
  /** Chance of a false alarm, (0, 1). */
  readonly alpha: number;
  /** Control's rate and canary's rate, (0, 1). */
  readonly control: number;
  readonly canary: number;
  /** Control units per canary unit, > 0; Infinity for a known control rate. */
  readonly controlPerCanary: number;
  readonly tolerance?: Tolerance;
  /** Chance of missing a harm that is there, [0, 1); default 0 (a test of power one). */
  readonly missRate?: number;
}

/**
 * Least expected number of canary units that any test of level alpha needs to tell the two rates apart:
 * ln(1/alpha) / min_b [KL(canary || points + ratio b) + r KL(control || b)] (Wald 1945, unknown control).
 * Infinity where the canary's rate lies within the tolerance.
 */
export function waldBound(options: WaldBoundOptions): number {
  const information = informationPerCanaryUnit(options);
  if (!(information > 0)) return Infinity;
  const { alpha, missRate = 0 } = options;
  const miss = missRate > 0 ? missRate * Math.log(missRate / (1 - alpha)) : 0;
  return ((1 - missRate) * Math.log((1 - missRate) / alpha) + miss) / information;
}

/** Nats that one canary unit gives, at best, against "canary <= points + ratio * control". */
function informationPerCanaryUnit(options: WaldBoundOptions): number {
  const { control, canary, controlPerCanary, tolerance = { points: 0, ratio: 1 } } = options;
  const line = tolerance.points + tolerance.ratio * control;
  if (canary <= line) return 0;
  if (controlPerCanary === Infinity) return divergence(canary, line);
  const b = project({ canaryN: 1, controlN: controlPerCanary }, { canary, control }, tolerance);
  return divergence(canary, tolerance.points + tolerance.ratio * b) + controlPerCanary * divergence(control, b);
}

/** Kullback-Leibler divergence of two Bernoulli rates in nats; Infinity where `q` excludes what `p` allows. */
export function divergence(p: number, q: number): number {
  const yes = p > 0 ? p * Math.log(p / q) : 0;
  const no = p < 1 ? (1 - p) * (Math.log1p(-p) - Math.log1p(-q)) : 0;
  return yes + no;
}
