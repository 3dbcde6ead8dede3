import { fan } from './mean-bet.ts';
import type { ScoreBlock } from './mean-processes.ts';
import { crossing, logMeanExp } from './rate-difference.ts';

/**
 * Sums behind the confidence sequence for the difference of two means of scores in [0, 1]. For each stake l a
 * supermartingale exp(l (S_c - n_c/n_0 S_0) - penalty - l n_c d), the penalty from Fan's inequality
 * ln(1+x) >= x - h(u) (x/u)^2 for x >= -u, h(u) = -ln(1-u) - u; canary staked with l, control with l n_c/n_0.
 * The mirrored one bounds from above (after Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49 (2021)).
 */
export interface MeanDifferenceState {
  /** Canary units, the sum of their scores, and the sum that control's means would have given. */
  n: number;
  sum: number;
  expected: number;
  upGain: number[];
  upUnits: number[];
  downGain: number[];
  downUnits: number[];
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
    upGain: STAKES.map(() => 0),
    upUnits: STAKES.map(() => 0),
    downGain: STAKES.map(() => 0),
    downUnits: STAKES.map(() => 0),
  }),
  fold(state, block, centre) {
    const weight = block.canaryN / block.controlN;
    const canary = spreadOf(block.canary, centre);
    const control = spreadOf(block.control, centre);
    const difference = canary.sum - weight * control.sum;
    state.n += block.canaryN;
    state.sum += canary.sum;
    state.expected += weight * control.sum;
    const below = Math.max(centre, 0.01);
    const above = Math.max(1 - centre, 0.01);
    for (let j = 0; j < STAKES.length; j += 1) {
      const stake = STAKES[j] ?? 0;
      const up = penalty(stake, below, canary.squares) + penalty(stake * weight, above, control.squares);
      const down = penalty(stake, above, canary.squares) + penalty(stake * weight, below, control.squares);
      // Where a side could lose more than its stake the block is left out; that reads counts only.
      if (up < Infinity) {
        state.upGain[j] = (state.upGain[j] ?? 0) + stake * difference - up;
        state.upUnits[j] = (state.upUnits[j] ?? 0) + stake * block.canaryN;
      }
      if (down < Infinity) {
        state.downGain[j] = (state.downGain[j] ?? 0) - stake * difference - down;
        state.downUnits[j] = (state.downUnits[j] ?? 0) + stake * block.canaryN;
      }
    }
  },
  interval(state, alpha) {
    const threshold = Math.log(2 / alpha);
    const low = crossing((d) => logMeanExp(state.upGain, state.upUnits, -d) - threshold);
    const high = -crossing((d) => logMeanExp(state.downGain, state.downUnits, -d) - threshold);
    return { low, high };
  },
};

/** Fan's penalty for scores that fall at most `reach` short of the centre; Infinity for a stake above 0.9. */
function penalty(stake: number, reach: number, squares: number): number {
  if (stake * reach > 0.9) return Infinity;
  return (fan(stake * reach) / (reach * reach)) * squares;
}

function spreadOf(scores: ScoreBlock['canary'], centre: number): { sum: number; squares: number } {
  let sum = 0;
  let squares = 0;
  for (const [score, count] of scores) {
    sum += count * score;
    squares += count * (score - centre) * (score - centre);
  }
  return { sum, squares };
}

const STAKES: readonly number[] = [0.005, 0.015, 0.05, 0.15, 0.5, 1.5, 4];
