import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRollupMaker, type RollupMaker } from './rollup-maker.ts';
import { generatedLogs, generatedSpans, openRollupTestbed, silent, type RollupTestbed } from './rollup-testbed.ts';

const DAY = 86_400;
/** A midnight far enough in the past that nothing depends on today. */
const START = 1_790_000_000 - (1_790_000_000 % DAY);
let bed: RollupTestbed;
let closed = START - 1;
const maker = (): RollupMaker =>
  createRollupMaker({
    engine: bed.engine,
    log: silent,
    whenPrepared: bed.whenPrepared,
    closedThrough: () => closed,
  });

beforeAll(async () => {
  bed = await openRollupTestbed();
});
afterAll(async () => bed.close());

/** What rows say, bucket by bucket, straight from them. */
const truth = (seconds: number, through: number): string => `
  SELECT toUnixTimestamp(toStartOfInterval(ts, toIntervalSecond(${seconds}))) AS at, toString(service) AS service, is_error AS e, count() AS n, sum(duration_ns) AS d,
    min(duration_ns) AS lo, max(duration_ns) AS hi
  FROM spans WHERE _in < toDateTime(${through}, 'UTC') GROUP BY at, service, e ORDER BY at, service, e`;
const rolled = (table: string): string => `
  SELECT toUnixTimestamp(bucket) AS at, toString(service) AS service, is_error AS e, sum(n) AS n, sum(dsum) AS d, min(dmin) AS lo, max(dmax) AS hi
  FROM ${table} GROUP BY at, service, e ORDER BY at, service, e`;
const histograms = (table: string): string =>
  `SELECT sum(arraySum(mapValues(hist))) AS counted, sum(n) AS n FROM ${table}`;

test('spans are summed up exactly in every tier, late ones too', async () => {
  await bed.run(generatedSpans({ from: START, seconds: 2 * DAY, rows: 30_000 }));
  closed = START + 2 * DAY - 1;
  await maker().run();
  for (const [table, seconds] of [
    ['span_1m', 60],
    ['span_1h', 3600],
    ['span_1d', DAY],
  ] as const) {
    expect(await bed.select(rolled(table)), table).toEqual(await bed.select(truth(seconds, START + 2 * DAY)));
    const [counted] = await bed.select<{ counted: number; n: number }>(histograms(table));
    expect(counted?.counted).toBe(counted?.n);
  }
});

test('running again changes nothing, and what arrives later is added', async () => {
  const before = await bed.select(rolled('span_1m'));
  await maker().run();
  expect(await bed.select(rolled('span_1m'))).toEqual(before);
  await bed.run(generatedSpans({ from: START + 2 * DAY, seconds: 3600, rows: 5000, seed: 2, lateShare: 0.3 }));
  closed = START + 2 * DAY + 1799;
  await maker().run();
  expect(await bed.select(rolled('span_1m'))).toEqual(await bed.select(truth(60, START + 2 * DAY + 1800)));
  expect(await bed.select(rolled('span_1h'))).toEqual(await bed.select(truth(3600, START + 2 * DAY)));
  closed = START + 2 * DAY + 3600;
  await maker().run();
  expect(await bed.select(rolled('span_1h'))).toEqual(await bed.select(truth(3600, START + 2 * DAY + 3600)));
});

test('killed at any moment it goes on, and every row is in it once', async () => {
  await bed.run(generatedSpans({ from: START + 3 * DAY, seconds: DAY, rows: 40_000, seed: 3 }));
  await bed.run(generatedLogs({ from: START + 3 * DAY, seconds: DAY, rows: 20_000, seed: 3 }));
  closed = START + 4 * DAY - 1;
  let random = 7;
  for (let kill = 0; kill < 4; kill += 1) {
    random = (random * 48_271) % 2_147_483_647;
    const running = maker()
      .run()
      .then(
        () => 'done',
        () => 'killed',
      );
    // Inserts of the maker take some milliseconds each; any moment will do.
    await new Promise((resolve) => setTimeout(resolve, random % 400));
    await bed.killEngine();
    await running;
  }
  await maker().run();
  expect(await bed.select(rolled('span_1m'))).toEqual(await bed.select(truth(60, START + 4 * DAY)));
  expect(await bed.select(rolled('span_1h'))).toEqual(await bed.select(truth(3600, START + 4 * DAY)));
  const logs =
    'SELECT toString(service) AS s, severity, sum(n) AS n FROM log_1h GROUP BY s, severity ORDER BY s, severity';
  expect(await bed.select(logs)).toEqual(
    await bed.select(
      'SELECT toString(service) AS s, severity, count() AS n FROM logs GROUP BY s, severity ORDER BY s, severity',
    ),
  );
});

test('counters keep growth and resets, whatever the buckets', async () => {
  const day = START + 10 * DAY;
  // A counter that is read every 15 s for a day and starts from zero every 1000 readings; a few markers of staleness.
  await bed.run(`INSERT INTO m_num (_in, _req, metric, fp, ts, value)
    SELECT toDateTime(${day} + number * 15, 'UTC'), 1, 'requests', 1, toDateTime64(${day} + number * 15, 3, 'UTC'),
      if(number % 97 = 5, nan, toFloat64(7 * (number % 1000))) FROM numbers(5760)`);
  closed = day + DAY - 1;
  await maker().run();
  const values = Array.from({ length: 5760 }, (_, n) => n)
    .filter((n) => n % 97 !== 5)
    .map((n) => 7 * (n % 1000));
  let increase = 0;
  let resets = 0;
  for (const [index, value] of values.entries()) {
    const last = values[index - 1] ?? value;
    increase += value >= last ? value - last : value;
    if (value < last) resets += 1;
  }
  const [row] = await bed.select(
    `SELECT n, increase, resets, sum, min, max, first, last FROM m_1d WHERE fp = 1 AND bucket = toDateTime(${day}, 'UTC')`,
  );
  const sum = values.reduce((total, value) => total + value, 0);
  expect(row).toEqual({
    n: values.length,
    increase,
    resets,
    sum,
    min: 0,
    max: 6993,
    first: 0,
    last: values.at(-1),
  });
  const [hours] = await bed.select<{ n: number; rows: number }>(
    'SELECT sum(n) AS n, count() AS rows FROM m_1h WHERE fp = 1',
  );
  expect(hours).toEqual({ n: values.length, rows: 24 });
});
