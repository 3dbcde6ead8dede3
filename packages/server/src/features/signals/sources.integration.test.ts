import { bucketIndexOf } from '@belay/core';
import type { SlotValue } from '@belay/core/baseline';
import type { SignalInput } from '@belay/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasPrometheus, type PrometheusProcess, startPrometheus } from '../promql/prometheus-process-testbed.ts';
import { ownPoints } from '../telemetry/api.ts';
import { resolveSignal } from './resolve-signal.ts';
import { selfSignals } from './self-signals.ts';
import { startWorld, stopWorld, type World } from './signals-testbed.ts';
import { createRound } from './sources/source-reader.ts';

/** Every source of a signal on the engine that stores it: three slots, the one in the middle without data. */
const SLOT = 300_000;
const NOW = Math.floor(Date.now() / SLOT) * SLOT;
const FIRST = NOW - 3 * SLOT;
const THIRD = NOW - SLOT;
let world: World;

beforeAll(async () => {
  world = await startWorld(NOW, { hasStarterSet: false });
  // The tables are made by the first question.
  await world.server.telemetry.reader.rows('SELECT 1', { name: 'test.prepare' });
}, 60_000);
afterAll(() => stopWorld(world));

/** Values of a definition over the three slots. */
function read(input: Omit<SignalInput, 'dimension'>, prometheus: readonly string[] = []): Promise<SlotValue[]> {
  const { definition, issues } = resolveSignal(
    'tested',
    { ...input, dimension: 'quality' },
    { tolerance: 0.02, prometheus },
  );
  expect(issues).toEqual([]);
  const round = createRound({ reader: world.server.telemetry.reader, prometheus });
  return round(definition, { fromMs: FIRST, toMs: NOW });
}

function insert(table: string, columns: string, rows: readonly (readonly unknown[])[]): Promise<unknown> {
  const at = Math.floor(NOW / 1000);
  const text = (value: unknown): string =>
    typeof value === 'string' && !value.startsWith('map(') && !value.startsWith('[') ? `'${value}'` : String(value);
  const values = rows.map(
    ([time, ...row]) => `(${at}, 1, fromUnixTimestamp64Milli(${String(time)}, 'UTC'), ${row.map(text).join(', ')})`,
  );
  return world.engine.client.command({
    query: `INSERT INTO ${table} (_in, _req, ts, ${columns}) VALUES ${values.join(', ')}`,
  });
}

test('logs: matching records a minute, and their share; a slot without any record is a gap', async () => {
  await insert('logs', 'service, severity, body, attributes, weight', [
    [FIRST + 1000, 'till', 17, 'payment declined', "map('shop', 'a')", 1],
    [FIRST + 2000, 'till', 9, 'payment taken', "map('shop', 'a')", 3],
    [THIRD + 1000, 'till', 9, 'payment taken', "map('shop', 'b')", 1],
    [THIRD + 2000, 'other', 17, 'payment declined', "map('shop', 'a')", 1],
  ]);
  const from = { type: 'logs', service: 'till', contains: 'DECLINED', severity: 'error' } as const;
  expect(await read({ kind: 'rate', from })).toEqual([
    { at: FIRST, value: 0.2, count: 1 },
    { at: THIRD, value: 0, count: 0 },
  ]);
  expect(await read({ kind: 'ratio', from: { ...from, where: { shop: 'a' } } })).toEqual([
    { at: FIRST, value: 25, count: 4 },
    { at: THIRD, value: 0, count: 1 },
  ]);
});

test('errors: events a minute; where the service sent something else, none is a zero', async () => {
  await insert('error_events', 'service, level, handled, weight', [
    [FIRST + 1000, 'till', 'error', 0, 4],
    [FIRST + 2000, 'till', 'error', 1, 1],
    [FIRST + 3000, 'till', 'warning', 1, 1],
  ]);
  const from = { type: 'errors', service: 'till' } as const;
  expect(await read({ kind: 'rate', from })).toEqual([
    { at: FIRST, value: 1, count: 5 },
    { at: THIRD, value: 0, count: 0 },
  ]);
  const [unhandled] = await read({ kind: 'rate', from: { ...from, unhandled: true } });
  expect(unhandled).toEqual({ at: FIRST, value: 0.8, count: 4 });
  const [warnings] = await read({ kind: 'rate', from: { ...from, level: 'warning' } });
  expect(warnings).toEqual({ at: FIRST, value: 1.2, count: 6 });
});

