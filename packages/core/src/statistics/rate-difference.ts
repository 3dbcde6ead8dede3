import type { BlockCounts } from './block-log-e.ts';

/**
 * Sums behind the confidence sequence for the difference of two rates. For a stake u, each block multiplies
 * exp(x_c ln(1+u) + x_0 ln(1 - u n_c/n_0) - u n_c d), whose expectation is at most 1 when p_c - p_0 <= d: the mirrored
 * one bounds from above. `d` enters linearly, so sums per stake suffice. Plain JSON.
 */
export interface RateDifferenceState {
  /** Canary units, bad canary units, and bad ones that control's rates would have given. */
  n: number;
  bad: number;
  expected: number;
  upGain: number[];
  upUnits: number[];
  downGain: number[];
  downUnits: number[];
}

/** Folds of the difference of two rates that may drift together. States are changed in place. */
export interface RateDifferenceProcess {
  start(): RateDifferenceState;
  /** Adds a block in which both sides have units; `eta` in (0, 1] tempers for dependent units. */
  fold(state: RateDifferenceState, counts: BlockCounts, eta: number): void;
  /** Interval for canary minus control at level 1 - alpha, valid at all times at once; within [-1, 1]. */
  interval(state: RateDifferenceState, alpha: number): { readonly low: number; readonly high: number };
}

/** Difference canary minus control, control weighted to when the canary ran. */
export const RateDifference: RateDifferenceProcess = {
  start: () => ({
    n: 0,
    bad: 0,
    expected: 0,
    upGain: UP.map(() => 0),
    upUnits: UP.map(() => 0),
    downGain: DOWN.map(() => 0),
    downUnits: DOWN.map(() => 0),
  }),
  fold(state, { canaryN, canaryBad, controlN, controlBad }, eta) {
    const weight = canaryN / controlN;
    state.n += canaryN;
    state.bad += canaryBad;
    state.expected += weight * controlBad;
    for (let j = 0; j < UP.length; j += 1) {
      const stake = Math.min(UP[j] ?? 0, 0.9 / weight);
      const gain = canaryBad * Math.log1p(stake) + controlBad * Math.log1p(-weight * stake);
      state.upGain[j] = (state.upGain[j] ?? 0) + eta * gain;
      state.upUnits[j] = (state.upUnits[j] ?? 0) + eta * stake * canaryN;
    }
    for (let j = 0; j < DOWN.length; j += 1) {
      const stake = DOWN[j] ?? 0;
      const gain = canaryBad * Math.log1p(-stake) + controlBad * Math.log1p(weight * stake);
      state.downGain[j] = (state.downGain[j] ?? 0) + eta * gain;
      state.downUnits[j] = (state.downUnits[j] ?? 0) + eta * stake * canaryN;
    }
  },
  interval(state, alpha) {
    const threshold = Math.log(2 / alpha);
    const low = crossing((d) => logMeanExp(state.upGain, state.upUnits, -d) - threshold);
    const high = -crossing((d) => logMeanExp(state.downGain, state.downUnits, -d) - threshold);
    return { low, high };
  },
};

/** ln of the mean of exp(gain_j + d units_j), without overflow. */
export function logMeanExp(gains: readonly number[], units: readonly number[], d: number): number {
  let greatest = -Infinity;
  for (let j = 0; j < gains.length; j += 1) greatest = Math.max(greatest, (gains[j] ?? 0) + d * (units[j] ?? 0));
  let sum = 0;
  for (let j = 0; j < gains.length; j += 1) sum += Math.exp((gains[j] ?? 0) + d * (units[j] ?? 0) - greatest);
  return greatest + Math.log(sum / gains.length);
}

/** Largest d in [-1, 1] at which a falling function is still >= 0; -1 where it nowhere is. */
export function crossing(value: (d: number) => number): number {
  let low = -1;
  let high = 1;
  if (value(low) < 0) return -1;
  if (value(high) >= 0) return 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (value(middle) >= 0) low = middle;
    else high = middle;
  }
  return low;
}

const UP: readonly number[] = [0.02, 0.05, 0.12, 0.3, 0.7, 1.6, 4, 12];
const DOWN: readonly number[] = [0.02, 0.05, 0.12, 0.3, 0.6, 0.9];
