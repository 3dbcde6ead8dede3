import { bucketUpperBound } from '../histogram.ts';
import { type Buckets, quantileBucket } from './bucket-pairs.ts';

/** A sample as a histogram, and how many independent units it is worth. */
export interface QuantileSample {
  readonly buckets: Buckets;
  readonly size: number;
}

/** Bounds of a quantile; null where the sample does not bound that side yet. */
export interface QuantileBounds {
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Bounds of a quantile at level 1 - alpha, valid at all sample sizes at once (Howard and Ramdas, Bernoulli 28 (2022)
 * 1704, eq. 8), widened to whole buckets. Under drift they describe the average distribution over the time observed.
 */
export function quantileBounds(sample: QuantileSample, quantile: number, alpha: number): QuantileBounds {
  const { buckets, size } = sample;
  if (size < 2) return { low: null, high: null };
  const l = (1.4 * Math.log(Math.log(2.1 * size)) + Math.log(10 / alpha)) / size;
  const margin = 1.5 * Math.sqrt(quantile * (1 - quantile) * l) + 0.8 * l;
  const low = quantile - margin > 0 ? quantileBucket(buckets, quantile - margin) : undefined;
  const high = quantile + margin < 1 ? quantileBucket(buckets, quantile + margin) : undefined;
  return {
    low: low === undefined ? null : bucketUpperBound(low - 1),
    high: high === undefined ? null : bucketUpperBound(high),
  };
}
