// How long PromQL queries take over stored metrics, beside Debian's Prometheus and VictoriaMetrics on the same samples.
// node scripts/run.js bench/promql.ts [--quick]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { TestSeries } from '../packages/server/src/features/promql/memory-storage-testbed.ts';
import { openMetricStore } from '../packages/server/src/features/promql/metric-store-testbed.ts';
import { servePrometheusApi } from '../packages/server/src/features/promql/prometheus-api-testbed.ts';
import {
  freePort,
  hasPrometheus,
  startPrometheus,
} from '../packages/server/src/features/promql/prometheus-process-testbed.ts';
import { encodeWriteRequest } from '../packages/server/src/features/promql/remote-write-testbed.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const STEP_MS = 15_000;
const SIZE = values.quick
  ? { routes: 60, histograms: 24, gauges: 200, hours: 2, repeats: 8 }
  : { routes: 600, histograms: 240, gauges: 2000, hours: 12, repeats: 15 };
const BOUNDS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '+Inf'];
const endMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
const startMs = endMs - SIZE.hours * 3_600_000;

interface Server {
  readonly name: string;
  readonly url: string;
  write(series: readonly TestSeries[]): Promise<void>;
  close(): Promise<void>;
}

const series = SIZE.routes + SIZE.histograms * BOUNDS.length + SIZE.gauges;
const samples = (series * SIZE.hours * 3_600_000) / STEP_MS;
console.log(`${series} series, ${samples} samples`);
const servers = [await belay(), ...(hasPrometheus ? [await prometheus()] : []), ...(await victoriaMetrics())];
const fedSeconds = Object.fromEntries(servers.map(({ name }) => [name, 0]));
try {
  await feed();
  // VictoriaMetrics shows what it has flushed; the others answer 404, which is as good.
  for (const { url } of servers) await fetch(`${new URL(url).origin}/internal/force_flush`);
  const rows: Row[] = [];
  for (const question of questions()) rows.push(await measure(question));
  console.table(rows.map(({ query: _query, ...row }) => row));
  const [cpu] = os.cpus();
  const result = {
    date: new Date().toISOString(),
    machine: { cpu: cpu?.model, cores: os.cpus().length, node: process.version, loadAverage: os.loadavg().map(round) },
    note: 'Milliseconds of HTTP requests, one at a time, warm. Ratios are medians of Belay by medians of the peer. A load average above the cores means that other work shared the machine.',
    quick: values.quick,
    series,
    samples,
    goalMs: 'a dashboard query over 1 h: p95 <= 150',
    fedSeconds,
    rows,
  };
  writeFileSync(new URL('./results/promql.json', import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  for (const server of servers) await server.close();
}

/** In slices of time, as senders do; a commit of Belay's is at most one slice. */
async function feed(): Promise<void> {
  const sliceMs = values.quick ? 3_600_000 : 600_000;
  for (let from = startMs; from < endMs; from += sliceMs) {
    const slice = slicesOf(from, Math.min(endMs, from + sliceMs));
    for (const server of servers) {
      const began = performance.now();
      await server.write(slice);
      fedSeconds[server.name] = round((fedSeconds[server.name] ?? 0) + (performance.now() - began) / 1000);
    }
  }
  console.log('seconds of writing', fedSeconds);
}

function slicesOf(from: number, to: number): TestSeries[] {
  const times = Array.from({ length: (to - from) / STEP_MS }, (_, step) => from + step * STEP_MS);
  const made: TestSeries[] = [];
  const add = (labels: Record<string, string>, valueAt: (step: number) => number): void => {
    made.push({ labels, samples: times.map((time) => [time, valueAt((time - startMs) / STEP_MS)]) });
  };
  const target = (at: number) => ({ job: 'bench', instance: `i${at % 10}` });
  for (let at = 0; at < SIZE.routes; at += 1) {
    const labels = {
      __name__: 'bench_requests_total',
      route: `/r${at % 30}`,
      code: String(200 + (at % 4) * 100),
      n: `${at}`,
    };
    add({ ...labels, ...target(at) }, (step) => step * (1 + (at % 7)) + ((step * 7919) % 13));
  }
  for (let at = 0; at < SIZE.histograms; at += 1) {
    BOUNDS.forEach((le, bucket) => {
      const labels = { __name__: 'bench_duration_seconds_bucket', route: `/r${at % 30}`, n: `${at}`, le };
      add({ ...labels, ...target(at) }, (step) => step * (bucket + 1) * (1 + (at % 3)));
    });
  }
  for (let at = 0; at < SIZE.gauges; at += 1) {
    const labels = { __name__: 'bench_memory_bytes', n: `${at}`, ...target(at) };
    add(labels, (step) => 1e9 + Math.round(1e8 * Math.sin(step / 50 + at)));
  }
  return made;
}

interface Question {
  readonly title: string;
  readonly query: string;
  readonly hours: number;
  readonly stepSeconds: number;
}

function questions(): Question[] {
  const rate = 'sum by (route) (rate(bench_requests_total[5m]))';
  const p95 = 'histogram_quantile(0.95, sum by (le, route) (rate(bench_duration_seconds_bucket[5m])))';
  const long = SIZE.hours;
  const half = SIZE.hours / 2;
  return [
    { title: `rate of ${SIZE.routes} series, 1 h`, query: rate, hours: 1, stepSeconds: 15 },
    { title: `rate of ${SIZE.routes} series, ${long} h`, query: rate, hours: long - 0.1, stepSeconds: 60 },
    { title: `p95 of ${SIZE.histograms * BOUNDS.length} buckets, 1 h`, query: p95, hours: 1, stepSeconds: 15 },
    { title: `p95 of ${SIZE.histograms * BOUNDS.length} buckets, ${half} h`, query: p95, hours: half, stepSeconds: 60 },
    {
      title: 'rate of 20 series, 1 h',
      query: 'rate(bench_requests_total{route="/r3"}[5m])',
      hours: 1,
      stepSeconds: 15,
    },
    { title: 'one series, 1 h', query: 'bench_requests_total{n="7"}', hours: 1, stepSeconds: 15 },
    {
      title: `mean of ${SIZE.gauges} gauges, 1 h`,
      query: 'avg by (instance) (bench_memory_bytes)',
      hours: 1,
      stepSeconds: 15,
    },
    { title: `sum of ${SIZE.gauges} gauges, now`, query: 'sum(bench_memory_bytes)', hours: 0, stepSeconds: 1 },
  ];
}

type Row = Record<string, string | number | undefined>;

async function measure({ title, query, hours, stepSeconds }: Question): Promise<Row> {
  const row: Row = { title, query, hours, stepSeconds };
  for (const { name, url } of servers) {
    const times: number[] = [];
    for (let turn = 0; turn < SIZE.repeats + 2; turn += 1) {
      // The end moves, as dashboards' do, so that no answer can be remembered.
      const end = (endMs - turn * 15_000) / 1000;
      const form = {
        query,
        start: String(end - hours * 3600),
        end: String(end),
        step: String(stepSeconds),
        time: String(end),
      };
      const began = performance.now();
      const response = await fetch(`${url}/api/v1/${hours === 0 ? 'query' : 'query_range'}`, {
        method: 'POST',
        body: new URLSearchParams(form),
      });
      const text = await response.text();
      if (!response.ok || text.includes('"result":[]')) throw new Error(`${name}: ${text.slice(0, 300)}`);
      if (turn >= 2) times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    row[`${name} p50`] = round(times[Math.floor(times.length / 2)] ?? NaN);
    row[`${name} p95`] = round(times[Math.ceil(times.length * 0.95) - 1] ?? NaN);
  }
  for (const { name } of servers.slice(1)) {
    row[`belay / ${name}`] = round(Number(row['belay p50']) / Number(row[`${name} p50`]));
  }
  return row;
}

async function belay(): Promise<Server> {
  const store = await openMetricStore();
  const api = await servePrometheusApi(store);
  return {
    name: 'belay',
    url: api.url,
    write: store.writePrometheus,
    async close() {
      await api.close();
      await store.close();
    },
  };
}

async function prometheus(): Promise<Server> {
  const started = await startPrometheus();
  return { name: 'prometheus', url: started.url, write: started.write, close: started.close };
}

async function victoriaMetrics(): Promise<Server[]> {
  if (spawnSync('victoria-metrics', ['--version']).status !== 0) return [];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-victoria-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    'victoria-metrics',
    [
      `-storageDataPath=${folder}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-search.latencyOffset=0s',
      '-search.disableCache',
    ],
    { stdio: 'ignore' },
  );
  const isReady = async (): Promise<boolean> =>
    fetch(`${url}/health`)
      .then((answer) => answer.ok)
      .catch(() => false);
  while (!(await isReady())) {
    if (child.exitCode !== null) return [];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return [
    {
      name: 'victoria-metrics',
      url,
      async write(slice) {
        const response = await fetch(`${url}/api/v1/write`, { method: 'POST', body: encodeWriteRequest(slice) });
        if (!response.ok) throw new Error(`victoria-metrics: ${response.status}`);
      },
      async close() {
        child.kill('SIGTERM');
        if (child.exitCode === null) await once(child, 'exit');
        rmSync(folder, { recursive: true, force: true });
      },
    },
  ];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
