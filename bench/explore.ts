// How long people wait for logs and traces: the questions of the dashboard over a store of the size of a few days.
// node scripts/run.js bench/explore.ts [--quick] [--logs 10000000] [--spans 20000000] [--seconds 75]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { logFields } from '../packages/server/src/features/logs/log-fields.ts';
import { logHistogram } from '../packages/server/src/features/logs/log-histogram.ts';
import { logPatterns } from '../packages/server/src/features/logs/log-patterns.ts';
import { searchLogs } from '../packages/server/src/features/logs/search-logs.ts';
import { createTelemetryStore } from '../packages/server/src/features/telemetry/api.ts';
import { listOperations } from '../packages/server/src/features/traces/list-operations.ts';
import { listTraces } from '../packages/server/src/features/traces/list-traces.ts';
import { queryPatterns } from '../packages/server/src/features/traces/query-patterns.ts';
import { readTrace } from '../packages/server/src/features/traces/read-trace.ts';
import { serviceMap } from '../packages/server/src/features/traces/service-map.ts';
import { createTelemetryEngine } from '../packages/server/src/platform/clickhouse/telemetry-engine.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    logs: { type: 'string' },
    spans: { type: 'string' },
    seconds: { type: 'string' },
  },
});
const LOGS = Number(values.logs ?? (values.quick ? 500_000 : 10_000_000));
const SPANS = Number(values.spans ?? (values.quick ? 500_000 : 20_000_000));
/** Each table is filled for no longer than this. */
const FILL_SECONDS = Number(values.seconds ?? (values.quick ? 20 : 75));
const REPEATS = values.quick ? 15 : 30;
const CHUNK = 250_000;
const SPANS_PER_TRACE = 8;
const CPU_TICKS = 100;

const NOW = Math.floor(Date.now() / 1000) - 60;
const DAY = 86_400;
const day = { fromMs: (NOW - DAY) * 1000, toMs: (NOW + 1) * 1000 };
const hour = { fromMs: (NOW - 3600) * 1000, toMs: (NOW + 1) * 1000 };

const LOG_BODY = `multiIf(rand(4) % 10 < 4, concat('GET /api/items/', toString(rand(5) % 100000), ' completed in ', toString(rand(6) % 900), ' ms status=200'),
  rand(4) % 10 < 6, concat('user ', ['alice', 'bob', 'carol', 'dave', 'erin'][1 + rand(7) % 5], ' logged in from 10.', toString(rand(8) % 255), '.', toString(rand(9) % 255), '.7'),
  rand(4) % 10 < 8, concat('cache miss for key session:', toString(generateUUIDv4(number)), ' after ', toString(rand(10) % 50), ' retries'),
  rand(4) % 10 < 9, concat('payment declined for order ORD-', toString(rand(11) % 1000000), ': insufficient funds'),
  rand(13) % 20000 = 0, concat('deadlock on table orders, code rare', toString(rand(14) % 50)),
  concat('worker ', toString(rand(12) % 64), ' heartbeat ok queue_depth=', toString(rand(13) % 1000)))`;
const LOG_COLUMNS = '_in, _req, ts, trace_id, span_id, service, instance, severity, body, attributes';

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'belay-explore-'));
const log = { debug() {}, info() {}, warn() {}, error: console.error };
const clock = { now: () => Date.now() };
const engine = createTelemetryEngine({ dataDir, clock, log });
const store = createTelemetryStore({ engine, clock, log });
const { reader } = store;

