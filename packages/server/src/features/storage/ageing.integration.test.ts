import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, closeDatabase, type Database } from '../../platform/sqlite/database.ts';
import { compactRollup, isCompactable, rolledThrough, type RollupMaker } from '../telemetry/api.ts';
import {
  createRollupMaker,
  generatedLogs,
  generatedSpans,
  openRollupTestbed,
  silent,
  type RollupTestbed,
} from '../telemetry/testing.ts';
import { type Ageing, createAgeing } from './ageing.ts';
import { createDayRewriter } from './day-rewriter.ts';
import { checkParts, countRows } from './part-check.ts';
import type { RetentionPolicy } from './retention-policy.ts';
import { createStorageStore } from './storage-store.ts';

const DAY = 86_400;
const START = 1_790_000_000 - (1_790_000_000 % DAY);
const policy: RetentionPolicy = {
  traces: { rawDays: 1, keepDays: 30 },
  logs: { rawDays: 1, keepDays: 30 },
  metricsDays: 15,
  errorsDays: 90,
  evaluationsDays: 30,
  outcomesDays: 400,
  minutesDays: 30,
  hoursDays: 400,
  daysDays: 1830,
  services: { bot: { traces: { keepDays: 1 } }, cart: { traces: { rawDays: 7 } } },
  sampling: {
    traces: 0.1,
    logs: 0.1,
    slowMs: 100,
    critical: [{ service: 'checkout', operation: 'POST *' }],
    services: { search: 0.02 },
  },
  budgetBytes: null,
};
let bed: RollupTestbed;
let db: Database;
let now = (START + 2 * DAY + 3600) * 1000;
let rollups: RollupMaker;

const ageing = (changed: Partial<RetentionPolicy> = {}, missingBytes = 0): Ageing =>
  createAgeing({
    engine: bed.engine,
    store: createStorageStore(db),
    rewriter: createDayRewriter({ engine: bed.engine, compactInto: compactRollup }),
    policy: { ...policy, ...changed },
    clock: { now: () => now },
    log: silent,
    defaultDays: () => 400,
    rolledThrough: (table) => rolledThrough(rollups.marks(), table),
    isCompactable: (table, dayEnd) => isCompactable(rollups.marks(), table, dayEnd),
    missingBytes: async () => missingBytes,
  });

beforeAll(async () => {
  bed = await openRollupTestbed();
  db = await openDatabase({ path: ':memory:' });
  await bed.run(generatedSpans({ from: START, seconds: DAY, rows: 40_000 }));
  await bed.run(generatedLogs({ from: START, seconds: DAY, rows: 20_000 }));
  rollups = createRollupMaker({
    engine: bed.engine,
    log: silent,
    whenPrepared: bed.whenPrepared,
    closedThrough: () => START + DAY + 10,
  });
});
afterAll(async () => {
  await bed.close();
  await closeDatabase(db);
});

const spanCounts = `SELECT toString(service) AS service, toStartOfHour(ts) AS hour, toString(name) AS name, is_error, round(sum(weight), 6) AS n FROM spans
  WHERE service != 'bot' GROUP BY ALL ORDER BY ALL`;
const logCounts = `SELECT toString(service) AS service, severity, round(sum(weight), 6) AS n FROM logs GROUP BY ALL ORDER BY ALL`;
const kept = `SELECT countIf(is_error = 1) AS errors, sumIf(weight, is_error = 1) AS weighted,
  countIf(service = 'checkout' AND startsWith(name, 'POST ')) AS critical, countIf(service = 'cart') AS cart FROM spans`;
const traceOfErrors = `SELECT count() AS spans FROM spans WHERE service != 'bot' AND trace_id IN (SELECT trace_id FROM spans WHERE is_error = 1)`;

test('a day is not touched before its rollups have seen it', async () => {
  expect((await ageing().plan()).steps).toEqual([]);
  await rollups.run();
  const { steps } = await ageing().plan();
  expect(steps.map(({ table, action, because }) => [table, action, because])).toEqual(
    expect.arrayContaining([
      ['logs', 'thin', 'age'],
      ['spans', 'thin', 'age'],
    ]),
  );
});

