import { murmur3 } from '@belay/core/flag';

/** Remembers about the last `capacity` keys in fixed memory, whatever their length. */
export interface RecentKeys {
  /** Whether the key was not seen within `windowMs` before `now`; if so it counts as seen now. */
  claim(key: number, now: number): boolean;
}

/**
 * Two generations of at most `capacity / 2` keys: when the young one is full it becomes the old one, and the old one
 * is forgotten. So at least the last `capacity / 2` and at most `capacity` distinct keys are known.
 */
export function createRecentKeys(capacity: number, windowMs: number): RecentKeys {
  const half = Math.max(1, Math.floor(capacity / 2));
  let young = new Map<number, number>();
  let old = new Map<number, number>();
  return {
    claim(key, now) {
      const seenAt = young.get(key) ?? old.get(key);
      if (seenAt !== undefined && now - seenAt < windowMs) return false;
      if (young.size >= half && !young.has(key)) {
        old = young;
        young = new Map();
      }
      young.set(key, now);
      return true;
    },
  };
}

/**
 * Turns the unit keys of one scope into 53-bit numbers, so that no key is kept in clear and memory does not depend on
 * its length. Among 50 000 keys the chance of any collision is about 1.4e-7.
 */
export function createFingerprint(scope: string): (key: string) => number {
  const seed = murmur3(scope);
  return (key) => murmur3(key, seed) * 0x200000 + (murmur3(key, ~seed) >>> 11);
}
