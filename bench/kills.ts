// Kills the engine or the whole way in with SIGKILL while traces, logs and metrics come in at full rate, then counts:
// every request that was answered with 200 must be there in full, once; none may be there in part.
// node scripts/run.js bench/kills.ts [--quick] [--kills 30] [--seed 20261124]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createTelemetryEngine } from '../packages/server/src/platform/clickhouse/telemetry-engine.ts';
import { requestHash } from '../packages/server/src/features/ingest/request-hash.ts';
import { bodyOf, ITEMS, PATHS } from './telemetry/requests.ts';
import { send } from './telemetry/sending.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    kills: { type: 'string' },
    seed: { type: 'string', default: '20261124' },
  },
});
const KILLS = Number(values.kills ?? (values.quick ? 4 : 30));
const CLIENTS = 24;
const SIGNALS = ['spans', 'logs', 'points'] as const;
type Signal = (typeof SIGNALS)[number];
const TABLES = { spans: 'spans', logs: 'logs', points: 'm_num' } as const;

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'belay-kills-'));
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
const random = randomFrom(Number(values.seed));
/** Hashes of the requests, by which the store knows them. */
const acknowledged: Record<Signal, string[]> = { spans: [], logs: [], points: [] };
const refusals = { status: 0, connection: 0 };
const state = { url: '', stopping: false, serial: 0 };

let server = await start();
const killed = { server: 0, engine: 0 };
const downtimes: number[] = [];
const clients = Array.from({ length: CLIENTS }, run);
const began = performance.now();
for (let kill = 0; kill < KILLS; kill += 1) {
  // Some kills fall into a start, most into full flow.
  if (kill % 5 !== 4) await whenAcknowledged(count() + CLIENTS);
  await delay(random() * 1200);
  const at = performance.now();
  if (random() < 0.5) {
    killed.engine += 1;
    killEngine(await engineOf(server));
  } else {
    killed.server += 1;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
    server = await start();
  }
  if (kill % 5 === 4) continue;
  await whenAcknowledged(count() + 1);
  downtimes.push(performance.now() - at);
}
state.stopping = true;
await Promise.all(clients);
const seconds = (performance.now() - began) / 1000;
const gone = once(server, 'exit');
server.kill('SIGKILL');
await gone;
agent.destroy();
const found = await verify();
rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });

const rows = SIGNALS.reduce((sum, signal) => sum + acknowledged[signal].length * ITEMS[signal], 0);
const [cpu] = os.cpus();
downtimes.sort((a, b) => a - b);
const result = {
  date: new Date().toISOString(),
  machine: { cpu: cpu?.model, cores: os.cpus().length, node: process.version, loadAverage: os.loadavg() },
  note: 'A client sends the same bytes until they are answered with 200. Lost, doubled and partial count requests of 512 rows.',
  seed: Number(values.seed),
  kills: KILLS,
  killed,
  seconds: round(seconds),
  acknowledgedRequests: count(),
  acknowledgedRows: rows,
  rowsPerSecond: Math.round(rows / seconds),
  refusals,
  killToNextAckMs: {
    p50: Math.round(downtimes[Math.floor(downtimes.length / 2)] ?? 0),
    max: Math.round(downtimes.at(-1) ?? 0),
  },
  found,
};
console.log(JSON.stringify(result, undefined, 2));
const file = values.quick ? './results/kills-quick.json' : './results/kills.json';
writeFileSync(new URL(file, import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);
const holds = SIGNALS.every((signal) => found[signal].lost + found[signal].doubled + found[signal].partial === 0);
console.log(holds ? 'Every acknowledged row is there once.' : 'ACKNOWLEDGED ROWS WERE LOST OR DOUBLED.');
process.exitCode = holds ? 0 : 1;

async function run(): Promise<void> {
  while (!state.stopping) {
    const serial = (state.serial += 1);
    const signal = SIGNALS[serial % SIGNALS.length] ?? 'spans';
    const content = bodyOf(signal, serial);
    const body = gzipSync(content, { level: 1 });
    while (!(await isStored(signal, body))) await delay(20 + random() * 80);
    acknowledged[signal].push(requestHash(content, `${PATHS[signal]} protobuf`).toString());
  }
}

async function isStored(signal: Signal, body: Buffer): Promise<boolean> {
  try {
    const status = await send({ address: `${state.url}/v1/${PATHS[signal]}`, agent, body });
    if (status === 200) return true;
    if (status !== 503) throw new TypeError(`answered ${status}`);
    refusals.status += 1;
  } catch (error) {
    if (error instanceof TypeError) throw error;
    // Killed while it was asked.
    refusals.connection += 1;
  }
  return false;
}

function count(): number {
  return SIGNALS.reduce((sum, signal) => sum + acknowledged[signal].length, 0);
}

async function whenAcknowledged(wanted: number): Promise<void> {
  while (count() < wanted) await delay(10);
}

async function start(): Promise<ChildProcess> {
  const program = new URL('../packages/server/src/features/ingest/crash-test-server.ts', import.meta.url);
  const child = fork(fileURLToPath(program), [dataDir], {
    execArgv: ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'],
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  state.url = url;
  return child;
}

async function engineOf(child: ChildProcess): Promise<number | undefined> {
  child.send('pid');
  const [{ enginePid }] = (await once(child, 'message')) as [{ enginePid?: number }];
  return enginePid;
}

function killEngine(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended already, with the kill before.
  }
}

interface Found {
  readonly requests: number;
  readonly lost: number;
  readonly doubled: number;
  readonly partial: number;
}

/** Compares what is stored with what was answered, by the hash of each request. */
async function verify(): Promise<Record<Signal, Found>> {
  const log = { debug() {}, info() {}, warn() {}, error: console.error };
  const engine = createTelemetryEngine({ dataDir, clock: { now: () => Date.now() }, log });
  await engine.whenReady(60_000);
  const entries: [Signal, Found][] = [];
  for (const signal of SIGNALS) {
    const result = await engine.client.query({
      query: `SELECT toString(_req) AS request, count() AS n FROM ${TABLES[signal]} GROUP BY _req`,
      format: 'JSONEachRow',
    });
    const stored = new Map((await result.json<{ request: string; n: number }>()).map(({ request, n }) => [request, n]));
    const per = ITEMS[signal];
    entries.push([
      signal,
      {
        requests: acknowledged[signal].length,
        lost: acknowledged[signal].filter((request) => (stored.get(request) ?? 0) < per).length,
        doubled: [...stored.values()].filter((rows) => rows > per).length,
        partial: [...stored.values()].filter((rows) => rows < per).length,
      },
    ]);
  }
  await engine.close();
  return Object.fromEntries(entries) as Record<Signal, Found>;
}

/** mulberry32, so that each run kills after the same pauses. */
function randomFrom(seed: number): () => number {
  let value = seed;
  return () => {
    value = (value + 0x6d2b79f5) | 0;
    let t = Math.imul(value ^ (value >>> 15), 1 | value);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
