import { blockLogE, EQUAL, type BlockCounts } from './block-log-e.ts';
import type { Tolerance } from './engine-types.ts';
import { addMass, mixtureE, multiply, startMixture } from './mixture.ts';
import type { HarmState, MixtureState, SafeState } from './process-types.ts';

/** What a binary process needs besides its state; the same for every block except `eta`. */
export interface BinaryOptions {
  /** Null: canary's rate <= points + ratio * control (harm) or >= (safe). Default: equal rates. */
  readonly tolerance?: Tolerance;
  /** Control's rate before the rollout, weighing as much as 200 units; default 0.01. */
  readonly prior?: number;
  /** Tempering exponent in (0, 1] for dependent units; default 1. */
  readonly eta?: number;
}

/** Options of {@link SafeBinary}. */
export interface SafeOptions extends BinaryOptions {
  /** Canary's rate that the bet expects, as a multiple of control's; default 1 (no change). */
  readonly expectedRatio?: number;
}

/** Odds ratios of the alternatives over the tolerated rate: from a fifth more to fifty times. */
export const HARM_ODDS: readonly number[] = [1.2, 1.5, 2.1, 3.5, 10, 50];

const CEILING_ODDS: readonly number[] = [1.5, 2.5, 5];
const PRIOR_UNITS = 200;
const DEFAULT_PRIOR = 0.01;

/** Weight of an older block relative to the next: a half-life of 600 blocks. */
export const BLOCK_DECAY: number = 2 ** (-1 / 600);

/** Folds of an e-process of harm on binary outcomes. States are plain JSON and are changed in place. */
export interface HarmBinaryProcess {
  /** A process that has seen nothing; its e-value is 1. */
  start(): HarmState;
  /** Lets a part of the capital start betting with the next block. */
  addMass(state: HarmState, mass: number): void;
  /** Plays one block in which both sides have units. */
  fold(state: HarmState, counts: BlockCounts, options?: BinaryOptions): void;
  /** E-value so far, >= 0; by Ville's inequality it ever reaches 1/alpha with chance <= alpha under the null. */
  eValue(state: HarmState): number;
}

/** "The canary is worse than tolerated": mixture over six effect sizes and over start times (1.3, 1.4). */
export const HarmBinary: HarmBinaryProcess = {
  start: () => ({ ...startMixture(HARM_ODDS.length), n0: 0, x0: 0 }),
  addMass,
  fold(state, counts, options = {}) {
    const { tolerance = EQUAL, eta = 1 } = options;
    const control = controlRate(state, options.prior ?? DEFAULT_PRIOR);
    const line = clamp(tolerance.points + tolerance.ratio * control, 1e-9);
    const odds = line / (1 - line);
    for (let j = 0; j < HARM_ODDS.length; j += 1) {
      if (state.m[j] === 0) continue;
      const canary = fromOdds(odds * (HARM_ODDS[j] ?? 1));
      multiply(state, j, eta * blockLogE(counts, { canary, control }, tolerance));
    }
    learnControl(state, counts);
  },
  eValue: mixtureE,
};

/** Folds of an e-process against "harm of at least the margin"; restarted at every stage. */
export interface SafeBinaryProcess {
  start(): SafeState;
  fold(state: SafeState, counts: BlockCounts, options: SafeOptions): void;
  eValue(state: SafeState): number;
}

/** "The canary is certainly not worse by the margin": one alternative, canary equals control (1.7). */
export const SafeBinary: SafeBinaryProcess = {
  start: () => ({ logE: 0, n0: 0, x0: 0 }),
  fold(state, counts, options) {
    const { tolerance = EQUAL, eta = 1, expectedRatio = 1 } = options;
    const control = controlRate(state, options.prior ?? DEFAULT_PRIOR);
    const canary = clamp(control * expectedRatio, 1e-9);
    if (canary < tolerance.points + tolerance.ratio * control) {
      state.logE += eta * blockLogE(counts, { canary, control }, tolerance);
    }
    learnControl(state, counts);
  },
  eValue: (state) => Math.exp(Math.min(state.logE, MAX_LOG_E)),
};

/** Folds of a one-sample e-process against a fixed limit: goes on when control is silent. */
export interface CeilingBinaryProcess {
  start(): MixtureState;
  addMass(state: MixtureState, mass: number): void;
  fold(state: MixtureState, counts: CanaryCounts, options: { readonly limit: number; readonly eta?: number }): void;
  eValue(state: MixtureState): number;
}

/** The canary's side of a block. */
export type CanaryCounts = Pick<BlockCounts, 'canaryN' | 'canaryBad'>;

/** "The canary's rate is above the limit", whatever control does (1.5): odds 1.5, 2.5 and 5 times the limit's. */
export const CeilingBinary: CeilingBinaryProcess = {
  start: () => startMixture(CEILING_ODDS.length),
  addMass,
  fold(state, counts, options) {
    const { limit, eta = 1 } = options;
    for (let j = 0; j < CEILING_ODDS.length; j += 1) {
      const canary = fromOdds((limit / (1 - limit)) * (CEILING_ODDS[j] ?? 1));
      multiply(state, j, eta * oneSampleLogE(counts, canary, limit));
    }
  },
  eValue: mixtureE,
};

/** Log likelihood ratio of the canary's outcomes at rate `p` against rate `q`, both in (0, 1). */
export function oneSampleLogE(counts: CanaryCounts, p: number, q: number): number {
  const good = counts.canaryN - counts.canaryBad;
  return counts.canaryBad * Math.log(p / q) + good * (Math.log1p(-p) - Math.log1p(-q));
}

/** E-values are reported up to this logarithm; beyond it nobody needs the difference. */
export const MAX_LOG_E = 600;

function controlRate(state: { readonly n0: number; readonly x0: number }, prior: number): number {
  return clamp((prior * PRIOR_UNITS + state.x0) / (PRIOR_UNITS + state.n0), 1e-6);
}

function learnControl(state: { n0: number; x0: number }, counts: BlockCounts): void {
  state.n0 = state.n0 * BLOCK_DECAY + counts.controlN;
  state.x0 = state.x0 * BLOCK_DECAY + counts.controlBad;
}

function fromOdds(odds: number): number {
  return odds / (1 + odds);
}

function clamp(value: number, edge: number): number {
  return Math.max(edge, Math.min(1 - edge, value));
}
