// A real Prometheus and a real vmagent scrape a small service and write to Belay, which is killed meanwhile.
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import { type ScrapeTarget, startScrapeTarget } from './scrape-target-testbed.ts';

const KILLS = 2;
const SCRAPES = 4;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

let folder: string;
let target: ScrapeTarget;
let server: ChildProcess;
let port: number;

beforeAll(async () => {
  target = await startScrapeTarget();
});
afterAll(() => target.close());

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-prometheus-'));
  port = await freePort();
  server = await startServer();
});
afterEach(async () => {
  await kill(server);
  rmSync(folder, { recursive: true, force: true });
});

// Needs Debian's prometheus: "sudo apt-get install prometheus" (npm test installs it as root).
test.skipIf(!has('prometheus'))(
  'what Prometheus has, Belay has once, though Belay is killed while Prometheus writes',
  { timeout: 240_000 },
  async () => {
    const webPort = await freePort();
    const config = `global: { scrape_interval: 500ms }
scrape_configs: [{ job_name: target, static_configs: [{ targets: ["${target.address}"] }] }]
remote_write: [{ url: "http://127.0.0.1:${port}/api/v1/write", metadata_config: { send_interval: 1s }, queue_config: {
  batch_send_deadline: 200ms, min_backoff: 30ms, max_backoff: 200ms, max_shards: 2 } }]`;
    const prometheus = startProgram('prometheus', config, (file) => [
      `--config.file=${file}`,
      `--storage.tsdb.path=${folder}/tsdb`,
      `--web.listen-address=127.0.0.1:${webPort}`,
      // At its end it would wait a minute for Belay, which has been killed by then.
      '--storage.remote.flush-deadline=1s',
    ]);
    try {
      const api = `http://127.0.0.1:${webPort}/api/v1`;
      await expect.poll(() => scrapesOf(api), { timeout: 60_000, interval: 200 }).toBeGreaterThan(1);
      for (let round = 1; round <= KILLS; round += 1) {
        const before = await scrapesOf(api);
        await expect.poll(() => scrapesOf(api), { timeout: 60_000 }).toBeGreaterThan(before + 1);
        await kill(server);
        server = await startServer();
      }
      // Metadata is sent on its own: once it is sent the second time since, the first time has been answered.
      for (let time = 1; time <= 2; time += 1) {
        const before = await metadataSent(api);
        await expect.poll(() => metadataSent(api), { timeout: 60_000, interval: 200 }).toBeGreaterThan(before);
      }
      target.endOneSeries();
      const last = (await scrapesOf(api)) + SCRAPES;
      await expect.poll(() => scrapesOf(api), { timeout: 60_000 }).toBeGreaterThan(last);
      // Two scrapes before the end everything has been sent once this has.
      const theirs = await samplesOf(api);
      const newest = Math.max(...theirs.map(({ ts }) => ts)) - 1000;
      await expect.poll(() => sentThrough(api), { timeout: 60_000 }).toBeGreaterThan(newest / 1000 + 0.5);
      await kill(server);
      const { rows, stale, series } = await storedSamples();
      const oldest = Math.min(...rows.map(({ ts }) => ts));
      const within = ({ ts }: Sample): boolean => ts >= oldest && ts <= newest;
      const wanted = theirs.filter(within).map(textOf).sort(byText);
      expect(wanted.length).toBeGreaterThan(57 * SCRAPES);
      expect(rows.filter(within).map(textOf).sort(byText)).toEqual(wanted);
      expect(stale).toEqual(['temperature_celsius goes']);
      expect(series).toContainEqual({ metric: 'requests_total', kind: 'sum', description: 'Requests served' });
      expect(series).toContainEqual({ metric: 'latency_seconds_bucket', kind: 'sum', description: '' });
    } finally {
      await end(prometheus);
    }
  },
);