test('spans: failed share, quantile, mean and rate, re-weighted', async () => {
  await insert('spans', 'service, name, kind, duration_ns, is_unit, is_error, weight', [
    [FIRST + 1000, 'cart', 'GET /', 2, 100e6, 1, 0, 3],
    [FIRST + 2000, 'cart', 'GET /', 2, 200e6, 1, 1, 1],
    [FIRST + 3000, 'cart', 'SELECT', 3, 900e6, 0, 0, 1],
    [THIRD + 1000, 'cart', 'GET /', 2, 50e6, 1, 0, 10],
  ]);
  const from = { type: 'spans', service: 'cart' } as const;
  expect(await read({ kind: 'ratio', from })).toMatchObject([
    { at: FIRST, value: 25, count: 4 },
    { value: 0, count: 10 },
  ]);
  expect(await read({ kind: 'mean', from })).toMatchObject([{ value: 125 }, { value: 50 }]);
  expect(await read({ kind: 'rate', from })).toMatchObject([{ value: 0.8 }, { value: 2 }]);
  const [p50] = await read({ kind: 'quantile', quantile: 0.5, from });
  expect(p50?.value).toBeGreaterThan(90);
  expect(p50?.value).toBeLessThan(150);
  const slow = { ...from, bad: { slower_than: '150ms' } };
  expect(await read({ kind: 'ratio', from: slow })).toMatchObject([{ value: 25 }, { value: 0 }]);
  expect(await read({ kind: 'rate', from: { ...from, operation: 'SELECT' } })).toMatchObject([
    { value: 0.2, count: 1 },
  ]);
});

test('outcomes: failed share, quantile and tracked values of the units that SDKs count', async () => {
  const hist = (value: number, count: number): string => `map(toInt16(${bucketIndexOf(value)}), toUInt64(${count}))`;
  await insert('outcomes', 'service, flag, units, errors, value_name, hist', [
    [FIRST + 1000, 'desk', '', 50, 2, '', hist(80, 50)],
    [FIRST + 1000, 'desk', '', 0, 0, 'cost', hist(3, 50)],
    [FIRST + 1000, 'desk', 'desk.v2', 50, 2, '', hist(80, 50)],
    [THIRD + 1000, 'desk', '', 10, 0, '', hist(40, 10)],
  ]);
  const from = { type: 'outcomes', service: 'desk' } as const;
  expect(await read({ kind: 'ratio', from })).toEqual([
    { at: FIRST, value: 4, count: 50 },
    { at: THIRD, value: 0, count: 10 },
  ]);
  const [p50, later] = await read({ kind: 'quantile', quantile: 0.5, from });
  expect(p50?.value).toBeGreaterThan(76);
  expect(p50?.value).toBeLessThan(84);
  expect(later?.value).toBeLessThan(42);
  const [cost, none] = await read({ kind: 'mean', from: { ...from, value: 'cost' } });
  expect(cost?.value).toBeGreaterThan(2.8);
  expect(cost?.value).toBeLessThan(3.2);
  expect(none).toBeUndefined();
});

test('metrics: gauges, counters with a reset, ratios and histograms', async () => {
  const second = Math.floor(NOW / 1000);
  const series = [
    [1, 'pool.used', 'gauge', 0, "map('pool', 'a')"],
    [2, 'pool.used', 'gauge', 0, "map('pool', 'b')"],
    [3, 'jobs.failed', 'sum', 2, 'map()'],
    [4, 'jobs.all', 'sum', 2, 'map()'],
    [5, 'job.seconds', 'histogram', 2, 'map()'],
    [6, 'job.bytes', 'exponential', 1, 'map()'],
  ] as const;
  await world.engine.client.command({
    query: `INSERT INTO series (fp, metric, prom, kind, temporality, service, labels, first_seen, last_seen) VALUES ${series
      .map(
        ([fp, metric, kind, temporality, labels]) =>
          `(${fp}, '${metric}', '${metric}', '${kind}', ${temporality}, 'jobs', ${labels}, ${second}, ${second})`,
      )
      .join(', ')}`,
  });
  await insert('m_num', 'metric, fp, value', [
    [FIRST + 1000, 'pool.used', 1, 10],
    [FIRST + 1000, 'pool.used', 2, 20],
    [THIRD + 1000, 'pool.used', 1, 40],
    [FIRST - SLOT, 'jobs.failed', 3, 5],
    [FIRST + 1000, 'jobs.failed', 3, 8],
    [THIRD + 1000, 'jobs.failed', 3, 2],
    [FIRST - SLOT, 'jobs.all', 4, 100],
    [FIRST + 1000, 'jobs.all', 4, 160],
    [THIRD + 1000, 'jobs.all', 4, 180],
  ]);
  const gauge = { type: 'metric', metric: 'pool.used', service: 'jobs' } as const;
  expect(await read({ kind: 'gauge', from: gauge })).toMatchObject([
    { at: FIRST, value: 15 },
    { at: THIRD, value: 40 },
  ]);
  expect(await read({ kind: 'gauge', from: { ...gauge, where: { pool: 'b' } } })).toMatchObject([{ value: 20 }]);
  const failed = { type: 'metric', metric: 'jobs.failed', service: 'jobs' } as const;
  // From 8 to 2 is a reset: 2 since then.
  expect(await read({ kind: 'rate', from: failed })).toMatchObject([{ value: 3 / 300, count: 3 }, { value: 2 / 300 }]);
  expect(await read({ kind: 'ratio', from: { ...failed, of: { metric: 'jobs.all' } } })).toMatchObject([
    { value: 5, count: 60 },
    { value: 10, count: 20 },
  ]);
  await insert('m_hist', 'metric, fp, count, sum, start_ts, bounds, counts', [
    [FIRST - SLOT, 'job.seconds', 5, 10, 10, 0, '[1., 2.]', '[10., 0., 0.]'],
    [FIRST + 1000, 'job.seconds', 5, 20, 25, 0, '[1., 2.]', '[10., 10., 0.]'],
  ]);
  const histogram = { type: 'metric', metric: 'job.seconds', service: 'jobs' } as const;
  expect(await read({ kind: 'mean', from: histogram })).toMatchObject([{ at: FIRST, value: 1.5, count: 10 }]);
  expect(await read({ kind: 'quantile', quantile: 0.5, from: histogram })).toMatchObject([{ value: 1.5 }]);
  // Base 2 from the bucket (1, 2] on; the last of four lies in (2, 4].
  await insert(
    'm_exp',
    'metric, fp, count, sum, start_ts, scale, zero_count, zero_threshold, pos_offset, pos, neg_offset, neg',
    [[FIRST + 1000, 'job.bytes', 6, 4, 8, 0, 0, 1, 0, 0, '[2., 1.]', 0, '[]']],
  );
  const exponential = { type: 'metric', metric: 'job.bytes', service: 'jobs' } as const;
  expect(await read({ kind: 'mean', from: exponential })).toMatchObject([{ at: FIRST, value: 2, count: 4 }]);
  expect(await read({ kind: 'quantile', quantile: 1, from: exponential })).toMatchObject([{ value: 4 }]);
  expect(await read({ kind: 'quantile', quantile: 0.75, from: exponential })).toMatchObject([{ value: 2 }]);
});

