/** Shortest silence that is noticed, in milliseconds. */
const LEAST_SILENCE_MS = 90_000;

/** Who should be heard of, how often, and when it last was. Milliseconds. */
export interface Heartbeat {
  readonly lastAt: number;
  readonly everyMs: number;
}

/** How long it may be silent: three times its rhythm, and at least 90 s. */
export function silenceLimitMs(everyMs: number): number {
  return Math.max(LEAST_SILENCE_MS, 3 * everyMs);
}

/**
 * Whether it is silent for too long. `watchedSince` is when whoever looks began to look without a pause (its start, or
 * the end of a sleep or clock jump): nobody can have been silent to somebody who was away.
 */
export function isSilent(
  { lastAt, everyMs }: Heartbeat,
  { now, watchedSince }: { readonly now: number; readonly watchedSince: number },
): boolean {
  return now - Math.max(lastAt, watchedSince) > silenceLimitMs(everyMs);
}
