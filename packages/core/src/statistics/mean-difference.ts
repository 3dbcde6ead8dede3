import { fan } from './mean-bet.ts';
import type { ScoreBlock } from './mean-processes.ts';
import { crossing, logMeanExp } from './rate-difference.ts';

/**
 * Sums behind the confidence sequence for the difference of two means of scores in [0, 1]: an empirical-Bernstein
 * supermartingale (Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49 (2021), section 3.2) with canary
 * weighted by lambda and control by lambda n_c/n_0. Plain JSON.
 */
export interface MeanDifferenceState {
  /** Canary units, the sum of their scores, and the sum that control's means would have given. */
  n: number;
  sum: number;
  expected: number;
  /** Per lambda: lambda times the summed difference, lambda times canary units, and the variance penalty. */
  gain: number[];
  units: number[];
  penalty: number[];
}

/** Folds of the difference of two means that may drift together. States are changed in place. */
export interface MeanDifferenceProcess {
  start(): MeanDifferenceState;
  /** Adds a block in which both sides have units; `centre` is a mean guessed before the block was seen. */
  fold(state: MeanDifferenceState, block: ScoreBlock, centre: number): void;
  /** Interval for canary minus control at level 1 - alpha, valid at all times at once; within [-1, 1]. */
  interval(state: MeanDifferenceState, alpha: number): { readonly low: number; readonly high: number };
}

/** Difference canary minus control, control weighted to when the canary ran. */
export const MeanDifference: MeanDifferenceProcess = {
  start: () => ({
    n: 0,
    sum: 0,
    expected: 0,
    gain: LAMBDAS.map(() => 0),
    units: LAMBDAS.map(() => 0),
    penalty: LAMBDAS.map(() => 0),
  }),
  fold(state, block, centre) {
    const weight = block.canaryN / block.controlN;
    const canary = spreadOf(block.canary, centre);
    const control = spreadOf(block.control, centre);
    state.n += block.canaryN;
    state.sum += canary.sum;
    state.expected += weight * control.sum;
    for (let j = 0; j < LAMBDAS.length; j += 1) {
      const lambda = LAMBDAS[j] ?? 0;
      // A block with a tiny control would stake more than control can lose; it is left out, which reads only n.
      if (lambda * weight > 0.9) continue;
      state.gain[j] = (state.gain[j] ?? 0) + lambda * (canary.sum - weight * control.sum);
      state.units[j] = (state.units[j] ?? 0) + lambda * block.canaryN;
      const penalty = fan(lambda) * canary.squares + fan(lambda * weight) * control.squares;
      state.penalty[j] = (state.penalty[j] ?? 0) + penalty;
    }
  },
  interval(state, alpha) {
    const threshold = Math.log(2 / alpha);
    const up = state.gain.map((gain, j) => gain - (state.penalty[j] ?? 0));
    const down = state.gain.map((gain, j) => -gain - (state.penalty[j] ?? 0));
    const low = crossing((d) => logMeanExp(up, state.units, -d) - threshold);
    const high = -crossing((d) => logMeanExp(down, state.units, -d) - threshold);
    return { low, high };
  },
};

function spreadOf(scores: ScoreBlock['canary'], centre: number): { sum: number; squares: number } {
  let sum = 0;
  let squares = 0;
  for (const [score, count] of scores) {
    sum += count * score;
    squares += count * (score - centre) * (score - centre);
  }
  return { sum, squares };
}

const LAMBDAS: readonly number[] = [0.005, 0.015, 0.05, 0.15, 0.5];
