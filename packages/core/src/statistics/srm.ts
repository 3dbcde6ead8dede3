/** State of the sample-ratio check: one log e-value per alternative split. Plain JSON. */
export interface SrmState {
  logE: number[];
  canary: number;
  control: number;
  expectedCanary: number;
}

/** First exposures of one block and the share planned for it. */
export interface SrmBlock {
  readonly canary: number;
  readonly control: number;
  /** Planned share of the canary, (0, 1). */
  readonly share: number;
}

/** Folds of the sample-ratio check. States are plain JSON and are changed in place. */
export interface SrmProcess {
  start(): SrmState;
  fold(state: SrmState, block: SrmBlock): void;
  /** E-value of "the split is not the planned one"; 1000 and more voids the evidence. */
  eValue(state: SrmState): number;
}

/** Sample-ratio check on first exposures, at any moment and with stages of different shares (1.9). */
export const Srm: SrmProcess = {
  start: () => ({ logE: ODDS.map(() => 0), canary: 0, control: 0, expectedCanary: 0 }),
  fold(state, { canary, control, share }) {
    for (let j = 0; j < ODDS.length; j += 1) {
      const odds = ODDS[j] ?? 1;
      const other = (share * odds) / (1 - share + share * odds);
      const step = canary * Math.log(other / share) + control * Math.log((1 - other) / (1 - share));
      state.logE[j] = (state.logE[j] ?? 0) + step;
    }
    state.canary += canary;
    state.control += control;
    state.expectedCanary += share * (canary + control);
  },
  eValue: (state) => state.logE.reduce((sum, logE) => sum + Math.exp(Math.min(logE, 600)), 0) / ODDS.length,
};

const ODDS: readonly number[] = [0.5, 0.8, 0.9, 0.95, 1 / 0.95, 1 / 0.9, 1.25, 2];
