import { isBelayError } from '@belay/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../memory-storage-testbed.ts';
import type { TestSeries } from '../memory-storage-testbed.ts';
import { parseQuery } from '../parse/parse-query.ts';
import { printQuery } from '../parse/print-query.ts';
import { functionSignatures } from '../parse/function-signatures.ts';
import { createBudget } from './budget.ts';
import { addHistograms, atScale, bucketsOf, scaleHistogram } from './native-histogram.ts';
import type { NativeHistogram } from './native-histogram.ts';
import { nativeQuantile } from './histogram-statistics.ts';
import { defaultRules, runQuery } from './run-query.ts';

const SEED = { seed: 20_261_124, numRuns: 200 };

function budget() {
  return createBudget({ maxSamples: 1e6, timeoutMs: 2000, now: () => performance.now() });
}

async function points(series: readonly TestSeries[], query: string, atSeconds: number): Promise<Map<string, number>> {
  const grid = { startMs: atSeconds * 1000, stepMs: 1, count: 1 };
  const { result } = await runQuery({
    query,
    grid,
    storage: createMemoryStorage(series),
    rules: defaultRules,
    budget: budget(),
  });
  if (result.type !== 'vector') throw new Error(result.type);
  return new Map(result.series.map(({ labels, values }) => [labels.key, values[0] ?? NaN]));
}

const value = fc.oneof(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.integer({ min: -5, max: 5 }));
const samples = fc
  .uniqueArray(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 40 })
  .chain((times) =>
    fc.tuple(
      fc.constant(times.sort((a, b) => a - b)),
      fc.array(value, { minLength: times.length, maxLength: times.length }),
    ),
  )
  .map(([times, values]) => times.map((time, at) => [time * 1000, values[at] ?? 0] as [number, number]));
const many = fc
  .array(samples, { minLength: 1, maxLength: 6 })
  .map((all): TestSeries[] =>
    all.map((own, at) => ({ labels: { __name__: 'x', n: `${at}`, parity: `${at % 2}` }, samples: own })),
  );

/** Values of one series within `(end - range, end]`. */
function window(series: TestSeries, endSeconds: number, rangeSeconds: number): number[] {
  return series.samples
    .filter(([time]) => time > (endSeconds - rangeSeconds) * 1000 && time <= endSeconds * 1000)
    .map(([, one]) => one as number);
}

function close(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

const OVER_TIME: Readonly<Record<string, (values: number[]) => number>> = {
  sum: (values) => values.reduce((sum, one) => sum + one, 0),
  avg: (values) => values.reduce((sum, one) => sum + one, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  count: (values) => values.length,
  first: (values) => values[0] ?? NaN,
  last: (values) => values.at(-1) ?? NaN,
};

describe('against simple oracles', () => {
  test('functions over time see exactly their window', async () => {
    await fc.assert(
      fc.asyncProperty(
        samples,
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 400 }),
        async (own, end, range) => {
          const series = [{ labels: { __name__: 'x' }, samples: own }];
          const seen = window(series[0]!, end, range);
          for (const [name, oracle] of Object.entries(OVER_TIME)) {
            const [answer] = (await points(series, `${name}_over_time(x[${range}s])`, end)).values();
            if (seen.length === 0) expect(answer).toBeUndefined();
            else expect(close(answer ?? NaN, oracle(seen)), `${name}: ${answer} for ${seen.join()}`).toBe(true);
          }
        },
      ),
      SEED,
    );
  });

  test('delta is the difference of the edges, extrapolated by at most half a distance or to the edge', async () => {
    await fc.assert(
      fc.asyncProperty(samples, fc.integer({ min: 100, max: 700 }), async (own, end) => {
        const seen = own.filter(([time]) => time > (end - 300) * 1000 && time <= end * 1000);
        const [answer] = (await points([{ labels: { __name__: 'x' }, samples: own }], 'delta(x[300s])', end)).values();
        const [first, last] = [seen[0], seen.at(-1)];
        if (seen.length < 2 || first === undefined || last === undefined) {
          expect(answer).toBeUndefined();
          return;
        }
        const difference = last[1] - first[1];
        const most = 300_000 / (last[0] - first[0]);
        expect(Math.abs(answer ?? NaN)).toBeGreaterThanOrEqual(Math.abs(difference) * (1 - 1e-9));
        expect(Math.abs(answer ?? NaN)).toBeLessThanOrEqual(Math.abs(difference) * most * (1 + 1e-9));
      }),
      SEED,
    );
  });

  test('aggregations by a label are those of its groups', async () => {
    await fc.assert(
      fc.asyncProperty(many, fc.integer({ min: 1, max: 900 }), async (series, end) => {
        const newest = new Map<string, number[]>();
        for (const one of series) {
          const last = window(one, end, 300).at(-1);
          const parity = one.labels['parity'] ?? '';
          if (last !== undefined) newest.set(parity, [...(newest.get(parity) ?? []), last]);
        }
        for (const operator of ['sum', 'avg', 'min', 'max', 'count'] as const) {
          const found = await points(series, `${operator} by (parity) (x)`, end);
          expect(found.size).toBe(newest.size);
          const wanted = [...newest.values()]
            .map((values) => OVER_TIME[operator]?.(values) ?? NaN)
            .sort((a, b) => a - b);
          const got = [...found.values()].sort((a, b) => a - b);
          expect(
            got.every((one, at) => close(one, wanted[at] ?? NaN)),
            `${operator} ${got.join()}`,
          ).toBe(true);
        }
      }),
      SEED,
    );
  });

  test('and with unless is the whole, and or loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        many,
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: -5, max: 5 }),
        async (series, end, limit) => {
          const all = await points(series, 'x', end);
          const both = await points(series, `(x and x > ${limit})`, end);
          const rest = await points(series, `(x unless x > ${limit})`, end);
          expect(new Map([...both, ...rest])).toEqual(all);
          expect((await points(series, `x > ${limit} or x`, end)).size).toBe(all.size);
        },
      ),
      SEED,
    );
  });
});

