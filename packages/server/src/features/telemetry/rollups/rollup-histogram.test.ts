import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKETS_PER_DOUBLING, rollupQuantile } from './rollup-histogram.ts';

const durations = fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 });

test('a quantile is within 2% of the nearest rank, whatever the durations', () => {
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.9, 0.95, 0.99, 0.999), (values, quantile) => {
      const histogram = new Map<number, number>();
      for (const value of values) {
        const bucket = Math.ceil(Math.log2(value) * BUCKETS_PER_DOUBLING) - 1;
        histogram.set(bucket, (histogram.get(bucket) ?? 0) + 1);
      }
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(quantile * values.length) - 1] ?? Number.NaN;
      const bounds = { min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
      const found = rollupQuantile(histogram, quantile, bounds) ?? Number.NaN;
      expect(Math.abs(found / exact - 1)).toBeLessThanOrEqual(0.02);
    }),
    { seed: 32, numRuns: 500 },
  );
});

test('nothing has no quantile, and no time at all is zero', () => {
  expect(rollupQuantile(new Map(), 0.5, { min: 0, max: 0 })).toBeNull();
  expect(rollupQuantile(new Map([[-32_768, 4]]), 0.5, { min: 0, max: 0 })).toBe(0);
});
