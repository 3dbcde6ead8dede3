import { afterAll, beforeAll, expect, test } from 'vitest';
import { rollupQuantile } from './rollups/rollup-histogram.ts';
import { createRollupMaker } from './rollups/rollup-maker.ts';
import {
  generatedLogs,
  generatedSpans,
  openRollupTestbed,
  silent,
  type RollupTestbed,
} from './rollups/rollup-testbed.ts';
import { readServiceSeries } from './series-reader.ts';
import { createTelemetryReader, type TelemetryReader } from './telemetry-reader.ts';

const DAY = 86_400;
const START = 1_790_000_000 - (1_790_000_000 % DAY);
const DAYS = 3;
const END = START + DAYS * DAY;
/** Rows arrive around both midnights. */
const LAST_ARRIVAL = START + 2 * DAY + 3600;
let bed: RollupTestbed;
let reader: TelemetryReader;
let closed = LAST_ARRIVAL - 1000;

beforeAll(async () => {
  bed = await openRollupTestbed();
  reader = createTelemetryReader({ engine: bed.engine, log: silent, whenPrepared: bed.whenPrepared, tables: () => [] });
  for (const [seed, seconds] of [
    [1, 2 * 3600],
    [2, 3 * 3600],
  ] as const) {
    const rows = { from: START + seed * DAY - 2 * 3600, seconds, seed, lateShare: 0.05 };
    await bed.run(generatedSpans({ ...rows, rows: 20_000 }));
    await bed.run(generatedLogs({ ...rows, rows: 5000 }));
  }
});
afterAll(async () => bed.close());

interface Step {
  readonly at: number;
  readonly service: string;
  readonly n: number;
  readonly errors: number;
  readonly dsum: number;
  readonly dmin: number;
  readonly dmax: number;
  readonly hist: Readonly<Record<string, number>>;
}

/** What the rollups and the rows say together. */
async function summed(stepSeconds: number): Promise<Step[]> {
  const sums = await reader.sums({ family: 'span', fromMs: START * 1000, toMs: END * 1000, stepSeconds });
  return reader.rows<Step>(
    `SELECT toUnixTimestamp(bucket) AS at, service, sum(s.n) AS n, sum(s.errors) AS errors, sum(s.dsum) AS dsum, min(s.dmin) AS dmin, max(s.dmax) AS dmax,
      sumMap(s.hist) AS hist FROM ${sums.sql()} AS s GROUP BY at, service ORDER BY at, service`,
    { name: 'test.summed' },
  );
}

/** What the rows alone say. */
const truth = (stepSeconds: number) =>
  bed.select<Omit<Step, 'hist'> & { readonly p95: number }>(`
    SELECT toUnixTimestamp(toStartOfInterval(ts, toIntervalSecond(${stepSeconds}))) AS at, toString(service) AS service, toFloat64(count()) AS n,
      toFloat64(countIf(is_error = 1)) AS errors, toFloat64(sum(duration_ns)) AS dsum, min(duration_ns) AS dmin, max(duration_ns) AS dmax,
      arraySort(groupArray(duration_ns))[toUInt32(ceil(0.95 * count()))] / 1e6 AS p95
    FROM spans WHERE ts >= toDateTime(${START}, 'UTC') AND ts < toDateTime(${END}, 'UTC') GROUP BY at, service ORDER BY at, service`);

const exactly = (steps: readonly Omit<Step, 'hist'>[]) =>
  steps.map(({ at, service, n, errors, dsum, dmin, dmax }) => ({ at, service, n, errors, dsum, dmin, dmax }));

const worstError = (steps: readonly Step[], exact: readonly { readonly p95: number }[]): number =>
  Math.max(
    ...steps.map(({ hist, dmin, dmax }, index) => {
      const buckets = new Map(Object.entries(hist).map(([bucket, count]) => [Number(bucket), count]));
      const found = rollupQuantile(buckets, 0.95, { min: dmin / 1e6, max: dmax / 1e6 }) ?? Number.NaN;
      return Math.abs(found / (exact[index]?.p95 ?? Number.NaN) - 1);
    }),
  );

