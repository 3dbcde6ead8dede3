/** Counts attempts per key and says how long to wait once they are too many. */
export interface RateLimit {
  /** Takes one; 0 when allowed, otherwise seconds until the next is. */
  take(key: string): number;
}

interface RateLimitOptions {
  readonly clock: { now(): number };
  readonly perMinute: number;
  /** How many may come at once. */
  readonly burst: number;
  /** Keys remembered; the ones longest unused are forgotten first. */
  readonly keys?: number;
}

interface Bucket {
  left: number;
  at: number;
}

/** Token buckets, bounded in number. */
export function createRateLimit({ clock, perMinute, burst, keys = 10_000 }: RateLimitOptions): RateLimit {
  const buckets = new Map<string, Bucket>();
  const perMs = perMinute / 60_000;
  return {
    take(key) {
      const now = clock.now();
      const bucket = buckets.get(key) ?? { left: burst, at: now };
      const left = Math.min(burst, bucket.left + Math.max(0, now - bucket.at) * perMs);
      const wait = left >= 1 ? 0 : Math.ceil((1 - left) / perMs / 1000);
      // Deleting first moves the key to the end, so that the first key is the one longest unused.
      buckets.delete(key);
      buckets.set(key, { left: wait === 0 ? left - 1 : left, at: now });
      if (buckets.size > keys) forgetOldest(buckets);
      return wait;
    },
  };
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  const oldest = buckets.keys().next();
  if (oldest.done !== true) buckets.delete(oldest.value);
}
