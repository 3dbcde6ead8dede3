import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stretchesOf, type Tier } from './stretches.ts';

const BUCKETS = [0, 60, 3600, 86_400];
const HORIZON = 100;

/** Tables as summing up and ageing leave them: coarser ones lag behind, finer ones are let go of first. */
const tables = fc
  .record({
    marks: fc.array(fc.integer({ min: 0, max: HORIZON }), { minLength: 3, maxLength: 3 }),
    ages: fc.array(fc.integer({ min: 0, max: HORIZON }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ marks, ages }): Tier[] => {
    const through = [Number.POSITIVE_INFINITY, ...marks.toSorted((a, b) => b - a)];
    const since = ages.toSorted((a, b) => b - a);
    return BUCKETS.map((bucketSeconds, index) => ({
      table: `t${index}`,
      bucketSeconds,
      through: through[index] ?? 0,
      // Nothing is let go of that the next rollup has not seen.
      since: Math.min(since[index] ?? 0, through[index + 1] ?? HORIZON),
    }));
  });

test('each arrival that any table still knows is answered for by exactly one that knows it', () => {
  fc.assert(
    fc.property(tables, fc.constantFrom(0, 1, 60, 3600, 86_400), fc.nat(HORIZON), (tiers, stepSeconds, sinceSecond) => {
      const stretches = stretchesOf({ tiers, stepSeconds, sinceSecond });
      for (let second = sinceSecond; second <= HORIZON; second += 1) {
        const answering = stretches.filter(({ fromSecond, toSecond }) => fromSecond <= second && second < toSecond);
        const knowing = tiers.filter(({ since = Infinity, through }) => since <= second && second < through);
        expect(answering.length).toBe(knowing.length === 0 ? 0 : 1);
        for (const { table } of answering) expect(knowing.map((tier) => tier.table)).toContain(table);
      }
    }),
    { seed: 12, numRuns: 300 },
  );
});

test('rows as they came in are preferred where a step asks for nothing longer', () => {
  const tiers: Tier[] = [
    { table: 'rows', bucketSeconds: 0, through: Infinity, since: 500 },
    { table: 'minutes', bucketSeconds: 60, through: 900, since: 200 },
    { table: 'hours', bucketSeconds: 3600, through: 800, since: 100 },
  ];
  const chosen = (stepSeconds: number) =>
    stretchesOf({ tiers, stepSeconds, sinceSecond: 0 }).map(({ table, fromSecond }) => [table, fromSecond]);
  expect(chosen(0)).toEqual([
    ['rows', 500],
    ['minutes', 200],
    ['hours', 100],
  ]);
  expect(chosen(300)).toEqual([
    ['rows', 900],
    ['minutes', 200],
    ['hours', 100],
  ]);
  expect(chosen(7200)).toEqual([
    ['rows', 900],
    ['minutes', 800],
    ['hours', 100],
  ]);
});
