import { ZERO_BUCKET } from '@belay/core';

/**
 * Durations in log2 buckets, 32 a doubling: bucket i holds (2^(i/32), 2^((i+1)/32)] ms. The middle of a bucket is at
 * most 1.1% from anything in it. Two neighbours make one bucket of the guards' histograms, which have 16 a doubling.
 */
export const BUCKETS_PER_DOUBLING = 32;

/** SQL of the bucket of a duration in nanoseconds. */
export function durationBucket(nanoseconds: string): string {
  return `toInt16(if(${nanoseconds} = 0, ${ZERO_BUCKET}, ceil(log2(${nanoseconds} / 1000000) * ${BUCKETS_PER_DOUBLING}) - 1))`;
}

/** Nearest-rank quantile in ms, within 1.1%; `min` and `max` (ms) are exact. Null without values. */
export function rollupQuantile(
  histogram: ReadonlyMap<number, number>,
  quantile: number,
  { min, max }: { readonly min: number; readonly max: number },
): number | null {
  const buckets = [...histogram].toSorted(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [bucket, count] of buckets) {
    passed += count;
    if (passed < quantile * total) continue;
    if (bucket === ZERO_BUCKET) return 0;
    return Math.min(max, Math.max(min, 2 ** ((bucket + 0.5) / BUCKETS_PER_DOUBLING)));
  }
  return null;
}

/** The same counts in buckets of half the number a doubling, as the guards and charts of rollouts have them. */
export function coarser(histogram: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const result = new Map<number, number>();
  for (const [bucket, count] of histogram) {
    const target = bucket === ZERO_BUCKET ? ZERO_BUCKET : Math.floor(bucket / 2);
    result.set(target, (result.get(target) ?? 0) + count);
  }
  return result;
}
