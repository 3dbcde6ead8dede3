/** State of a start-mixture e-process against "the canary's rate is at most the tolerated one". Plain JSON. */
export interface HarmState {
  /** Capital per alternative, started mass included. */
  m: number[];
  /** Mass that has not started yet. */
  rest: number;
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

/** State of a one-sample e-process against "the canary's rate is at most the limit". Plain JSON. */
export interface CeilingState {
  m: number[];
  rest: number;
}

/** State of an e-process on event counts without denominators. Plain JSON. */
export interface CountState {
  m: number[];
  rest: number;
}
