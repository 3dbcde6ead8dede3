/** A histogram with exponential buckets, as OTLP sends it (Prometheus: native histogram). */
export interface NativeHistogram {
  /** Buckets grow by `2 ** (2 ** -scale)`. */
  readonly scale: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  /** Values up to this far from zero are in the zero bucket. */
  readonly zeroThreshold: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

/** Bucket `i` holds `(base ** i, base ** (i + 1)]`; `counts[0]` is bucket `offset`. */
export interface Buckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** One bucket with its bounds. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** All filled buckets from the least to the greatest value. */
export function bucketsOf(histogram: NativeHistogram): Bucket[] {
  const { scale, zeroCount, zeroThreshold, positive, negative } = histogram;
  const result: Bucket[] = [];
  const bound = (index: number): number => 2 ** (index * 2 ** -scale);
  for (let at = negative.counts.length - 1; at >= 0; at -= 1) {
    const count = negative.counts[at] ?? 0;
    const index = negative.offset + at;
    if (count !== 0) result.push({ lower: -bound(index + 1), upper: -bound(index), count });
  }
  if (zeroCount !== 0) result.push({ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });
  positive.counts.forEach((count, at) => {
    const index = positive.offset + at;
    if (count !== 0) result.push({ lower: bound(index), upper: bound(index + 1), count });
  });
  return result;
}

/** With coarser buckets; each halving of the resolution joins two neighbours. */
export function atScale(histogram: NativeHistogram, scale: number): NativeHistogram {
  const halvings = histogram.scale - scale;
  if (halvings <= 0) return histogram;
  const { positive, negative } = histogram;
  return { ...histogram, scale, positive: coarser(positive, halvings), negative: coarser(negative, halvings) };
}

function coarser({ offset, counts }: Buckets, halvings: number): Buckets {
  if (counts.length === 0) return { offset: 0, counts };
  const first = Math.floor(offset / 2 ** halvings);
  const last = Math.floor((offset + counts.length - 1) / 2 ** halvings);
  const joined = Array.from({ length: last - first + 1 }, () => 0);
  counts.forEach((count, at) => {
    const index = Math.floor((offset + at) / 2 ** halvings) - first;
    joined[index] = (joined[index] ?? 0) + count;
  });
  return { offset: first, counts: joined };
}

/** `a + factor * b`, at the coarser of the two resolutions. */
export function addHistograms(a: NativeHistogram, b: NativeHistogram, factor = 1): NativeHistogram {
  const scale = Math.min(a.scale, b.scale);
  const zeroThreshold = Math.max(a.zeroThreshold, b.zeroThreshold);
  const left = withZeroThreshold(atScale(a, scale), zeroThreshold);
  const right = withZeroThreshold(atScale(b, scale), zeroThreshold);
  return {
    scale,
    zeroThreshold,
    count: left.count + factor * right.count,
    sum: left.sum + factor * right.sum,
    zeroCount: left.zeroCount + factor * right.zeroCount,
    positive: addBuckets(left.positive, right.positive, factor),
    negative: addBuckets(left.negative, right.negative, factor),
  };
}

function addBuckets(a: Buckets, b: Buckets, factor: number): Buckets {
  if (b.counts.length === 0) return a;
  if (a.counts.length === 0) return { offset: b.offset, counts: b.counts.map((count) => factor * count) };
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.counts.length, b.offset + b.counts.length);
  const counts = Array.from(
    { length: end - offset },
    (_, at) => (a.counts[offset + at - a.offset] ?? 0) + factor * (b.counts[offset + at - b.offset] ?? 0),
  );
  return { offset, counts };
}

/** Buckets that lie within the threshold go into the zero bucket. */
function withZeroThreshold(histogram: NativeHistogram, threshold: number): NativeHistogram {
  if (threshold <= histogram.zeroThreshold) return histogram;
  // Bucket `i` lies within the threshold when `base ** (i + 1) <= threshold`.
  const beyond = Math.floor(Math.log2(threshold) * 2 ** histogram.scale);
  let { zeroCount } = histogram;
  const rest = ({ offset, counts }: Buckets): Buckets => {
    const gone = Math.min(counts.length, Math.max(0, beyond - offset));
    for (const count of counts.slice(0, gone)) zeroCount += count;
    return { offset: offset + gone, counts: counts.slice(gone) };
  };
  const positive = rest(histogram.positive);
  const negative = rest(histogram.negative);
  return { ...histogram, zeroThreshold: threshold, zeroCount, positive, negative };
}

export function scaleHistogram(histogram: NativeHistogram, factor: number): NativeHistogram {
  const scaled = ({ offset, counts }: Buckets): Buckets => ({ offset, counts: counts.map((count) => count * factor) });
  return {
    ...histogram,
    count: histogram.count * factor,
    sum: histogram.sum * factor,
    zeroCount: histogram.zeroCount * factor,
    positive: scaled(histogram.positive),
    negative: scaled(histogram.negative),
  };
}

/** Whether a counting histogram began anew between two samples: finer buckets, or any count that went down. */
export function isReset(before: NativeHistogram, now: NativeHistogram): boolean {
  if (now.count < before.count || now.scale > before.scale || now.zeroThreshold < before.zeroThreshold) return true;
  const change = addHistograms(now, before, -1);
  const fell = ({ counts }: Buckets): boolean => counts.some((count) => count < 0);
  return change.zeroCount < 0 || fell(change.positive) || fell(change.negative);
}

export function sameHistogram(a: NativeHistogram, b: NativeHistogram): boolean {
  if (a.count !== b.count || !Object.is(a.sum, b.sum) || a.zeroThreshold !== b.zeroThreshold) return false;
  const change = addHistograms(a, b, -1);
  const isSame = ({ counts }: Buckets): boolean => counts.every((count) => count === 0);
  return a.scale === b.scale && change.zeroCount === 0 && isSame(change.positive) && isSame(change.negative);
}