try {
  await reader.rows('SELECT 1', { name: 'bench.ready' });
  const logs = await fill('logs', LOGS, logChunk);
  const spans = await fill('spans', SPANS, spanChunk);
  const patternCost = await costOfPattern();
  const rows = await questions(spans);
  console.table(rows);
  const [cpu] = os.cpus();
  const result = {
    date: new Date().toISOString(),
    machine: { cpu: cpu?.model, cores: os.cpus().length, node: process.version, loadAverage: os.loadavg() },
    note: 'Each question with different words and traces each time, from the call of the feature to its answer, without HTTP. A load average above the cores means that other work shared the machine, which makes each row slower.',
    quick: values.quick,
    rows: { logs, spans },
    repeats: REPEATS,
    patternCost,
    questions: rows,
  };
  const file = values.quick ? 'explore-quick.json' : 'explore.json';
  writeFileSync(new URL(`./results/${file}`, import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await store.close();
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

interface Row {
  readonly question: string;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

async function questions(spans: number): Promise<Row[]> {
  const filter = (q: string) => ({ q });
  const search = (q: string, range = day) =>
    searchLogs(reader, { filter: filter(q), range, cursor: undefined, limit: 50 });
  const traceOf = (n: number): string => traceIdOf(Math.floor(((n * 7919) % spans) / SPANS_PER_TRACE));
  const raw = (settings: string) => (n: number) =>
    reader.rows(
      `SELECT count() FROM logs WHERE ts >= toDateTime64(${NOW - DAY}, 9, 'UTC') AND hasAllTokens(lower(body), {w:Array(String)}) ${settings}`,
      { name: 'bench.raw', parameters: { w: [`rare${n % 50}`] }, deadlineMs: 30_000 },
    );
  return [
    await measure('log search: a rare word, 24 h', (n) => search(`rare${n % 50}`)),
    await measure('log search: two frequent words, 24 h', (n) =>
      search(n % 2 === 0 ? 'payment declined' : 'cache miss'),
    ),
    await measure('log search: a phrase and an error level, 24 h', () => search('"insufficient funds" level:>=error')),
    await measure('log search: field = value, 24 h', (n) => search(`user.id:${(n * 313) % 200_000}`)),
    await measure('log search: text inside words (*), 1 h', () => search('*nsuffici*', hour)),
    await measure('count of a rare word with the text index', raw('')),
    await measure(
      'count of a rare word without it',
      raw('SETTINGS use_skip_indexes = 0, query_plan_direct_read_from_text_index = 0'),
      3,
    ),
    await measure('log histogram, 24 h', () => logHistogram(reader, { filter: filter(''), range: day, steps: 60 }), 5),
    await measure('log patterns, 1 h', () => logPatterns(reader, { filter: filter(''), range: hour, limit: 50 }), 5),
    await measure('log fields, 1 h', () => logFields(reader, { filter: filter(''), range: hour, limit: 50 }), 5),
    await measure('trace by id', (n) => readTrace(reader, traceOf(n))),
    await measure('newest traces of a service', () =>
      listTraces(reader, {
        filter: { service: 'cart', status: 'any' },
        range: day,
        sort: 'newest',
        cursor: undefined,
        limit: 50,
      }),
    ),
    await measure(
      'slowest traces with an error, 24 h',
      () =>
        listTraces(reader, { filter: { status: 'error' }, range: day, sort: 'slowest', cursor: undefined, limit: 50 }),
      5,
    ),
    await measure(
      'operations against the hour before',
      () => listOperations(reader, { range: hour, kind: 'units', sort: 'requests', cursor: undefined, limit: 50 }),
      10,
    ),
    await measure(
      'overview of all services, 24 h, raw',
      () =>
        reader.rows(
          `SELECT service, sum(weight) AS n, sum(weight * is_error) AS errors, quantile(0.95)(duration_ns) AS p95 FROM spans
         WHERE ts >= toDateTime64(${NOW - DAY}, 9, 'UTC') AND is_unit = 1 GROUP BY service`,
          { name: 'bench.overview' },
        ),
      10,
    ),
    await measure('service map, 1 h', () => serviceMap(reader, { range: hour, service: undefined }), 5),
    await measure('statements with N+1, 1 h', () => queryPatterns(reader, { range: hour, sort: 'time', limit: 50 }), 5),
  ];
}

async function measure(question: string, ask: (n: number) => Promise<unknown>, repeats = REPEATS): Promise<Row> {
  await ask(0);
  const times: number[] = [];
  for (let n = 1; n <= repeats; n += 1) {
    const began = performance.now();
    await ask(n);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const quantile = (q: number): number => Math.round((times[Math.ceil(q * times.length) - 1] ?? 0) * 10) / 10;
  return { question, p50Ms: quantile(0.5), p95Ms: quantile(0.95) };
}

/** Fills a table with made-up rows of the last day, oldest first, until it has enough or the time is up. */
async function fill(table: string, rows: number, chunk: (from: number, total: number) => string): Promise<number> {
  const began = performance.now();
  let done = 0;
  while (done < rows && performance.now() - began < FILL_SECONDS * 1000) {
    await engine.client.command({ query: chunk(done, rows) });
    done += CHUNK;
  }
  console.log(`${table}: ${done} rows in ${Math.round((performance.now() - began) / 1000)} s`);
  return done;
}

/** Rows go backwards in time, so that a table that is cut short has the newest ones. */
function timeOf(total: number): string {
  return `toDateTime64(${NOW}, 9, 'UTC') - toIntervalMicrosecond(intDiv(number * ${DAY * 1000}, ${total}) * 1000)`;
}

function logSelect(from: number, total: number): string {
  return `SELECT toDateTime(at), intDiv(number, 500), ${timeOf(total)} AS at, reinterpretAsFixedString(sipHash128(number)),
    reinterpretAsFixedString(sipHash64(number)), ['api', 'web', 'cart', 'payments', 'search', 'auth', 'mail', 'stock'][1 + rand(1) % 8],
    concat('i-', toString(rand(2) % 6)), [9, 9, 9, 9, 9, 9, 5, 5, 13, 17][1 + rand(3) % 10], ${LOG_BODY},
    map('http.route', concat('/r', toString(rand(15) % 40)), 'user.id', toString(rand(16) % 200000), 'status', toString(200 + rand(17) % 5))
    FROM numbers(${from}, ${CHUNK})`;
}

function logChunk(from: number, total: number): string {
  return `INSERT INTO logs (${LOG_COLUMNS}) ${logSelect(from, total)}`;
}

/** Traces of eight spans: a request, a call of another service with its request, and five statements. */
function spanChunk(from: number, total: number): string {
  return `INSERT INTO spans (_in, _req, ts, trace_id, span_id, parent_id, service, instance, name, kind, status, duration_ns,
      is_unit, is_error, http_status, route, attributes)
    SELECT toDateTime(at), intDiv(number, 512), ${timeOf(total)} AS at, unhex(leftPad(hex(intDiv(number, ${SPANS_PER_TRACE})), 32, '0')),
      unhex(leftPad(hex(number + 1), 16, '0')),
      unhex(leftPad(if(place = 0, '', hex(intDiv(number, ${SPANS_PER_TRACE}) * ${SPANS_PER_TRACE} + if(place = 2, 2, 1))), 16, '0')),
      if(place = 2, 'stock', ['web', 'cart', 'payments', 'search'][1 + intDiv(number, ${SPANS_PER_TRACE}) % 4]), 'i-1',
      multiIf(place = 0, concat('GET /r', toString(intDiv(number, ${SPANS_PER_TRACE}) % 20)), place = 1, 'GET stock', place = 2, 'GET /stock', 'SELECT item'),
      multiIf(place IN (0, 2), 2, 3), 0, toUInt64(1000000 * (1 + rand(2) % 300) / (1 + place)), place IN (0, 2), rand(3) % 100 = 0, 200, '',
      if(place > 2, map('db.system', 'postgresql', 'db.name', 'shop', 'db.statement', concat('SELECT * FROM item WHERE id = ', toString(rand(4) % 100000))),
        map('http.route', '/r', 'tenant', toString(rand(5) % 5000)))
    FROM (SELECT number, number % ${SPANS_PER_TRACE} AS place FROM numbers(${from}, ${CHUNK}))`;
}

function traceIdOf(trace: number): string {
  return trace.toString(16).padStart(32, '0');
}

/** What the hash of the pattern adds to the engine's CPU for storing log lines: the same rows with and without it, in turns. */
async function costOfPattern() {
  const commands = [
    'CREATE TABLE bench_source ENGINE = Memory AS SELECT * FROM logs LIMIT 200000',
    'CREATE TABLE bench_with AS logs',
    'CREATE TABLE bench_without AS logs',
    'ALTER TABLE bench_without DROP INDEX by_pattern',
    'ALTER TABLE bench_without DROP COLUMN pattern',
  ];
  for (const query of commands) await engine.client.command({ query });
  const cpu: Record<'bench_with' | 'bench_without', number[]> = { bench_with: [], bench_without: [] };
  for (let turn = 0; turn < 6; turn += 1) {
    for (const table of ['bench_with', 'bench_without'] as const) {
      const before = cpuOf(engine.pid() ?? 0);
      await engine.client.command({ query: `INSERT INTO ${table} SELECT * FROM bench_source` });
      cpu[table].push((cpuOf(engine.pid() ?? 0) - before) / 0.2);
    }
  }
  for (const table of ['bench_source', 'bench_with', 'bench_without']) {
    await engine.client.command({ query: `DROP TABLE ${table}` });
  }
  const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  const [withIt, without] = [median(cpu.bench_with), median(cpu.bench_without)];
  return {
    note: 'CPU seconds per million lines inside the engine for INSERT with merges that happen meanwhile; decoding and HTTP come on top.',
    withPattern: round(withIt),
    withoutPattern: round(without),
    added: round(withIt / without - 1),
  };
}

/** CPU seconds that a process has used. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / CPU_TICKS;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