// Needs Debian's victoria-metrics: "sudo apt-get install victoria-metrics" (npm test installs it as root).
test.skipIf(!has('vmagent'))('vmagent writes without loss while Belay is killed', { timeout: 180_000 }, async () => {
  const config = `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: target, static_configs: [{ targets: ["${target.address}"] }] }]`;
  const agentPort = await freePort();
  const agent = startProgram('vmagent', config, (file) => [
    `-promscrape.config=${file}`,
    `-remoteWrite.url=http://127.0.0.1:${port}/prometheus/api/v1/write`,
    `-remoteWrite.tmpDataPath=${folder}/agent`,
    '-remoteWrite.flushInterval=200ms',
    `-httpListenAddr=127.0.0.1:${agentPort}`,
  ]);
  const sent = async (): Promise<number> => {
    const text = await textAt(`http://127.0.0.1:${agentPort}/metrics`);
    return Number(/vmagent_remotewrite_requests_total\{[^}]*status_code="2XX"\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  try {
    await expect.poll(sent, { timeout: 60_000, interval: 200 }).toBeGreaterThan(2);
    await kill(server);
    server = await startServer();
    const before = await sent();
    await expect.poll(sent, { timeout: 60_000, interval: 200 }).toBeGreaterThan(before + 3);
  } finally {
    await end(agent);
  }
  await kill(server);
  const { rows } = await storedSamples();
  const one = rows.filter(({ name }) => name.startsWith('requests_total /r0')).map(({ ts, bits }) => ({ ts, bits }));
  expect(one.length).toBeGreaterThan(4);
  expect(new Set(one.map(({ ts }) => ts)).size).toBe(one.length);
  // A scrape a second: a gap would be a sample that was lost.
  const times = one.map(({ ts }) => ts).sort((a, b) => a - b);
  const gaps = times.slice(1).map((ts, i) => ts - (times[i] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(1900);
});

interface Sample {
  readonly name: string;
  readonly ts: number;
  readonly bits: string;
}

function textOf({ name, ts, bits }: Sample): string {
  return `${name} ${ts} ${bits}`;
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

const LABELS = ['route', 'of', 'le'] as const;

/** All samples of the target that Prometheus has. */
async function samplesOf(api: string): Promise<Sample[]> {
  const found = await query<{ metric: Record<string, string>; values: [number, string][] }>(api, '{job="target"}[10m]');
  return found.flatMap(({ metric, values }) => {
    const name = [metric['__name__'], ...LABELS.map((label) => metric[label]).filter(Boolean)].join(' ');
    return values.map(([at, value]) => ({ name, ts: Math.round(at * 1000), bits: bitsOf(value) }));
  });
}

async function scrapesOf(api: string): Promise<number> {
  const [row] = await query<{ value: [number, string] }>(api, 'count_over_time(up{job="target"}[10m])');
  return Number(row?.value[1] ?? 0);
}

/** Newest time, in seconds, that Prometheus says it has sent. */
async function sentThrough(api: string): Promise<number> {
  const text = await textAt(`${api.replace('/api/v1', '')}/metrics`);
  return Number(/prometheus_remote_storage_queue_highest_sent_timestamp_seconds\{[^}]*\} (\S+)/.exec(text)?.[1] ?? 0);
}

/** How often Prometheus has begun to send the metadata of a family. */
async function metadataSent(api: string): Promise<number> {
  const text = await textAt(`${api.replace('/api/v1', '')}/metrics`);
  return Number(/prometheus_remote_storage_metadata_total\{[^}]*\} (\S+)/.exec(text)?.[1] ?? 0);
}

async function query<Row>(api: string, promql: string): Promise<Row[]> {
  const text = await textAt(`${api}/query?query=${encodeURIComponent(promql)}`);
  if (text === '') return [];
  return (JSON.parse(text) as { data?: { result?: Row[] } }).data?.result ?? [];
}

/** Empty while nobody listens yet. */
async function textAt(url: string): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch (error) {
    if (error instanceof TypeError) return '';
    throw error;
  }
}

function bitsOf(value: string): string {
  const number = value === '+Inf' ? Infinity : Number(value);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  return Number.isNaN(number) ? 'NaN' : view.getBigUint64(0).toString();
}

/** What is in the store once nobody writes to it. */
async function storedSamples() {
  const engine = createTelemetryEngine({ dataDir: `${folder}/belay`, clock: { now: () => Date.now() }, log: silent });
  await engine.whenReady(30_000);
  const select = async <Row>(sql: string): Promise<Row[]> => {
    const result = await engine.client.query({ query: sql, format: 'JSONEachRow' });
    return result.json<Row>();
  };
  const all = await select<Sample & { stale: number }>(`SELECT trimRight(concat(m.metric, ' ', s.name)) AS name,
      toUnixTimestamp64Milli(ts) AS ts, if(isNaN(value), 'NaN', toString(reinterpretAsUInt64(value))) AS bits,
      reinterpretAsUInt64(value) = 0x7ff0000000000002 AS stale
    FROM m_num AS m INNER JOIN (SELECT fp, concat(labels['route'], labels['of'], labels['le']) AS name
      FROM series FINAL WHERE service = 'target') AS s USING fp`);
  const series = await select(`SELECT DISTINCT metric, kind, description FROM series FINAL WHERE service = 'target'`);
  await engine.close();
  return {
    rows: all.filter(({ stale }) => stale === 0),
    stale: all.filter(({ stale }) => stale === 1).map(({ name }) => name),
    series,
  };
}

function startProgram(program: string, config: string, argumentsOf: (file: string) => string[]): ChildProcess {
  const file = path.join(folder, `${program}.yml`);
  writeFileSync(file, config);
  return spawn(program, argumentsOf(file), { stdio: 'ignore' });
}

async function startServer(): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('./crash-test-server.ts', import.meta.url));
  const child = fork(file, [`${folder}/belay`, String(port)], {
    execArgv: ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'],
  });
  await once(child, 'message');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