const buckets = fc.record({
  offset: fc.integer({ min: -20, max: 20 }),
  counts: fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 12 }),
});
const histogram = fc
  .record({
    scale: fc.integer({ min: -2, max: 6 }),
    zeroCount: fc.integer({ min: 0, max: 9 }),
    positive: buckets,
    negative: buckets,
  })
  .map(({ scale, zeroCount, positive, negative }): NativeHistogram => {
    const count = [...positive.counts, ...negative.counts].reduce((sum, one) => sum + one, zeroCount);
    return { scale, zeroCount, zeroThreshold: 0, positive, negative, count, sum: count };
  });
const total = (one: NativeHistogram): number => bucketsOf(one).reduce((sum, { count }) => sum + count, 0);

describe('native histograms', () => {
  test('keep their counts at any scale, and when they are added', () => {
    fc.assert(
      fc.property(histogram, histogram, fc.integer({ min: 0, max: 4 }), (a, b, coarser) => {
        expect(total(atScale(a, a.scale - coarser))).toBe(a.count);
        expect(total(addHistograms(a, b))).toBe(a.count + b.count);
        expect(total(addHistograms(addHistograms(a, b), b, -1))).toBe(a.count);
        expect(total(scaleHistogram(a, 3))).toBe(3 * a.count);
        expect(bucketsOf(addHistograms(a, b))).toEqual(bucketsOf(addHistograms(b, a)));
      }),
      SEED,
    );
  });

  test('quantiles rise with q and lie within the buckets', () => {
    fc.assert(
      fc.property(
        histogram,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (own, p, q) => {
          fc.pre(own.count > 0);
          const [low, high] = [nativeQuantile(Math.min(p, q), own), nativeQuantile(Math.max(p, q), own)];
          const all = bucketsOf(own);
          expect(low).toBeLessThanOrEqual(high + 1e-9 * Math.abs(high));
          expect(low).toBeGreaterThanOrEqual(Math.min(0, all[0]?.lower ?? 0) - 1e-9);
          expect(high).toBeLessThanOrEqual(Math.max(0, all.at(-1)?.upper ?? 0) * (1 + 1e-9));
        },
      ),
      SEED,
    );
  });
});

const token = fc.oneof(
  fc.constantFrom(
    ...functionSignatures.keys(),
    'sum',
    'topk',
    'count_values',
    'by',
    'without',
    'on',
    'ignoring',
    'group_left',
    'bool',
    'offset',
    'start',
    'end',
  ),
  fc.constantFrom(
    '(',
    ')',
    '{',
    '}',
    '[',
    ']',
    ',',
    '+',
    '-',
    '*',
    '/',
    '%',
    '^',
    '==',
    '!=',
    '>',
    '<',
    '=~',
    '!~',
    '=',
    '@',
    ':',
    'and',
    'or',
    'unless',
    'atan2',
  ),
  fc.constantFrom(
    'x',
    'n',
    '5m',
    '1',
    '0',
    'NaN',
    'Inf',
    '"a"',
    '"(a+)+$"',
    '`b`',
    '1e9',
    '[1h:1s]',
    '#',
    '\n',
    '"\\xff"',
  ),
  fc.string({ maxLength: 4, unit: 'grapheme' }),
);
const text = fc.oneof(
  fc.array(token, { maxLength: 24 }).map((parts) => parts.join(' ')),
  fc.array(token, { maxLength: 12 }).map((parts) => parts.join('')),
);

describe('any text', () => {
  test('gives an answer or an error of PromQL, soon', { timeout: 60_000 }, async () => {
    const series: TestSeries[] = [
      {
        labels: { __name__: 'x', n: 'a' },
        samples: [
          [1000, 1],
          [60_000, 2],
        ],
      },
    ];
    await fc.assert(
      fc.asyncProperty(text, async (query) => {
        try {
          const storage = createMemoryStorage(series);
          await runQuery({
            query,
            grid: { startMs: 60_000, stepMs: 1000, count: 5 },
            storage,
            rules: defaultRules,
            budget: budget(),
          });
        } catch (error) {
          if (!isBelayError(error)) throw error;
          expect(error.code).toMatch(/^promql\./);
          expect(error.message).not.toBe('');
        }
      }),
      { ...SEED, numRuns: 3000 },
    );
  });

  test('that can be read is printed so that it reads the same', () => {
    fc.assert(
      fc.property(text, (query) => {
        let printed: string;
        try {
          printed = printQuery(parseQuery(query));
        } catch {
          return;
        }
        expect(printQuery(parseQuery(printed))).toBe(printed);
      }),
      { ...SEED, numRuns: 3000 },
    );
  });
});
