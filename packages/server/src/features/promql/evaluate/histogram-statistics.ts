import { bucketsOf } from './native-histogram.ts';
import type { Bucket, NativeHistogram } from './native-histogram.ts';

/** Bounds of the bucket that holds zero, narrowed where all other buckets lie on one side. */
function boundsOf({ lower, upper }: Bucket, { positive, negative }: NativeHistogram): [number, number] {
  const spansZero = lower <= 0 && upper >= 0;
  if (spansZero && negative.counts.length === 0 && positive.counts.length > 0) return [0, upper];
  if (spansZero && positive.counts.length === 0 && negative.counts.length > 0) return [lower, 0];
  return [lower, upper];
}

/** Interpolates within a bucket: exponentially, since its neighbours grow so, and linearly across zero. */
function valueWithin([lower, upper]: readonly [number, number], share: number): number {
  if (lower <= 0 && upper >= 0) return lower + (upper - lower) * share;
  if (lower > 0) return lower * (upper / lower) ** share;
  return upper * (lower / upper) ** (1 - share);
}

function shareWithin([lower, upper]: readonly [number, number], value: number): number {
  if (value <= lower) return 0;
  if (value >= upper) return 1;
  if (lower <= 0 && upper >= 0) return (value - lower) / (upper - lower);
  if (lower > 0) return Math.log(value / lower) / Math.log(upper / lower);
  return 1 - Math.log(value / upper) / Math.log(lower / upper);
}

/** Quantile of a native histogram; NaN when it is empty. */
export function nativeQuantile(q: number, histogram: NativeHistogram): number {
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (histogram.count === 0 || Number.isNaN(q)) return NaN;
  const rank = q * histogram.count;
  let passed = 0;
  let bounds: [number, number] = [NaN, NaN];
  for (const bucket of bucketsOf(histogram)) {
    bounds = boundsOf(bucket, histogram);
    if (passed + bucket.count >= rank) return valueWithin(bounds, (rank - passed) / bucket.count);
    passed += bucket.count;
  }
  // NaN observations count, but lie in no bucket.
  return bounds[1];
}

/** Share of the observations between two values. */
export function nativeFraction(lower: number, upper: number, histogram: NativeHistogram): number {
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  let within = 0;
  for (const bucket of bucketsOf(histogram)) {
    const bounds = boundsOf(bucket, histogram);
    within += bucket.count * (shareWithin(bounds, upper) - shareWithin(bounds, lower));
  }
  return within / histogram.count;
}

/** Variance, each bucket standing at its geometric middle. */
export function nativeVariance(histogram: NativeHistogram): number {
  const mean = histogram.sum / histogram.count;
  let squares = 0;
  for (const { lower, upper, count } of bucketsOf(histogram)) {
    const middle = lower <= 0 && upper >= 0 ? 0 : Math.sign(upper) * Math.sqrt(lower * upper);
    squares += count * (middle - mean) ** 2;
  }
  return squares / histogram.count;
}

/** A bucket of a classic histogram: all observations up to its bound. */
export interface ClassicBucket {
  readonly upper: number;
  readonly count: number;
}

/** Smaller differences between neighbouring buckets are rounding, not observations. */
const SMALL_DIFFERENCE = 1e-12;

/** Quantile of a classic histogram (Prometheus' `bucketQuantile`); buckets sorted by bound. */
export function classicQuantile(q: number, buckets: readonly ClassicBucket[]): { value: number; isForced: boolean } {
  const answer = (value: number, isForced = false): { value: number; isForced: boolean } => ({ value, isForced });
  if (Number.isNaN(q)) return answer(NaN);
  if (q < 0) return answer(-Infinity);
  if (q > 1) return answer(Infinity);
  if (buckets.at(-1)?.upper !== Infinity) return answer(NaN);
  const { bounds, counts, isForced } = monotonic(buckets);
  const last = bounds.length - 1;
  const total = counts[last] ?? 0;
  if (last < 1 || total === 0 || Number.isNaN(total)) return answer(NaN);
  let rank = q * total;
  let at = 0;
  while (at < last && !((counts[at] ?? 0) >= rank)) at += 1;
  if (at === last) return answer(bounds[last - 1] ?? NaN, isForced);
  const end = bounds[at] ?? NaN;
  if (at === 0 && end <= 0) return answer(end, isForced);
  const start = at === 0 ? 0 : (bounds[at - 1] ?? 0);
  const below = at === 0 ? 0 : (counts[at - 1] ?? 0);
  rank -= below;
  return answer(start + (end - start) * (rank / ((counts[at] ?? 0) - below)), isForced);
}

/** Joins buckets of the same bound and lifts counts that fall, which rounding and races of scraping make. */
function monotonic(buckets: readonly ClassicBucket[]): { bounds: number[]; counts: number[]; isForced: boolean } {
  const bounds: number[] = [];
  const counts: number[] = [];
  for (const { upper, count } of buckets) {
    if (bounds.at(-1) === upper) counts[counts.length - 1] = (counts.at(-1) ?? 0) + count;
    else {
      bounds.push(upper);
      counts.push(count);
    }
  }
  let isForced = false;
  for (let at = 1; at < counts.length; at += 1) {
    const before = counts[at - 1] ?? 0;
    const now = counts[at] ?? 0;
    if (now === before) continue;
    if (Math.abs(now - before) <= SMALL_DIFFERENCE * Math.abs(now)) counts[at] = before;
    else if (now < before) {
      counts[at] = before;
      isForced = true;
    }
  }
  return { bounds, counts, isForced };
}

/** Share of the observations of a classic histogram between two values; buckets sorted by bound. */
export function classicFraction(lower: number, upper: number, buckets: readonly ClassicBucket[]): number {
  if (buckets.at(-1)?.upper !== Infinity) return NaN;
  const { bounds, counts } = monotonic(buckets);
  const total = counts.at(-1) ?? 0;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const below = (value: number): number => {
    let at = 0;
    while (at < bounds.length && (bounds[at] ?? 0) <= value) at += 1;
    const passed = at === 0 ? 0 : (counts[at - 1] ?? 0);
    const end = bounds[at] ?? Infinity;
    const start = at === 0 ? (end > 0 ? 0 : -Infinity) : (bounds[at - 1] ?? 0);
    if (at >= bounds.length || value <= start || !Number.isFinite(end) || !Number.isFinite(start)) return passed;
    return passed + ((counts[at] ?? 0) - passed) * ((value - start) / (end - start));
  };
  return (below(upper) - below(lower)) / total;
}
