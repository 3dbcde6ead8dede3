import { BLOCK_DECAY, MAX_LOG_E } from './binary-processes.ts';
import type { Tolerance } from './engine-types.ts';
import { blockLogEValues, meanBet, type ScoreCounts } from './mean-bet.ts';
import { addMass, mixtureE, multiply, startMixture } from './mixture.ts';
import type { MeanHarmState, MeanSafeState } from './process-types.ts';

/** One block of scores in [0, 1]; counts add up to `canaryN` and `controlN`. */
export interface ScoreBlock {
  readonly canaryN: number;
  readonly controlN: number;
  readonly canary: ScoreCounts;
  readonly control: ScoreCounts;
}

/** What control's scores looked like before the rollout; weighs as much as 200 units. */
export interface ScorePrior {
  readonly mean: number;
  readonly variance: number;
}

/** What a process on means needs besides its state. */
export interface MeanOptions {
  readonly tolerance: Tolerance;
  readonly prior: ScorePrior;
}

/** Means of the canary that the bets expect, given control's mean; one per alternative. */
export interface MeanHarmOptions extends MeanOptions {
  readonly alternatives: (controlMean: number) => readonly number[];
}

/** Mean of the canary that the bet expects, given control's mean. */
export interface MeanSafeOptions extends MeanOptions {
  readonly expected: (controlMean: number) => number;
}

/** Folds of an e-process of harm on means of scores. States are plain JSON and are changed in place. */
export interface MeanHarmProcess {
  start(alternatives: number): MeanHarmState;
  addMass(state: MeanHarmState, mass: number): void;
  fold(state: MeanHarmState, block: ScoreBlock, options: MeanHarmOptions): void;
  eValue(state: MeanHarmState): number;
}

/** "The canary's mean is worse than tolerated": a mixture over shifts and start times, bet on the values (1.5). */
export const MeanHarm: MeanHarmProcess = {
  start: (alternatives) => ({ ...startMixture(alternatives), n0: 0, sum0: 0, square0: 0 }),
  addMass,
  fold(state, block, options) {
    const { mean, variance } = controlScore(state, options.prior);
    options.alternatives(mean).forEach((expected, j) => {
      if (state.m[j] === 0) return;
      const canaryMean = Math.min(0.999, expected);
      if (canaryMean <= options.tolerance.points + options.tolerance.ratio * mean) return;
      multiply(state, j, meanLogE(block, { canaryMean, controlMean: mean, variance }, options.tolerance));
    });
    learnScores(state, block);
  },
  eValue: mixtureE,
};

/** Folds of an e-process against "the mean is worse by at least the margin"; restarted at every stage. */
export interface MeanSafeProcess {
  start(): MeanSafeState;
  fold(state: MeanSafeState, block: ScoreBlock, options: MeanSafeOptions): void;
  eValue(state: MeanSafeState): number;
}

/** "The canary's mean is certainly not worse by the margin" (1.7). */
export const MeanSafe: MeanSafeProcess = {
  start: () => ({ logE: 0, n0: 0, sum0: 0, square0: 0 }),
  fold(state, block, options) {
    const { mean, variance } = controlScore(state, options.prior);
    const canaryMean = Math.max(0.001, options.expected(mean));
    if (canaryMean < options.tolerance.points + options.tolerance.ratio * mean) {
      state.logE += meanLogE(block, { canaryMean, controlMean: mean, variance }, options.tolerance);
    }
    learnScores(state, block);
  },
  eValue: (state) => Math.exp(Math.min(state.logE, MAX_LOG_E)),
};

interface Expectation {
  readonly canaryMean: number;
  readonly controlMean: number;
  readonly variance: number;
}

function meanLogE(block: ScoreBlock, expectation: Expectation, tolerance: Tolerance): number {
  const { canaryN, controlN } = block;
  if (canaryN === 0 || controlN === 0) return 0;
  return blockLogEValues(block.canary, block.control, meanBet({ canaryN, controlN, ...expectation, tolerance }));
}

function controlScore(state: MeanSafeOrHarm, prior: ScorePrior): ScorePrior {
  const n = PRIOR_UNITS + state.n0;
  const mean = (prior.mean * PRIOR_UNITS + state.sum0) / n;
  const squares = ((prior.variance + prior.mean * prior.mean) * PRIOR_UNITS + state.square0) / n;
  return { mean, variance: Math.max(squares - mean * mean, MIN_VARIANCE) };
}

function learnScores(state: MeanSafeOrHarm, block: ScoreBlock): void {
  let sum = 0;
  let squares = 0;
  for (const [score, count] of block.control) {
    sum += count * score;
    squares += count * score * score;
  }
  state.n0 = state.n0 * BLOCK_DECAY + block.controlN;
  state.sum0 = state.sum0 * BLOCK_DECAY + sum;
  state.square0 = state.square0 * BLOCK_DECAY + squares;
}

type MeanSafeOrHarm = Pick<MeanHarmState, 'n0' | 'sum0' | 'square0'>;

const PRIOR_UNITS = 200;
const MIN_VARIANCE = 1e-6;
