import { bucketUpperBound, type Histogram, ZERO_BUCKET } from '../histogram.ts';

/** `[bucketIndex, count]` pairs in ascending order of index. */
export type Buckets = readonly (readonly [index: number, count: number])[];

/** Pairs of a histogram in ascending order, whatever order its rows arrived in. Empty buckets are left out. */
export function bucketPairsOf(histogram: Histogram): [number, number][] {
  const pairs: [number, number][] = [];
  for (const [index, count] of histogram) if (count > 0) pairs.push([index, count]);
  return pairs.sort((x, y) => x[0] - y[0]);
}

/** Adds `factor` times the counts (rounded to integers) to a sorted list in place. */
export function addBuckets(target: [number, number][], pairs: Buckets, factor: number = 1): void {
  let at = 0;
  for (const [index, count] of pairs) {
    const added = factor === 1 ? count : Math.round(count * factor);
    while (at < target.length && (target[at]?.[0] ?? 0) < index) at += 1;
    const found = target[at];
    if (found !== undefined && found[0] === index) found[1] += added;
    else target.splice(at, 0, [index, added]);
  }
}

/** Sum of counts. */
export function totalOf(pairs: Buckets): number {
  let total = 0;
  for (const pair of pairs) total += pair[1];
  return total;
}

/** Counts in buckets above `index`. */
export function countAbove(pairs: Buckets, index: number): number {
  let count = 0;
  for (let i = pairs.length - 1; i >= 0; i -= 1) {
    const pair = pairs[i];
    if (pair === undefined || pair[0] <= index) break;
    count += pair[1];
  }
  return count;
}

/** Smallest bucket index at or below which a share `quantile` of the counts lies; undefined when empty. */
export function quantileBucket(pairs: Buckets, quantile: number): number | undefined {
  const wanted = quantile * totalOf(pairs);
  let sum = 0;
  for (const [index, count] of pairs) {
    sum += count;
    if (sum >= wanted) return index;
  }
  return pairs.at(-1)?.[0];
}

/** Quantile in the unit of the values, interpolated within its bucket in log; undefined when empty. */
export function quantileValue(pairs: Buckets, quantile: number): number | undefined {
  const wanted = quantile * totalOf(pairs);
  let sum = 0;
  for (const [index, count] of pairs) {
    if (sum + count >= wanted) {
      if (index === ZERO_BUCKET) return 0;
      const upper = bucketUpperBound(index);
      const lower = upper / BUCKET_RATIO;
      return lower * (upper / lower) ** (count === 0 ? 1 : (wanted - sum) / count);
    }
    sum += count;
  }
  const last = pairs.at(-1);
  return last === undefined ? undefined : bucketUpperBound(last[0]);
}

/** Value that stands for a bucket: its geometric middle; 0 for zero and negative values. */
export function bucketMiddle(index: number): number {
  return index === ZERO_BUCKET ? 0 : 2 ** ((index + 0.5) / 16);
}

const BUCKET_RATIO = 2 ** (1 / 16);
