/** So many a second, and twice as many at once after a rest. */
export interface RateLimit {
  /** Whether one more is within the limit. */
  take(): boolean;
}

/** A token bucket; `monotonic` gives milliseconds. */
export function createRateLimit(perSecond: number, monotonic: () => number): RateLimit {
  const most = perSecond * 2;
  let tokens = most;
  let seenAt = monotonic();
  return {
    take() {
      const now = monotonic();
      tokens = Math.min(most, tokens + ((now - seenAt) / 1000) * perSecond);
      seenAt = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
