// What signals read of an old day, before and after its rows have gone.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTelemetryReader, type TelemetryReader } from '../../telemetry/api.ts';
import {
  createRollupMaker,
  generatedLogs,
  generatedSpans,
  openRollupTestbed,
  type RollupTestbed,
  silent,
} from '../../telemetry/testing.ts';
import type { SignalDefinition } from '../signal-definition.ts';
import { createRound } from './source-reader.ts';

const DAY = 86_400;
const START = 1_790_000_000 - (1_790_000_000 % DAY);
const FROM = START + 3600;
const RANGE = { fromMs: FROM * 1000, toMs: (FROM + 7200) * 1000 };
let bed: RollupTestbed;
let reader: TelemetryReader;

beforeAll(async () => {
  bed = await openRollupTestbed();
  reader = createTelemetryReader({ engine: bed.engine, log: silent, whenPrepared: bed.whenPrepared, tables: () => [] });
  const rows = { from: FROM, seconds: 7200, lateShare: 0 };
  await bed.run(generatedSpans({ ...rows, rows: 20_000 }));
  await bed.run(generatedLogs({ ...rows, rows: 5000 }));
  await bed.run(`INSERT INTO series (fp, metric, prom, kind, temporality, monotonic, source, service, first_seen, last_seen) VALUES
    (1, 'served', 'served', 'sum', 2, 1, 'otlp', 'cart', now(), now()), (2, 'heat', 'heat', 'gauge', 0, 0, 'otlp', 'cart', now(), now()),
    (3, 'took', 'took', 'histogram', 2, 1, 'otlp', 'cart', now(), now())`);
  const times = `toDateTime(${FROM} + 30 * number + 9, 'UTC'), number`;
  const at = `toDateTime64(${FROM} + 30 * number + 7, 3, 'UTC')`;
  await bed.run(`INSERT INTO m_num (_in, _req, metric, fp, ts, value) SELECT ${times}, 'served', 1, ${at}, (number % 150) * 8 FROM numbers(240)
    UNION ALL SELECT ${times}, 'heat', 2, ${at}, 20 + number % 7 FROM numbers(240)`);
  await bed.run(`INSERT INTO m_hist (_in, _req, metric, fp, ts, count, sum, bounds, counts)
    SELECT ${times}, 'took', 3, ${at}, arraySum(counts), 40 * arraySum(counts), [10, 50, 100], arrayMap(b -> toFloat64((number % 150) * (b + 1)), range(4)) AS counts FROM numbers(240)`);
});
afterAll(async () => bed.close());

const SIGNALS = {
  failed: { kind: 'ratio', source: { type: 'spans', service: 'checkout' } },
  traffic: { kind: 'rate', source: { type: 'spans', service: 'cart', operation: 'POST /orders' } },
  mean: { kind: 'mean', source: { type: 'spans', service: 'cart' } },
  p95: { kind: 'quantile', quantile: 0.95, source: { type: 'spans', service: 'cart' } },
  errorLogs: { kind: 'rate', source: { type: 'logs', service: 'cart', severity: 'error' } },
  served: { kind: 'rate', source: { type: 'metric', metric: 'served', service: 'cart' } },
  heat: { kind: 'gauge', source: { type: 'metric', metric: 'heat', service: 'cart' } },
  tookMean: { kind: 'mean', source: { type: 'metric', metric: 'took', service: 'cart' } },
  tookP60: { kind: 'quantile', quantile: 0.6, source: { type: 'metric', metric: 'took', service: 'cart' } },
} as const;

/** Values by slot of every signal; sources look at kind, quantile and source alone. */
async function readAll() {
  const round = createRound({ reader, prometheus: [] });
  const values = new Map<string, Map<number, { value: number; count: number | null }>>();
  for (const [name, signal] of Object.entries(SIGNALS)) {
    const slots = await round({ quantile: 0.5, ...signal } as unknown as SignalDefinition, RANGE);
    values.set(name, new Map(slots.map(({ at, value, count }) => [at, { value, count }])));
  }
  return values;
}

const hourOf = (at: number): number => at - (at % 3_600_000);
const byHour = (slots: ReadonlyMap<number, { readonly count: number | null }> | undefined): Map<number, number> => {
  const hours = new Map<number, number>();
  for (const [at, { count }] of slots ?? []) hours.set(hourOf(at), (hours.get(hourOf(at)) ?? 0) + (count ?? 1));
  return hours;
};

test('five minutes are the same without the rows, and hours without the minutes', async () => {
  const before = await readAll();
  for (const [name, slots] of before) expect(slots.size, name).toBeGreaterThan(20);
  await createRollupMaker({
    engine: bed.engine,
    log: silent,
    whenPrepared: bed.whenPrepared,
    closedThrough: () => START + 2 * DAY,
  }).run();
  for (const table of ['spans', 'logs', 'm_num', 'm_hist']) await bed.run(`TRUNCATE TABLE ${table}`);
  const after = await readAll();
  for (const [name, slots] of before) {
    expect([...(after.get(name)?.keys() ?? [])], name).toEqual([...slots.keys()]);
    for (const [at, { value, count }] of slots) {
      const found = after.get(name)?.get(at);
      if (count !== null) expect(found?.count, `${name} at ${at}`).toBeCloseTo(count, 6);
      const error = value === 0 ? Math.abs(found?.value ?? 1) : Math.abs((found?.value ?? 0) / value - 1);
      expect(error, `${name} at ${at}`).toBeLessThan(name === 'p95' ? 0.02 : 1e-9);
    }
  }

  for (const table of ['span_1m', 'log_1m', 'm_5m', 'hist_5m']) await bed.run(`TRUNCATE TABLE ${table}`);
  const later = await readAll();
  for (const name of ['failed', 'traffic', 'p95', 'errorLogs', 'served', 'tookMean']) {
    const [was, is] = [byHour(before.get(name)), byHour(later.get(name))];
    expect([...is.keys()], name).toEqual([...was.keys()]);
    for (const [hour, count] of was) {
      // The growth between the last point of an hour and the first of the next is part of the next.
      const most = name === 'served' || name === 'tookMean' ? 0.02 : 1e-9;
      expect(Math.abs((is.get(hour) ?? 0) / count - 1), `${name} at ${hour}`).toBeLessThan(most);
    }
  }
});
