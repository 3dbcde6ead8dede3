import { HARM_ODDS, MAX_LOG_E } from './binary-processes.ts';
import { addMass, mixtureE, multiply, startMixture } from './mixture.ts';
import type { MixtureState } from './process-types.ts';

/** Events of both sides in one block, without denominators. */
export interface EventCounts {
  readonly canary: number;
  readonly control: number;
}

/** The bet: `share` of events expected from the canary under the null, (0, 1), and the rate ratio bet on, > 0. */
export interface CountBet {
  readonly share: number;
  readonly ratio: number;
}

/**
 * Log e-value of one block of event counts: the canary's share of events is `share` if both sides produce events at
 * the same rate per unit, and `share * ratio / (1 - share + share * ratio)` if the canary's rate is `ratio` times
 * control's. A ratio below 1 bets on fewer events.
 */
export function blockLogECounts(counts: EventCounts, bet: CountBet): number {
  const { share, ratio } = bet;
  const other = (share * ratio) / (1 - share + share * ratio);
  return counts.canary * Math.log(other / share) + counts.control * Math.log((1 - other) / (1 - share));
}

/** State of a count guard: harm as a mixture, safety as one log e-value of the current stage. Plain JSON. */
export interface CountState {
  harm: MixtureState;
  safeLogE: number;
}

/** What a count process needs besides its state. */
export interface CountOptions {
  /** Canary's share of the units of this block, (0, 1). */
  readonly share: number;
  readonly harmful: 'up' | 'down';
  readonly eta?: number;
}

/** Folds of a count guard. States are plain JSON and are changed in place. */
export interface CountProcess {
  start(): CountState;
  addMass(state: CountState, mass: number): void;
  restartSafe(state: CountState): void;
  fold(state: CountState, counts: EventCounts, options: CountOptions): void;
  eValue(state: CountState): number;
  safeE(state: CountState): number;
}

/** "The canary produces more (or fewer) events than its share": same effect grid as rates (1.5). */
export const Count: CountProcess = {
  start: () => ({ harm: startMixture(HARM_ODDS.length), safeLogE: 0 }),
  addMass: (state, mass) => addMass(state.harm, mass),
  restartSafe(state) {
    state.safeLogE = 0;
  },
  fold(state, counts, options) {
    const { share, harmful, eta = 1 } = options;
    for (let j = 0; j < HARM_ODDS.length; j += 1) {
      const factor = HARM_ODDS[j] ?? 1;
      const ratio = harmful === 'up' ? factor : 1 / factor;
      multiply(state.harm, j, eta * blockLogECounts(counts, { share, ratio }));
    }
    const margin = harmful === 'up' ? SAFE_MARGIN : 1 / SAFE_MARGIN;
    const shareAtMargin = (share * margin) / (1 - share + share * margin);
    state.safeLogE += eta * blockLogECounts(counts, { share: shareAtMargin, ratio: 1 / margin });
  },
  eValue: (state) => mixtureE(state.harm),
  safeE: (state) => Math.exp(Math.min(state.safeLogE, MAX_LOG_E)),
};

/** A fifth more (or fewer) events than control counts as harm that safety must exclude. */
const SAFE_MARGIN = 1.2;