test('killed at any moment, a day is thinned to less with exactly the same counts, and nothing of what matters goes', async () => {
  const before = {
    spans: await bed.select(spanCounts),
    logs: await bed.select(logCounts),
    kept: await bed.select(kept),
    traces: await bed.select(traceOfErrors),
    rows: await bed.select<{ n: number }>('SELECT count() AS n FROM spans'),
  };
  for (const wait of [30, 250, 600]) {
    const running = ageing().run();
    await new Promise((resolve) => setTimeout(resolve, wait));
    await bed.killEngine();
    await running.catch(() => undefined);
    expect(await bed.select(spanCounts)).toEqual(before.spans);
  }
  const run = await ageing().run();
  expect(run.failure).toBeNull();
  expect(await bed.select(spanCounts)).toEqual(before.spans);
  expect(await bed.select(logCounts)).toEqual(before.logs);
  expect(await bed.select(traceOfErrors)).toEqual(before.traces);
  const [was, is] = [before.kept[0], (await bed.select(kept))[0]] as Record<string, number>[];
  // Errors of the service whose day is over are gone with it; its share of them is a fourth.
  expect(is?.['errors']).toBe(is?.['weighted']);
  expect(is?.['critical']).toBe(was?.['critical']);
  expect(is?.['cart']).toBe(was?.['cart']);
  const bots = await bed.select<{ n: number }>("SELECT count() AS n FROM spans WHERE service = 'bot'");
  expect(bots).toEqual([{ n: 0 }]);
  const after = await bed.select<{ n: number }>('SELECT count() AS n FROM spans');
  expect(after[0]?.n).toBeLessThan((before.rows[0]?.n ?? 0) * 0.75);
  expect(await bed.select("SELECT name FROM system.tables WHERE startsWith(name, 'ageing_')")).toEqual([]);
});

test('what has been aged is left alone, and sums are as before', async () => {
  const sums =
    'SELECT toString(service) AS s, sum(n) AS n, sum(errors) AS e, sum(dsum) AS d FROM span_1h GROUP BY s ORDER BY s';
  const before = await bed.select(sums);
  expect((await ageing().plan()).steps.filter(({ action }) => action === 'thin')).toEqual([]);
  await ageing().run();
  expect(await bed.select(sums)).toEqual(before);
  const all = await bed.select<{ n: number }>('SELECT sum(n) AS n FROM span_1h');
  expect(all).toEqual([{ n: 40_000 }]);
});

test('a later day changes only what its services say, and then everything goes but the sums', async () => {
  const counts = await bed.select(spanCounts);
  now = (START + 9 * DAY) * 1000;
  await ageing().run();
  expect(await bed.select(spanCounts)).toEqual(counts);
  now = (START + 32 * DAY) * 1000;
  const run = await ageing().run();
  expect(run.steps.filter(({ action }) => action === 'drop').map(({ table }) => table)).toEqual(
    expect.arrayContaining(['spans', 'logs', 'span_1m', 'log_1m']),
  );
  expect(await bed.select('SELECT count() AS n FROM spans')).toEqual([{ n: 0 }]);
  expect(await bed.select('SELECT sum(n) AS n FROM span_1h')).toEqual([{ n: 40_000 }]);
});

test('a part that vanishes is noticed, and one that cannot be read is reported', async () => {
  await bed.run(generatedSpans({ from: START + 40 * DAY, seconds: 600, rows: 5000, seed: 5 }));
  const store = createStorageStore(db);
  const options = { engine: bed.engine, store, clock: { now: () => now } };
  await countRows(options);
  expect(await checkParts(options)).toEqual([]);
  await bed.run(`ALTER TABLE spans DETACH PARTITION ID '20261030'`).catch(() => undefined);
  const [partition] = await bed.select<{ id: string }>(
    "SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND table = 'spans'",
  );
  if (partition !== undefined) await bed.run(`ALTER TABLE spans DETACH PARTITION ID '${partition.id}'`);
  const lost = await checkParts(options);
  expect(lost).toEqual([
    expect.objectContaining({ table: 'spans', rows: 5000, reason: 'fewer rows than were stored' }),
  ]);
  expect(await checkParts(options)).toEqual([]);
  expect(await store.quarantined()).toHaveLength(1);
});
