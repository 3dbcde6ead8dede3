import type { MixtureState } from './process-types.ts';

/** A mixture of `alternatives` bets of which nothing has started: its e-value is 1. */
export function startMixture(alternatives: number): MixtureState {
  return { m: Array.from({ length: alternatives }, () => 0), rest: 1 };
}

/** Lets `mass` of the capital that still waits start betting from now on (harm that sets in late). */
export function addMass(state: MixtureState, mass: number): void {
  const moved = Math.min(mass, state.rest);
  if (!(moved > 0)) return;
  state.rest -= moved;
  const each = moved / state.m.length;
  for (let j = 0; j < state.m.length; j += 1) state.m[j] = (state.m[j] ?? 0) + each;
}

/** Multiplies the capital of one alternative by exp(logE). */
export function multiply(state: MixtureState, alternative: number, logE: number): void {
  // The cap keeps JSON free of Infinity when filters delay a decision; a smaller e-value stays valid.
  state.m[alternative] = Math.min((state.m[alternative] ?? 0) * Math.exp(logE), 1e280);
}

/** E-value of a mixture: what has not started plus the capital of all alternatives. */
export function mixtureE(state: MixtureState): number {
  let sum = state.rest;
  for (const capital of state.m) sum += capital;
  return sum;
}
