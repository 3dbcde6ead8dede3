import type { Tolerance } from './engine-types.ts';
import { EQUAL } from './block-log-e.ts';

/** What a bet on means is placed on, chosen before the block is seen. Scores are in [0, 1]. */
export interface MeanBetOptions {
  readonly canaryN: number;
  readonly controlN: number;
  /** Mean that the bet expects of the canary, and control's mean. */
  readonly canaryMean: number;
  readonly controlMean: number;
  /** Variance of a score, > 0. */
  readonly variance: number;
  /** Null: canary's mean <= points + ratio * control's (>= for a bet below that line). Default: equal means. */
  readonly tolerance?: Tolerance;
}

/** A bet on means: canary's scores are centred at `a` and weighted by `l`, control's at `b` and `k`. */
export interface MeanBet {
  readonly a: number;
  readonly b: number;
  readonly l: number;
  readonly k: number;
}

/** `[score, count]` pairs with scores in [0, 1]. */
export type ScoreCounts = readonly (readonly [score: number, count: number])[];

/** Number, sum and sum of squares of scores in [0, 1]. */
export interface Moments {
  readonly n: number;
  readonly sum: number;
  readonly squares: number;
}

/** Places the bet of one block on two means (1.5): nearly growth-optimal for small shifts, no stake above 0.95. */
export function meanBet(options: MeanBetOptions): MeanBet {
  const { canaryN, controlN, canaryMean, controlMean, variance, tolerance = EQUAL } = options;
  const { points, ratio } = tolerance;
  const b = (canaryN * ratio * (canaryMean - points) + controlN * controlMean) / (canaryN * ratio * ratio + controlN);
  const a = points + ratio * b;
  const shift = canaryMean - a;
  let l = shift / (variance * (1 + (ratio * ratio * canaryN) / controlN) + shift * shift);
  let k = (ratio * l * canaryN) / controlN;
  const stake = l > 0 ? Math.max(l * a, k * (1 - b)) : Math.max(-l * (1 - a), -k * b);
  if (stake > MAX_STAKE) {
    l *= MAX_STAKE / stake;
    k *= MAX_STAKE / stake;
  }
  return { a, b, l, k };
}

/** Log e-value of a block from the scores themselves; E[e] <= 1 for all distributions of the null. 0 for an empty side. */
export function blockLogEValues(canary: ScoreCounts, control: ScoreCounts, bet: MeanBet): number {
  if (canary.length === 0 || control.length === 0) return 0;
  const { a, b, l, k } = bet;
  let sum = 0;
  for (const [score, count] of canary) sum += count * Math.log1p(l * (score - a));
  for (const [score, count] of control) sum += count * Math.log1p(-k * (score - b));
  return sum;
}

/**
 * Lower bound of {@link blockLogEValues} from moments alone (Fan's inequality), for sources that keep no histogram;
 * still valid, 15 to 70 % slower. Only for bets of harm (`l` > 0). 0 for an empty side.
 */
export function blockLogEMoments(canary: Moments, control: Moments, bet: MeanBet): number {
  if (canary.n === 0 || control.n === 0) return 0;
  const { a, b, l, k } = bet;
  if (!(l > 0 && a > 0 && b < 1)) return 0;
  const canarySquares = canary.squares - 2 * a * canary.sum + canary.n * a * a;
  const controlSquares = control.squares - 2 * b * control.sum + control.n * b * b;
  return (
    l * (canary.sum - canary.n * a) -
    (fan(l * a) / (a * a)) * canarySquares -
    k * (control.sum - control.n * b) -
    (fan(k * (1 - b)) / ((1 - b) * (1 - b))) * controlSquares
  );
}

/** -ln(1 - u) - u for u in [0, 1): the quadratic penalty of Fan's inequality. */
export function fan(u: number): number {
  return -Math.log1p(-u) - u;
}

const MAX_STAKE = 0.95;
