/** Where time comes from. */
export interface Clock {
  /** Unix time in milliseconds; may jump. */
  now(): number;
  /** Milliseconds since some point in the past; never goes back. */
  monotonic(): number;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
