import type { Tolerance } from './engine-types.ts';

/** Binary outcomes of both sides in one block. `bad` never exceeds `n`. */
export interface BlockCounts {
  readonly canaryN: number;
  readonly canaryBad: number;
  readonly controlN: number;
  readonly controlBad: number;
}

/** The rates a bet is placed on, chosen before the block is seen; both within (0, 1). */
export interface RateBet {
  readonly canary: number;
  readonly control: number;
}

/** "Not worse at all": canary's rate is at most control's. */
export const EQUAL: Tolerance = { points: 0, ratio: 1 };

/**
 * Log e-value of one block against "canary's rate <= points + ratio * control's rate" (>= for a bet below that line).
 * E[e] <= 1 for every pair of rates in the null, any counts and any bet, so rates may drift from block to block.
 * 0 where a side is empty. Formula: statistics of guards 1.2, after Turner, Ly and Gruenwald, JSPI 230 (2024) 106116.
 */
export function blockLogE(counts: BlockCounts, bet: RateBet, tolerance: Tolerance = EQUAL): number {
  const { canaryN, canaryBad, controlN, controlBad } = counts;
  if (canaryN === 0 || controlN === 0) return 0;
  const b = project(counts, bet, tolerance);
  const a = tolerance.points + tolerance.ratio * b;
  if (!(a > 0 && a < 1 && b > 0 && b < 1)) return 0;
  let l = (bet.canary - a) / (a * (1 - a));
  let k = (tolerance.ratio * l * canaryN) / controlN;
  const limit = l > 0 ? Math.max(l * a, k * (1 - b)) : Math.max(-l * (1 - a), -k * b);
  if (limit >= 1) {
    l *= (1 - 1e-9) / limit;
    k *= (1 - 1e-9) / limit;
  }
  let sum = 0;
  if (canaryBad > 0) sum += canaryBad * Math.log1p(l * (1 - a));
  if (canaryN > canaryBad) sum += (canaryN - canaryBad) * Math.log1p(-l * a);
  if (controlBad > 0) sum += controlBad * Math.log1p(-k * (1 - b));
  if (controlN > controlBad) sum += (controlN - controlBad) * Math.log1p(k * b);
  return sum;
}

/**
 * Control rate `b` of the point of the null nearest to the bet: argmin over b of
 * n_c KL(canary || points + ratio b) + n_0 KL(control || b). Closed form for equality, else Newton within a bracket.
 */
export function project(
  counts: Pick<BlockCounts, 'canaryN' | 'controlN'>,
  bet: RateBet,
  tolerance: Tolerance = EQUAL,
): number {
  const { canaryN, controlN } = counts;
  if (tolerance.points === 0 && tolerance.ratio === 1) {
    return (canaryN * bet.canary + controlN * bet.control) / (canaryN + controlN);
  }
  const edge = (bet.canary - tolerance.points) / tolerance.ratio;
  let low = Math.max(Math.min(edge, bet.control), 1e-15);
  let high = Math.min(Math.max(edge, bet.control), 1 - 1e-15, (1 - 1e-15 - tolerance.points) / tolerance.ratio);
  let b = low + ((high - low) * canaryN) / (canaryN + controlN);
  for (let step = 0; step < MAX_STEPS && high - low > 1e-15 * high; step += 1) {
    const a = tolerance.points + tolerance.ratio * b;
    const va = a * (1 - a);
    const vb = b * (1 - b);
    const da = bet.canary - a;
    const db = bet.control - b;
    const value = (-canaryN * tolerance.ratio * da) / va - (controlN * db) / vb;
    if (value > 0) high = b;
    else low = b;
    const slope =
      canaryN * tolerance.ratio * tolerance.ratio * (1 / va + (da * (1 - 2 * a)) / (va * va)) +
      controlN * (1 / vb + (db * (1 - 2 * b)) / (vb * vb));
    const newton = b - value / slope;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - b) <= 1e-14 * b) return next;
    b = next;
  }
  return b;
}

/** Newton needs 4 to 8 steps; bisection alone would need about 50. */
const MAX_STEPS = 60;
