/** How results of checks become states and messages. Times in milliseconds. */
export interface NoiseRules {
  /** Failures in a row after which a check is down. */
  readonly failsBeforeDown: number;
  /** Time of failing after which it is down too, with at least two failures: one failure alone never is an outage. */
  readonly downAfterMs: number;
  /** Good results in a row before it is up again; more are asked for, up to `mostGoodBeforeUp`, when it was restless. */
  readonly goodBeforeUp: number;
  readonly mostGoodBeforeUp: number;
  /** Least time of good results before it is up again. */
  readonly upAfterMs: number;
  /** Results that are looked back on. */
  readonly window: number;
  /** Changes between good and bad within the window that make a check flapping... */
  readonly flappingTransitions: number;
  /** ...where at least so many failed and so many passed: single results among others, either way, do not count. */
  readonly flappingEither: number;
  /** Confirmed changes between up and down within `restlessMs` that make a slowly flapping check flapping. */
  readonly restlessChanges: number;
  readonly restlessMs: number;
  /** Time without a change (single results aside) after which a flapping check is up or down again. */
  readonly stableMs: number;
  /** Time without a result after which earlier results say nothing any more. */
  readonly forgetMs: number;
  /** An incident that goes on is told again after this time, at most `mostReminders` times. */
  readonly reminderMs: number;
  readonly mostReminders: number;
  /** Longest wait for a result of a check that this one depends on, before it is told of by itself. */
  readonly parentWaitMs: number;
}

/** Rules of Naemon, Gatus and Kubernetes put together: 3 failures or 60 s, 2 to 5 good and 60 s, 4 changes of 21. */
export const defaultNoiseRules: NoiseRules = {
  failsBeforeDown: 3,
  downAfterMs: 60_000,
  goodBeforeUp: 2,
  mostGoodBeforeUp: 5,
  upAfterMs: 60_000,
  window: 21,
  flappingTransitions: 4,
  flappingEither: 4,
  restlessChanges: 3,
  restlessMs: 1_800_000,
  stableMs: 900_000,
  forgetMs: 900_000,
  reminderMs: 3_600_000,
  mostReminders: 2,
  parentWaitMs: 30_000,
};
