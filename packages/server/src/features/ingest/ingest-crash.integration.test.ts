import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';

const KILLS = Number(process.env['BELAY_TEST_KILLS'] ?? 16);
const CLIENTS = 6;
const ROWS = 20;
/** Every third request is of another signal. */
type Kind = 'traces' | 'logs' | 'metrics';
const kindOf = (id: number): Kind => (['traces', 'logs', 'metrics'] as const)[id % 3] ?? 'traces';
const TABLES_OF = { traces: ['spans', 'evaluations'], logs: ['logs'], metrics: ['m_num'] } as const;
const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-crash-'));
const silent = { debug() {}, info() {}, warn() {}, error() {} };

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test(
  'what was answered with 200 is there exactly once, wherever engine and server are killed',
  { timeout: 60_000 + KILLS * 5_000 },
  async () => {
    const random = randomFrom(20261124);
    let server = await startServer();
    const acknowledged: number[] = [];
    let next = 0;
    const stop = new AbortController();
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!stop.signal.aborted) {
        const id = (next += 1);
        if (await sendUntilStored(() => server.url, id)) acknowledged.push(id);
      }
    });
    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = acknowledged.length;
      // Some kills fall into the start, but not all.
      if (kill % 3 === 0) await vi.waitUntil(() => acknowledged.length > before, { timeout: 60_000, interval: 20 });
      await delay(150 + random() * 700);
      if (kill % 2 === 0) {
        const [{ enginePid }] = await askServer(server.child);
        if (enginePid !== undefined) killIfAlive(enginePid);
      } else {
        const gone = once(server.child, 'exit');
        server.child.kill('SIGKILL');
        await gone;
        server = await startServer();
      }
    }
    stop.abort();
    await Promise.all(clients);
    const gone = once(server.child, 'exit');
    server.child.kill('SIGKILL');
    await gone;

    const stored = await countRows();
    expect(acknowledged.length).toBeGreaterThanOrEqual(KILLS / 3);
    for (const id of acknowledged) {
      for (const table of TABLES_OF[kindOf(id)]) {
        expect(stored[table].get(String(id)), `${table} of request ${id}`).toBe(ROWS);
      }
      expect(stored.described.has(String(id)), `what request ${id} refers to`).toBe(true);
    }
    for (const table of ['spans', 'evaluations', 'logs', 'm_num'] as const) {
      expect([...stored[table].values()].filter((rows) => rows !== ROWS)).toEqual([]);
    }
  },
);

async function startServer(): Promise<Server> {
  const file = fileURLToPath(new URL('./crash-test-server.ts', import.meta.url));
  const child = fork(file, [dataDir], {
    execArgv: ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'],
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { child, url };
}

async function askServer(child: ChildProcess): Promise<[{ enginePid?: number }]> {
  child.send('pid');
  return (await once(child, 'message')) as [{ enginePid?: number }];
}

/** Sends the same bytes until they are stored, as an exporter does. */
async function sendUntilStored(url: () => string, id: number): Promise<boolean> {
  const body = requestBody(id);
  for (let attempt = 0; attempt < 200; attempt += 1) {
    try {
      const response = await fetch(`${url()}/v1/${kindOf(id)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      if (response.status === 200) return true;
      expect(response.status).toBe(503);
    } catch (error) {
      // The server was killed meanwhile; any other failure would never end in a 200 and fails the test by its count.
      if (!(error instanceof TypeError)) throw error;
    }
    await delay(100);
  }
  return false;
}

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

function requestBody(id: number): string {
  const now = BigInt(Date.now()) * 1_000_000n;
  const resource = { attributes: [text('service.name', 'crash'), text('service.instance.id', String(id))] };
  const many = <Item>(item: (index: number) => Item): Item[] => Array.from({ length: ROWS }, (_, index) => item(index));
  if (kindOf(id) === 'logs') {
    const logRecords = many((index) => ({ timeUnixNano: String(now), body: { stringValue: `line ${index}` } }));
    return JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
  }
  if (kindOf(id) === 'metrics') {
    const dataPoints = many((index) => ({
      timeUnixNano: String(now),
      asInt: '7',
      attributes: [text('n', String(index))],
    }));
    return JSON.stringify({
      resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints } }] }] }],
    });
  }
  const spans = many((index) => spanOf(id, index, now));
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

function spanOf(id: number, index: number, now: bigint) {
  const variant = index % 2 === 0 ? 'on' : 'off';
  return {
    traceId: id.toString(16).padStart(28, 'a') + index.toString(16).padStart(4, '0'),
    spanId: (id * ROWS + index + 1).toString(16).padStart(16, '0'),
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 5_000_000n),
    events: [
      {
        name: 'feature_flag.evaluation',
        timeUnixNano: String(now),
        attributes: [text('feature_flag.key', 'f'), text('feature_flag.result.variant', variant)],
      },
    ],
  };
}

async function countRows() {
  const engine = createTelemetryEngine({ dataDir, clock: { now: () => Date.now() }, log: silent });
  await engine.whenReady(30_000);
  const rowsOf = async (query: string): Promise<Map<string, number>> => {
    const result = await engine.client.query({ query, format: 'JSONEachRow' });
    const rows = await result.json<{ instance: string; n: number }>();
    return new Map(rows.map((row) => [row.instance, row.n]));
  };
  const count = (table: string) => rowsOf(`SELECT instance, count() AS n FROM ${table} GROUP BY instance`);
  const counted = {
    spans: await count('spans'),
    evaluations: await count('evaluations'),
    logs: await count('logs'),
    m_num: await rowsOf(
      `SELECT s.instance AS instance, count() AS n FROM m_num AS m
        INNER JOIN (SELECT DISTINCT fp, instance FROM series) AS s ON m.fp = s.fp GROUP BY instance`,
    ),
    // Facts may be written twice, but never be missing.
    described: await rowsOf('SELECT instance, uniqExact(res_id) AS n FROM resources GROUP BY instance'),
  };
  await engine.close();
  return counted;
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It may have ended with the kill before.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** mulberry32, so that each run kills at the same moments. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
