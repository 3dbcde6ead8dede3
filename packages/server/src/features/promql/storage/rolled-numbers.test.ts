import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NumberBuckets, unfold, type Unfolding } from './rolled-numbers.ts';

interface Bucket {
  readonly at: number;
  readonly values: readonly number[];
}

/** What a rollup keeps of points a minute apart. */
function bucketsOf(list: readonly Bucket[]): NumberBuckets {
  const column = (of: (bucket: Bucket) => number): Float64Array => Float64Array.from(list, of);
  const grown = ({ values }: Bucket): number =>
    values.reduce((sum, value, index) => {
      const before = values[index - 1];
      return before === undefined ? sum : sum + (value >= before ? value - before : value);
    }, 0);
  return {
    firstAt: column(({ at }) => at),
    lastAt: column(({ at, values }) => at + 60_000 * (values.length - 1)),
    first: column(({ values }) => values[0] ?? 0),
    last: column(({ values }) => values.at(-1) ?? 0),
    points: column(({ values }) => values.length),
    sum: column(({ values }) => values.reduce((sum, value) => sum + value, 0)),
    min: column(({ values }) => Math.min(...values)),
    max: column(({ values }) => Math.max(...values)),
    increase: column(grown),
  };
}

const unfolding = (changed: Partial<Unfolding>): Unfolding => ({
  call: '',
  rangeMs: 0,
  endMs: 0,
  stepMs: 60_000,
  kind: 'gauge',
  ...changed,
});
const values = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 60 });

test('the growth of a counter stays as it was, resets included, and times rise', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 60_000, max: 7_200_000 }), (own, rangeMs) => {
      const buckets = bucketsOf([{ at: 3_600_000, values: own }]);
      const points = unfold(buckets, unfolding({ call: 'increase', rangeMs, kind: 'counter' }));
      let grown = 0;
      for (let index = 1; index < points.times.length; index += 1) {
        const [before, value] = [points.values[index - 1] ?? 0, points.values[index] ?? 0];
        expect(points.times[index]).toBeGreaterThan(points.times[index - 1] ?? 0);
        grown += value >= before - 1e-9 ? value - before : value;
      }
      expect(grown).toBeCloseTo(buckets.increase[0] ?? 0, 6);
    }),
    { seed: 4, numRuns: 300 },
  );
});

test('sums and counts over time, and sums of deltas, are those of the points', () => {
  fc.assert(
    fc.property(values, fc.constantFrom('gauge', 'delta' as const), (own, kind) => {
      const buckets = bucketsOf([{ at: 3_600_000, values: own }]);
      const points = unfold(buckets, unfolding({ call: 'sum_over_time', rangeMs: 3_600_000, kind }));
      expect(points.times).toHaveLength(own.length);
      expect(points.values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(buckets.sum[0] ?? 0, 6);
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('a plain selector finds a point at each of its times, and the first and last as they were', () => {
  const buckets = bucketsOf([{ at: 3_600_000, values: [10, 0, 0, 40] }]);
  const { times, values: found } = unfold(buckets, unfolding({ endMs: 3_630_000 + 60_000, stepMs: 30_000 }));
  expect([...times]).toEqual([3_600_000, 3_630_000, 3_660_000, 3_690_000, 3_720_000, 3_750_000, 3_780_000]);
  expect(found[0]).toBe(10);
  expect(found.at(-1)).toBe(40);
});
