/**
 * Counts per bucket of a base-2 exponential histogram (OpenTelemetry's) at scale 4: bucket `i` holds values in
 * `(2^(i/16), 2^((i+1)/16)]`, a ratio of 1.0443. Keys are bucket indices, values are counts.
 * Only integers are kept, so sums do not depend on the order in which rows arrive and a replay is bit-identical.
 */
export type Histogram = ReadonlyMap<number, number>;

/** Scale of every histogram that a guard reads. */
export const HISTOGRAM_SCALE = 4;

/** Bucket for zero and negative values. */
export const ZERO_BUCKET: number = -32768;

/** Bucket index of a value at {@link HISTOGRAM_SCALE}; values <= 0 (and NaN) go to {@link ZERO_BUCKET}. */
export function bucketIndexOf(value: number): number {
  if (!(value > 0)) return ZERO_BUCKET;
  const index = Math.ceil(Math.log2(value) * 16) - 1;
  return Math.max(-16000, Math.min(16000, index));
}

/** Upper bound of a bucket; 0 for {@link ZERO_BUCKET}. */
export function bucketUpperBound(index: number): number {
  return index === ZERO_BUCKET ? 0 : 2 ** ((index + 1) / 16);
}
