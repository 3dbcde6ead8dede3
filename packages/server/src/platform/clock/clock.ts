/** The time of day. Everything that needs the time gets one; only tests give another. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