const dropped = async (table: string, days: number): Promise<void> => {
  for (let day = 0; day < days; day += 1) {
    const id = new Date((START + day * DAY) * 1000).toISOString().slice(0, 10).replaceAll('-', '');
    await bed.run(`ALTER TABLE ${table} DROP PARTITION ID '${id}'`);
  }
};

test('sums are those of the rows before there are rollups, with them, and once rows have gone', async () => {
  const minutes = await truth(60);
  const hours = await truth(3600);
  expect(exactly(await summed(60))).toEqual(exactly(minutes));

  const maker = createRollupMaker({
    engine: bed.engine,
    log: silent,
    whenPrepared: bed.whenPrepared,
    closedThrough: () => closed,
  });
  await maker.run();
  const sums = await reader.sums({ family: 'span', fromMs: START * 1000, toMs: END * 1000, stepSeconds: 3600 });
  // The seam goes through the middle of an hour, and rows of it arrived on both sides.
  expect(sums.stretches.map(({ table }) => table)).toEqual(['spans', 'span_1m', 'span_1h']);
  expect(sums.stretches[0]?.fromSecond).toBe(Math.floor((closed + 1) / 300) * 300);
  expect(exactly(await summed(60))).toEqual(exactly(minutes));
  expect(exactly(await summed(3600))).toEqual(exactly(hours));

  const series = await readServiceSeries(bed.engine.client, {
    fromMs: START * 1000,
    throughMs: END * 1000,
    stepSeconds: 3600,
  });
  await dropped('spans', DAYS - 1);
  expect(exactly(await summed(60))).toEqual(exactly(minutes));
  const afterwards = await summed(3600);
  expect(exactly(afterwards)).toEqual(exactly(hours));
  expect(worstError(afterwards, hours)).toBeLessThan(0.02);
  expect(
    await readServiceSeries(bed.engine.client, { fromMs: START * 1000, throughMs: END * 1000, stepSeconds: 3600 }),
  ).toEqual(series);

  closed = LAST_ARRIVAL + 3600;
  await maker.run();
  expect(exactly(await summed(3600))).toEqual(exactly(hours));
});

test('minutes that have gone are the hour spread evenly, and nothing is lost or doubled', async () => {
  const hours = await summed(3600);
  const before = await summed(60);
  await dropped('span_1m', DAYS - 2);
  const minutes = await summed(60);
  const seam = START + (DAYS - 2) * DAY;
  // Late rows of the days before arrived after the seam, so they are still known by the minute.
  expect(exactly(minutes.filter(({ at }) => at >= seam))).toEqual(exactly(before.filter(({ at }) => at >= seam)));
  const total = new Map<string, number>();
  for (const { at, service, n } of minutes) {
    const key = `${at - (at % 3600)} ${service}`;
    total.set(key, (total.get(key) ?? 0) + n);
  }
  for (const { at, service, n } of hours) expect(total.get(`${at} ${service}`)).toBeCloseTo(n, 6);
  expect(total.size).toBe(hours.length);
});

test('records are counted by severity as they came', async () => {
  const sums = await reader.sums({ family: 'log', fromMs: START * 1000, toMs: END * 1000, stepSeconds: 3600 });
  expect(sums.stretches.some(({ table }) => table === 'log_1h')).toBe(true);
  const rows = await reader.rows(
    `SELECT toUnixTimestamp(bucket) AS at, service, severity, sum(s.n) AS n FROM ${sums.sql("service = 'cart'")} AS s GROUP BY ALL ORDER BY ALL`,
    { name: 'test.logs' },
  );
  expect(rows).toEqual(
    await bed.select(
      `SELECT toUnixTimestamp(toStartOfHour(ts)) AS at, toString(service) AS service, severity, toFloat64(count()) AS n FROM logs
        WHERE service = 'cart' GROUP BY ALL ORDER BY ALL`,
    ),
  );
});
