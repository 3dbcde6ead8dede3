import { ZERO_BUCKET } from '@belay/core';

/**
 * Durations in log2 buckets, 32 a doubling: bucket i holds (2^(i/32), 2^((i+1)/32)] ms, which is 2.2% wide. Two
 * neighbours make one bucket of the guards' histograms, which have 16 a doubling.
 */
export const BUCKETS_PER_DOUBLING = 32;

/** SQL of the bucket of a duration in nanoseconds. */
export function durationBucket(nanoseconds: string): string {
  return `toInt16(if(${nanoseconds} = 0, ${ZERO_BUCKET}, ceil(log2(${nanoseconds} / 1000000) * ${BUCKETS_PER_DOUBLING}) - 1))`;
}

/**
 * Values are taken to lie evenly in a bucket, so that a quantile moves smoothly; staying this far from the edges bounds
 * the error: 0.9 of a bucket's width is 1.97%.
 */
const EDGE = 0.1;

/** Nearest-rank quantile in ms, within 2%; `min` and `max` (ms) are exact. Null without values. */
export function rollupQuantile(
  histogram: ReadonlyMap<number, number>,
  quantile: number,
  { min, max }: { readonly min: number; readonly max: number },
): number | null {
  const buckets = [...histogram].filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [bucket, count] of buckets) {
    passed += count;
    if (passed < quantile * total) continue;
    if (bucket === ZERO_BUCKET) return 0;
    const place = (Math.ceil(quantile * total) - 0.5 - (passed - count)) / count;
    const inside = Math.min(1 - EDGE, Math.max(EDGE, place));
    return Math.min(max, Math.max(min, 2 ** ((bucket + inside) / BUCKETS_PER_DOUBLING)));
  }
  return null;
}

/** SQL of the same for several quantiles: an array of ms, of a map of counts by bucket and bounds in ns. Empty without values. */
export function rollupQuantiles(
  quantiles: readonly number[],
  { hist, min, max }: { readonly hist: string; readonly min: string; readonly max: string },
): string {
  const pairs = `arraySort(p -> p.1, arrayFilter(p -> p.2 > 0, arrayZip(mapKeys(${hist}), mapValues(${hist}))))`;
  const list = `[${quantiles.join(', ')}]`;
  const place = `least(${1 - EDGE}, greatest(${EDGE}, (ceil(q * sums[-1]) - 0.5 - (sums[i] - pairs[i].2)) / pairs[i].2))`;
  const value = `exp2((pairs[i].1 + ${place}) / ${BUCKETS_PER_DOUBLING})`;
  const bounded = `if(pairs[i].1 = ${ZERO_BUCKET}, 0., least(${max} / 1e6, greatest(${min} / 1e6, ${value})))`;
  const found = `arrayMap(q -> arrayFirstIndex(s -> s >= q * sums[-1], sums), ${list})`;
  return `arrayMap((pairs, sums) -> if(empty(pairs), [], arrayMap((q, i) -> ${bounded}, ${list}, ${found})),
    [${pairs}], [arrayCumSum(arrayMap(p -> p.2, ${pairs}))])[1]`;
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
