import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketIndexOf, bucketUpperBound, ZERO_BUCKET } from '../histogram.ts';
import {
  addBuckets,
  bucketPairsOf,
  countAbove,
  learnLatency,
  learnValue,
  quantileBounds,
  quantileBucket,
  quantileValue,
  riditOf,
  startLatencyBaseline,
  startValueBaseline,
  totalOf,
} from './index.ts';

const SHAPE = { quantiles: [0.5, 0.95], marginBuckets: 4 };
const THOUSAND: [number, number][] = Array.from({ length: 10 }, (_, i) => [i, 100]);

describe('sorted buckets', () => {
  const histogram = fc
    .array(fc.tuple(fc.integer({ min: -50, max: 200 }), fc.integer({ min: 1, max: 9 })), { maxLength: 40 })
    .map((rows) => new Map(rows));

  it('add up like histograms, and stay sorted', () => {
    fc.assert(
      fc.property(histogram, histogram, (one, other) => {
        const sum = bucketPairsOf(one);
        addBuckets(sum, bucketPairsOf(other));
        expect(totalOf(sum)).toBe(totalOf(bucketPairsOf(one)) + totalOf(bucketPairsOf(other)));
        for (const [index, count] of sum) expect(count).toBe((one.get(index) ?? 0) + (other.get(index) ?? 0));
        expect(sum.map(([index]) => index)).toEqual(sum.map(([index]) => index).toSorted((x, y) => x - y));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('split at a quantile: at most the rest lies above it', () => {
    fc.assert(
      fc.property(histogram, fc.double({ min: 0.01, max: 0.999, noNaN: true }), (rows, quantile) => {
        fc.pre(rows.size > 0);
        const pairs = bucketPairsOf(rows);
        const index = quantileBucket(pairs, quantile) ?? NaN;
        const slack = 1e-9 * totalOf(pairs);
        expect(countAbove(pairs, index)).toBeLessThanOrEqual((1 - quantile) * totalOf(pairs) + slack);
        expect(countAbove(pairs, index - 1)).toBeGreaterThanOrEqual((1 - quantile) * totalOf(pairs) - slack);
        const value = quantileValue(pairs, quantile) ?? NaN;
        expect(value).toBeLessThanOrEqual(bucketUpperBound(index) * (1 + 1e-12));
        expect(value).toBeGreaterThanOrEqual(bucketUpperBound(index - 1) * (1 - 1e-12));
      }),
      { seed: 2, numRuns: 200 },
    );
  });
});

describe('a latency baseline', () => {
  it('is frozen from history of at least 200 units', () => {
    const state = startLatencyBaseline(THOUSAND, SHAPE);
    expect(state.frozen).toBe(true);
    expect(state.thresholds).toEqual([4, 9]);
    expect(state.above[0]).toBe(0.5);
    expect(state.aboveMargin[0]).toBe(0.1);
    expect(startLatencyBaseline([[3, 199]], SHAPE).frozen).toBe(false);
  });

  it('learns from 2000 control units at once, or from 200 after half a minute', () => {
    const fast = startLatencyBaseline(undefined, SHAPE);
    learnLatency(fast, { second: 10, units: 2000, buckets: [[5, 2000]] }, SHAPE);
    expect(fast.frozen).toBe(true);
    const slow = startLatencyBaseline(undefined, SHAPE);
    for (let second = 10; second < 40; second += 1) {
      learnLatency(slow, { second, units: 10, buckets: [[second, 10]] }, SHAPE);
      expect(slow.frozen).toBe(false);
    }
    learnLatency(slow, { second: 40, units: 10, buckets: [[40, 10]] }, SHAPE);
    expect(slow.frozen).toBe(true);
  });

  it('scores its own units one half on average, and never leaves [0, 1]', () => {
    const state = startLatencyBaseline([[ZERO_BUCKET, 50], ...THOUSAND], SHAPE);
    const pairs: [number, number][] = [[ZERO_BUCKET, 50], ...THOUSAND];
    const mean = pairs.reduce((sum, [index, count]) => sum + count * riditOf(state, index), 0) / totalOf(pairs);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    expect(riditOf(state, -20_000)).toBe(0);
    expect(riditOf(state, 20_000)).toBe(1);
    for (let index = -1; index < 12; index += 1) {
      expect(riditOf(state, index + 1)).toBeGreaterThanOrEqual(riditOf(state, index));
    }
  });
});

describe('a value baseline', () => {
  it('caps at the 99.9th percentile and counts units without a value as zero', () => {
    const index = bucketIndexOf(10);
    const state = startValueBaseline({ units: 2000, buckets: [[index, 1000]] });
    expect(state.frozen).toBe(true);
    expect(state.cap).toBe(bucketUpperBound(index));
    expect(state.mean).toBeGreaterThan(0.48);
    expect(state.mean).toBeLessThan(0.5);
    expect(state.variance).toBeCloseTo(state.mean ** 2, 2);
  });

  it('keeps learning while nothing was tracked', () => {
    const state = startValueBaseline(undefined);
    learnValue(state, { second: 1, units: 5000, buckets: [] });
    expect(state.frozen).toBe(false);
    learnValue(state, { second: 2, units: 5, buckets: [[16, 1]] });
    expect(state.frozen).toBe(true);
  });
});

describe('bounds of a quantile', () => {
  it('contain it, tighten with the sample, and are open where a small sample says nothing', () => {
    const wide = quantileBounds({ buckets: THOUSAND, size: 200 }, 0.5, 0.025);
    expect(wide.low).toBeLessThan(bucketUpperBound(4));
    expect(wide.high).toBeGreaterThanOrEqual(bucketUpperBound(4));
    const tight = quantileBounds({ buckets: THOUSAND, size: 1_000_000 }, 0.5, 0.025);
    expect((tight.high ?? Infinity) - (tight.low ?? 0)).toBeLessThan((wide.high ?? Infinity) - (wide.low ?? 0));
    expect(quantileBounds({ buckets: THOUSAND, size: 60 }, 0.95, 0.025).high).toBeNull();
  });
});
