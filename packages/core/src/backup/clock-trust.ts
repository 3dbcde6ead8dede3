/** How long the wall clock has gone on without a step; kept across restarts. */
export interface ClockTrust {
  /** Unix ms of the last look. */
  readonly seenAt: number;
  /** Unix ms since which the clock went evenly, by the clock itself. */
  readonly evenSince: number;
}

/** A look at both clocks. */
export interface ClockLook {
  /** Unix ms. */
  readonly now: number;
  /** Milliseconds since the last look by a clock that never steps; null when the process was started in between. */
  readonly elapsedMs: number | null;
}

/** Steps up to this size are what NTP and leap seconds do; larger ones are not believed. */
export const CLOCK_STEP_MS = 3_600_000;

/**
 * Follows the wall clock. A step of more than an hour in either direction, or an hour and more without a look across a
 * restart (which could hide one), makes trust begin anew: nothing is deleted until the clock has gone evenly for a while.
 */
export function nextClockTrust(trust: ClockTrust | null, { now, elapsedMs }: ClockLook): ClockTrust {
  if (trust === null) return { seenAt: now, evenSince: now };
  const step = now - trust.seenAt - (elapsedMs ?? 0);
  // Going back a little across a restart cannot be told from a quick restart after a small correction.
  const isEven = Math.abs(step) <= CLOCK_STEP_MS;
  return { seenAt: now, evenSince: isEven ? Math.min(trust.evenSince, now) : now };
}
