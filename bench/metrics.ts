// What metrics cost: samples and points a second and core, bytes a sample, and range queries, beside Debian's
// Prometheus and VictoriaMetrics on the same data in the same run.
// node scripts/run.js bench/metrics.ts [--quick] [--series 5000] [--scrapes 2880]
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import os from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { cpuOf, type Peer, rssOf, startBelay, startPrometheus, startVictoriaMetrics } from './metrics/peers.ts';
import { otlpRequest, SCRAPE_MS, type Shape, writeRequests } from './metrics/samples.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    series: { type: 'string' },
    scrapes: { type: 'string' },
  },
});
const shape: Shape = {
  series: Number(values.series ?? (values.quick ? 2000 : 5000)),
  scrapes: Number(values.scrapes ?? (values.quick ? 240 : 1440)),
  samplesPerRequest: 2000,
  connections: 32,
  endMs: Math.floor(Date.now() / SCRAPE_MS) * SCRAPE_MS,
};
const OTLP = { requests: values.quick ? 300 : 2000, points: 512, connections: 64 } as const;
/** Requests after which connections wait for each other: Prometheus refuses samples an hour behind the newest. */
const IN_STEP = 8;
const ROUNDS = values.quick ? 5 : 15;

const QUERIES = {
  rateByRouteMs: 'sum by (route) (rate(http_requests_total[5m]))',
  p95Ms: 'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))',
  oneSeriesMs: 'process_resident_memory_bytes{series="4"}',
} as const;

const samples = shape.series * shape.scrapes;
const shards = writeRequests(shape);
const stores: object[] = [];
for (const start of [startBelay, startPrometheus, startVictoriaMetrics]) {
  const peer = await start();
  stores.push(await measureStore(peer));
  await peer.close();
}
console.table(stores);
const belay = await startBelay();
const points = await measurePoints(belay);
await belay.close();
console.table([points]);
const [cpu] = os.cpus();
const result = {
  date: new Date().toISOString(),
  machine: { cpu: cpu?.model, cores: os.cpus().length, node: process.version, loadAverage: os.loadavg().map(round) },
  note: 'Load is generated on the same cores; CPU is that of the measured processes alone, background merges within the run included. A load average above the cores means that other work shared the machine.',
  remoteWrite: { ...shape, samples, stores },
  otlp: { ...OTLP, ...points },
};
const file = values.quick ? './results/metrics-quick.json' : './results/metrics.json';
writeFileSync(new URL(file, import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);

async function measureStore(peer: Peer): Promise<object> {
  const agent = new Agent({ keepAlive: true, maxSockets: shape.connections });
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  };
  const written = await load(peer, { agent, url: peer.writeUrl, headers, queues: shards });
  agent.destroy();
  const bytes = await peer.bytes();
  return {
    store: peer.name,
    samplesPerSecond: Math.round(samples / written.seconds),
    cpuSecondsPerMillion: round((written.cpuSeconds / samples) * 1e6),
    samplesPerSecondPerCore: Math.round(samples / written.cpuSeconds),
    bytesPerSample: round(bytes / samples),
    peakRssMb: Math.round(written.peakRss / 2 ** 20),
    ...(await measureQueries(peer)),
  };
}

/** Median ms of an hour at 15 s; the answers of the stores must hold about as much. */
async function measureQueries(peer: Peer): Promise<Record<string, number>> {
  const end = shape.endMs / 1000;
  const found: Record<string, number> = {};
  for (const [name, query] of Object.entries(QUERIES)) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const began = performance.now();
      const range = `start=${end - 3600}&end=${end}&step=15`;
      const response = await fetch(`${peer.apiUrl}/query_range?query=${encodeURIComponent(query)}&${range}`);
      const body = (await response.json()) as { data?: { result?: unknown[] } };
      if ((body.data?.result?.length ?? 0) === 0) throw new Error(`${peer.name} answers nothing to ${query}`);
      times.push(performance.now() - began);
    }
    found[name] = Math.round(times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0);
  }
  return found;
}

async function measurePoints(peer: Peer): Promise<object> {
  const bodies = Array.from({ length: OTLP.requests }, (_, serial) =>
    gzipSync(otlpRequest(serial, OTLP.points), { level: 1 }),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: OTLP.connections });
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
  const queues = Array.from({ length: OTLP.connections }, (_, i) =>
    bodies.filter((_body, serial) => serial % OTLP.connections === i),
  );
  const written = await load(peer, { agent, url: peer.otlpUrl ?? '', headers, queues });
  agent.destroy();
  const total = OTLP.requests * OTLP.points;
  return {
    pointsPerSecond: Math.round(total / written.seconds),
    cpuSecondsPerMillion: round((written.cpuSeconds / total) * 1e6),
    pointsPerSecondPerCore: Math.round(total / written.cpuSeconds),
    serverShareOfCpu: round(written.firstCpuSeconds / written.cpuSeconds),
    bytesPerPoint: round((await peer.bytes()) / total),
    peakRssMb: Math.round(written.peakRss / 2 ** 20),
  };
}

interface Load {
  readonly agent: Agent;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One connection each, in order. */
  readonly queues: readonly (readonly Buffer[])[];
}

async function load(peer: Peer, { agent, url, headers, queues }: Load) {
  const before = cpuOf(peer.pids);
  const firstBefore = cpuOf(peer.pids.slice(0, 1));
  let peakRss = 0;
  const watch = setInterval(() => (peakRss = Math.max(peakRss, rssOf(peer.pids))), 200);
  const began = performance.now();
  const longest = Math.max(...queues.map((bodies) => bodies.length));
  for (let start = 0; start < longest; start += IN_STEP) {
    await Promise.all(
      queues.map(async (bodies) => {
        for (const body of bodies.slice(start, start + IN_STEP)) await post(url, agent, { headers, body });
      }),
    );
  }
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  const cpuSeconds = cpuOf(peer.pids) - before;
  return { seconds, cpuSeconds, firstCpuSeconds: cpuOf(peer.pids.slice(0, 1)) - firstBefore, peakRss };
}

/** Anything but 2xx ends the measurement, but for 503, after which the same bytes are sent again. */
async function post(
  url: string,
  agent: Agent,
  message: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
): Promise<void> {
  for (;;) {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = { ...message.headers, 'content-length': message.body.length };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(message.body);
    const status = await promise;
    if (status < 300) return;
    if (status !== 503) throw new Error(`${url} answered ${status}`);
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
