// How many errors a second come in as Sentry SDKs send them, what one takes on disk, and how long the stream of issues
// takes to open over all of them.
// node scripts/run.js bench/errors.ts [--quick] [--events 100000] [--issues 500]
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createClient } from '@belay/client';
import { cpuOf } from './metrics/peers.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    events: { type: 'string' },
    issues: { type: 'string', default: '500' },
  },
});
const EVENTS = Number(values.events ?? (values.quick ? 3000 : 100_000));
const ISSUES = Number(values.issues);
/** SDKs of many processes; each waits for its answer. */
const CLIENTS = 256;
/** So that a slow machine ends, too; what was sent until then counts. */
const LONGEST_MS = 150_000;
const REPEATS = values.quick ? 10 : 40;
const ALL = { state: 'all' } as const;

const cwd = mkdtempSync(path.join(os.tmpdir(), 'belay-errors-'));
const entry = fileURLToPath(new URL('../test/integration/server-process.ts', import.meta.url));
const flags = ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'];
const child = spawn(process.execPath, [...flags, entry, cwd], { stdio: ['ignore', 'pipe', 'inherit'] });
const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
const client = createClient({ baseUrl: url, token: readFileSync(path.join(cwd, '.belay/cli-token'), 'utf8').trim() });
const { dsn, project } = await client.call('sentryKeyCreate', { body: { service: 'shop' } });
const address = `${url}/api/${project}/envelope/?sentry_key=${new URL(dsn).username}`;
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
while ((await send(0)) !== 200) await delay(200);

const pids = [child.pid ?? 0, ...childrenOf(child.pid ?? 0)];
const before = pids.map((pid) => cpuOf([pid]));
const acks: number[] = [];
const state = { serial: 0, refused: 0 };
const began = performance.now();
await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    for (let serial = (state.serial += 1); serial <= EVENTS; serial = state.serial += 1) {
      const at = performance.now();
      if (at - began > LONGEST_MS) return;
      for (let status = await send(serial); status !== 200; status = await send(serial)) {
        // A client that is told to wait does so, and sends the same event again.
        if (status !== 429 && status !== 503) throw new Error(`answered ${status}`);
        state.refused += 1;
        if (performance.now() - began > LONGEST_MS) return;
        await delay(200);
      }
      acks.push(performance.now() - at);
    }
  }),
);
const seconds = (performance.now() - began) / 1000;
const [serverCpu = 0, engineCpu = 0] = pids.map((pid, i) => cpuOf([pid]) - (before[i] ?? 0));
const counting = performance.now();
const events = acks.length;
while ((await counted()) < events + 1) await delay(200);
const countedAfterMs = performance.now() - counting;
const questions = {
  'top errors, 24 h': await measure(() => client.call('issueList', { query: { ...ALL, sort: 'events', limit: 50 } })),
  'newest errors, 24 h': await measure(() =>
    client.call('issueList', { query: { ...ALL, sort: 'last-seen', limit: 50 } }),
  ),
};
const bytesPerEvent = await bytesOf();
agent.destroy();
const gone = once(child, 'exit');
child.kill('SIGTERM');
await gone;
rmSync(cwd, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });

const [cpu] = os.cpus();
const result = {
  date: new Date().toISOString(),
  machine: { cpu: cpu?.model, cores: os.cpus().length, node: process.version, loadAverage: os.loadavg() },
  note: 'One event a request, as SDKs send them, each with a stack of twelve frames and ten breadcrumbs. The load is generated on the same cores; CPU is that of the server and its engine. A load average above the cores means that other work shared the machine.',
  events,
  refusedAndSentAgain: state.refused,
  issues: ISSUES,
  seconds: round(seconds),
  eventsPerSecond: Math.round(events / seconds),
  eventsPerSecondPerCore: Math.round(events / (serverCpu + engineCpu)),
  serverShareOfCpu: round(serverCpu / (serverCpu + engineCpu)),
  ackMsP50: quantile(acks, 0.5),
  ackMsP95: quantile(acks, 0.95),
  countedAfterMs: Math.round(countedAfterMs),
  bytesPerEvent: round(bytesPerEvent),
  goalMs: 'top errors: p95 <= 250',
  questions,
};
console.log(JSON.stringify(result, undefined, 2));
const file = values.quick ? './results/errors-quick.json' : './results/errors.json';
writeFileSync(new URL(file, import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);

/** Sends an event as @sentry/node does, and tells the status. */
function send(serial: number): Promise<number> {
  const body = envelope(serial);
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': Buffer.byteLength(body) };
    const sent = request(address, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function envelope(serial: number): string {
  const issue = serial % ISSUES;
  const frames = Array.from({ length: 12 }, (_, depth) => ({
    filename: depth < 8 ? `/app/node_modules/express/lib/${depth}.js` : `/app/src/part${issue % 40}/file${depth}.js`,
    function: `handle${issue}_${depth}`,
    lineno: 10 + depth,
    colno: 5,
    in_app: depth >= 8,
    context_line: `  return await step${depth}(order, ${issue});`,
  }));
  const breadcrumbs = Array.from({ length: 10 }, (_, at) => ({
    timestamp: Date.now() / 1000 - at,
    category: 'http',
    data: { url: `https://shop.example/api/items/${serial + at}`, method: 'GET', status_code: 200 },
  }));
  const event = {
    event_id: randomBytes(16).toString('hex'),
    timestamp: Date.now() / 1000,
    platform: 'node',
    level: 'error',
    release: `shop@1.${issue % 7}.0`,
    environment: 'production',
    server_name: `web-${serial % 8}`,
    user: { id: `user-${serial % 5000}` },
    transaction: `GET /api/items/${issue % 30}`,
    exception: {
      values: [{ type: `Error${issue % 25}`, value: `order ${serial} failed`, stacktrace: { frames } }],
    },
    breadcrumbs,
    tags: { tenant: `t-${serial % 50}` },
  };
  return `{"sent_at":"${new Date().toISOString()}"}\n{"type":"event"}\n${JSON.stringify(event)}`;
}

/** Events that are in the issues of the stream. */
async function counted(): Promise<number> {
  let sum = 0;
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? {} : { cursor };
    const page = await client.call('issueList', { query: { ...ALL, sort: 'events', limit: 100, ...more } });
    sum += page.items.reduce((total, { eventsTotal }) => total + eventsTotal, 0);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return sum;
}

async function measure(ask: () => Promise<unknown>): Promise<{ p50Ms: number; p95Ms: number }> {
  const times: number[] = [];
  for (let turn = 0; turn < REPEATS; turn += 1) {
    const at = performance.now();
    await ask();
    times.push(performance.now() - at);
  }
  return { p50Ms: quantile(times, 0.5), p95Ms: quantile(times, 0.95) };
}

/** Bytes on disk of an event, merged. */
async function bytesOf(): Promise<number> {
  await ofEngine('OPTIMIZE TABLE error_events FINAL');
  const sql = `SELECT sum(bytes_on_disk) / sum(rows) AS bytes FROM system.parts WHERE active AND table = 'error_events'`;
  return ((await ofEngine(`${sql} FORMAT JSONEachRow`)) as { bytes: number }).bytes;
}

function ofEngine(sql: string): Promise<unknown> {
  const socketPath = path.join(cwd, '.belay/telemetry/engine.sock');
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST', path: '/' }, (answer) => {
      if (sql.startsWith('SELECT')) json(answer).then(resolve, reject);
      else answer.resume().on('end', () => resolve(undefined));
    });
    asked.on('error', reject);
    asked.end(sql);
  });
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

function quantile(times: readonly number[], q: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.floor(q * (sorted.length - 1))] ?? 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
