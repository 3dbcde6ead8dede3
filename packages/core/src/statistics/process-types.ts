/** State of a start-mixture e-process of harm: capital per alternative and what has not started yet. Plain JSON. */
export interface MixtureState {
  m: number[];
  rest: number;
}

/** State of an e-process against "the canary's rate is at most the tolerated one". Plain JSON. */
export interface HarmState extends MixtureState {
  /** Decayed control counts behind the estimate of control's rate. */
  n0: number;
  x0: number;
}

/** State of an e-process against "the canary's rate is at least the margin". Plain JSON. */
export interface SafeState {
  logE: number;
  n0: number;
  x0: number;
}

/** State of an e-process on means of scores in [0, 1]. Plain JSON. */
export interface MeanHarmState extends MixtureState {
  n0: number;
  sum0: number;
  square0: number;
}

/** State of an e-process against "the mean differs by at least the margin". Plain JSON. */
export interface MeanSafeState {
  logE: number;
  n0: number;
  sum0: number;
  square0: number;
}