test('sql: the mean of a query by slot; a query that does more than read is refused', async () => {
  const query = "SELECT ts AS time, duration_ns / 1e6 AS value FROM spans WHERE service = 'cart' AND is_unit = 1";
  expect(await read({ kind: 'gauge', from: { type: 'sql', query } })).toEqual([
    { at: FIRST, value: 150, count: null },
    { at: THIRD, value: 50, count: null },
  ]);
  const { issues } = resolveSignal(
    'x',
    { kind: 'gauge', dimension: 'cost', from: { type: 'sql', query: 'DROP TABLE spans' } },
    { tolerance: 0.02, prometheus: [] },
  );
  expect(issues).toMatchObject([{ path: 'from.query' }]);
});

test('Belay itself: each of its own signals has the value of its own metric', async () => {
  const points = selfSignals.flatMap(({ metric, input }) => {
    const labels = input.from.type === 'metric' ? (input.from.where ?? {}) : {};
    return {
      metric,
      description: '',
      kind: input.kind === 'rate' ? ('counter' as const) : ('gauge' as const),
      labels,
      value: 7,
    };
  });
  for (const [index, at] of [FIRST - SLOT, FIRST + 1000].entries()) {
    const content = ownPoints(
      points.map((point) => ({ ...point, value: point.value + index })),
      { service: 'belay', instance: 'here', at },
    );
    await world.server.telemetry.write(content, { hash: BigInt(900 + index), bytes: 100 });
  }
  for (const { id, input } of selfSignals) {
    const values = await read(input);
    expect({ id, values }).toMatchObject({ id, values: [{ at: FIRST, value: input.kind === 'rate' ? 1 / 300 : 8 }] });
  }
});

// apt-get install prometheus
test.skipIf(!hasPrometheus)(
  'an outside Prometheus: the value at the end of each slot, of an origin that is allowed',
  async () => {
    const prometheus: PrometheusProcess = await startPrometheus();
    try {
      const labels = { __name__: 'queue_length', job: 'worker' };
      await prometheus.write([
        {
          labels,
          samples: [
            [FIRST + SLOT - 1000, 12],
            [THIRD + SLOT - 1000, 30],
          ],
        },
      ]);
      const from = { type: 'prometheus', url: prometheus.url, query: 'sum(last_over_time(queue_length[1m]))' } as const;
      expect(await read({ kind: 'gauge', from }, [prometheus.url])).toEqual([
        { at: FIRST, value: 12, count: null },
        { at: THIRD, value: 30, count: null },
      ]);
      const { issues } = resolveSignal(
        'x',
        { kind: 'gauge', dimension: 'cost', from },
        { tolerance: 0.02, prometheus: [] },
      );
      expect(issues).toMatchObject([{ path: 'from.url' }]);
    } finally {
      await prometheus.close();
    }
  },
);
