// Ninety days of metrics through the APIs, before and after the points have gone.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTelemetryReader } from '../telemetry/api.ts';
import { createRollupMaker, openRollupTestbed, silent, type RollupTestbed } from '../telemetry/testing.ts';
import { servePrometheusApi, type PrometheusApi } from './prometheus-api-testbed.ts';

const DAY = 86_400;
const TODAY = Math.floor(Date.now() / 1000 / DAY) * DAY;
/** Days ago on which there were two hours of points, from ten to midnight, one a minute. */
const ACTIVE = [90, 45, 20, 2];
const startOf = (daysAgo: number): number => TODAY - daysAgo * DAY + 22 * 3600;
const METRICS = { heat: 1, served_total: 2, fed: 3, took: 4 } as const;
let bed: RollupTestbed;
let api: PrometheusApi;

beforeAll(async () => {
  bed = await openRollupTestbed();
  const series = (name: keyof typeof METRICS, kind: string, temporality: number): string =>
    `(${METRICS[name]}, '${name}', '${name}', '${kind}', ${temporality}, 1, 'otlp', 'shop', map('room', 'a'), toDateTime(${startOf(90)}), toDateTime(${TODAY}))`;
  await bed.run(`INSERT INTO series (fp, metric, prom, kind, temporality, monotonic, source, service, labels, first_seen, last_seen)
    VALUES ${[series('heat', 'gauge', 0), series('served_total', 'sum', 2), series('fed', 'sum', 1), series('took', 'histogram', 2)].join(', ')}`);
  // Seconds past the minute, so that no point lies on an edge; the counter begins anew in the middle of the first hour.
  const values = {
    heat: '20 + 5 * sin(number / 7) + number % 3',
    served_total: 'if(number < 30, 100 + number * 7, (number - 30) * 11)',
    fed: '1 + number % 4',
  };
  for (const daysAgo of ACTIVE) {
    // A histogram whose buckets grow at their own pace, and begin anew in the second hour.
    await bed.run(`INSERT INTO m_hist (_in, _req, metric, fp, ts, count, sum, bounds, counts)
      SELECT toDateTime(${startOf(daysAgo)} + 60 * number + 9, 'UTC'), number, 'took', ${METRICS.took}, toDateTime64(${startOf(daysAgo)} + 60 * number + 7, 3, 'UTC'),
        arraySum(counts), 40 * arraySum(counts), [10, 50, 100], arrayMap(b -> toFloat64((number % 80) * (b * b + 1)), range(4)) AS counts FROM numbers(120)`);
    for (const [metric, fp] of Object.entries(METRICS).filter(([name]) => name !== 'took')) {
      await bed.run(`INSERT INTO m_num (_in, _req, metric, fp, ts, value)
        SELECT toDateTime(${startOf(daysAgo)} + 60 * number + 9, 'UTC'), number, '${metric}', ${fp},
          toDateTime64(${startOf(daysAgo)} + 60 * number + 7, 3, 'UTC'), ${values[metric as keyof typeof values]} FROM numbers(120)`);
    }
  }
  const reader = createTelemetryReader({
    engine: bed.engine,
    log: silent,
    whenPrepared: bed.whenPrepared,
    tables: () => [],
  });
  api = await servePrometheusApi({ store: { reader } });
});
afterAll(async () => {
  await api.close();
  await bed.close();
});

type Points = (readonly [number, string])[];

/** Points on the hour of ninety days. */
async function hourly(query: string): Promise<Map<number, number>> {
  const form = { query, start: String(TODAY - 91 * DAY), end: String(TODAY), step: '3600' };
  const response = await fetch(`${api.url}/api/v1/query_range?${new URLSearchParams(form).toString()}`);
  const answer = (await response.json()) as { status: string; data: { result: { values: Points }[] } };
  expect(answer.status, JSON.stringify(answer).slice(0, 300)).toBe('success');
  return new Map(answer.data.result.flatMap(({ values }) => values).map(([at, value]) => [at, Number(value)]));
}

const EXACT = [
  'heat',
  'avg_over_time(heat[1h])',
  'sum_over_time(heat[1h])',
  'count_over_time(heat[1h])',
  'max_over_time(heat[1h])',
  'min_over_time(heat[2h])',
  'served_total',
] as const;
const GROWN = [
  'increase(served_total[1h])',
  'rate(served_total[2h])',
  'increase(fed[1h])',
  'rate(served_total[10m])',
] as const;

async function everything(): Promise<Map<string, Map<number, number>>> {
  const answers = new Map<string, Map<number, number>>();
  for (const query of [...EXACT, ...GROWN]) answers.set(query, await hourly(query));
  return answers;
}

async function forget(table: string, olderThanDays: number): Promise<void> {
  for (const daysAgo of ACTIVE.filter((days) => days > olderThanDays)) {
    const day = new Date(startOf(daysAgo) * 1000).toISOString().slice(0, 10);
    await bed.run(`ALTER TABLE ${table} DROP PARTITION ID '${day.replaceAll('-', '')}'`);
  }
}

test('a range of ninety days answers the same after points, and sums by minutes, have gone', async () => {
  const before = await everything();
  expect([...(before.get('heat') ?? [])].length).toBe(2 * ACTIVE.length);
  await createRollupMaker({
    engine: bed.engine,
    log: silent,
    whenPrepared: bed.whenPrepared,
    closedThrough: () => TODAY + DAY,
  }).run();
  for (const [table, days] of [
    ['m_num', 15],
    ['m_hist', 15],
    ['m_5m', 30],
    ['hist_5m', 30],
  ] as const) {
    await forget(table, days);
    const after = await everything();
    for (const query of EXACT) {
      const [was, is] = [before.get(query), after.get(query)];
      expect([...(is?.keys() ?? [])], `${query} without ${table}`).toEqual([...(was?.keys() ?? [])]);
      for (const [at, value] of was ?? [])
        expect(is?.get(at), `${query} at ${at} without ${table}`).toBeCloseTo(value, 9);
    }
    for (const query of GROWN) {
      for (const [at, value] of before.get(query) ?? []) {
        // A window that is shorter than its bucket sees the bucket's growth spread evenly.
        const isFiner = query.endsWith('[10m])') && at < TODAY - 30 * DAY;
        const error = Math.abs((after.get(query)?.get(at) ?? Number.NaN) / value - 1);
        expect(error, `${query} at ${at} without ${table}`).toBeLessThan(isFiner ? 0.5 : 0.02);
      }
    }
  }
});

test('the dashboard sees the same history as Prometheus clients', async () => {
  const response = await fetch(api.url.replace('/prometheus', '/api/v1/metrics/query'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: 'sum_over_time(heat[1h])',
      from: (TODAY - 91 * DAY) * 1000,
      to: TODAY * 1000,
      stepSeconds: 3600,
      maxSeries: 10,
    }),
  });
  const { series } = (await response.json()) as { series: { values: (number | null)[] }[] };
  const known = series[0]?.values.filter((value) => value !== null) ?? [];
  const expected = [...(await hourly('sum_over_time(heat[1h])')).values()];
  expect(known).toEqual(expected);
  expect(known).toHaveLength(2 * ACTIVE.length);
});
