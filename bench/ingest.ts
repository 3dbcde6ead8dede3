// How many rows a second the way in takes: HTTP + gzip + decoding + commit + merges, with the sender's work taken off.
// node scripts/run.js bench/ingest.ts [--quick | --requests 1200]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '1200' }, quick: { type: 'boolean', default: false } },
});
const REQUESTS = values.quick ? 300 : Number(values.requests);
const CONNECTIONS = 64;
const ITEMS = { spans: 512, logs: 512, outcomes: 256 } as const;
const PATHS = { spans: 'traces', logs: 'logs', outcomes: 'metrics' } as const;
const TICKS_PER_SECOND = 100;
const OUTCOMES_OF_A_LINE = ['accepted', 'charged', 'refused by the bank', 'sent to the warehouse', 'cancelled'];
const PAGE_BYTES = 4096;

interface Row {
  readonly signal: string;
  readonly seconds: number;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly cpuSecondsPerMillionRows: number;
  readonly serverShareOfCpu: number;
  readonly rowsPerSecondPerCore: number;
  readonly ackMsP50: number;
  readonly ackMsP95: number;
  readonly serverPeakRssMb: number;
  readonly enginePeakRssMb: number;
  readonly bytesPerRequestGzip: number;
}

const rows: Row[] = [];
for (const signal of ['outcomes', 'spans', 'logs'] as const) rows.push(await measure(signal));
console.table(rows);
const [cpu] = os.cpus();
const result = {
  date: new Date().toISOString(),
  machine: { cpu: cpu?.model, cores: os.cpus().length, node: process.version, loadAverage: os.loadavg().map(round) },
  note: 'Load is generated on the same cores; CPU is that of the server and engine processes alone. fsync on. A load average above the cores means that other work shared the machine, which makes each row dearer.',
  connections: CONNECTIONS,
  itemsPerRequest: ITEMS,
  rows,
};
writeFileSync(new URL('./results/ingest.json', import.meta.url), `${JSON.stringify(result, undefined, 2)}\n`);

async function measure(signal: keyof typeof ITEMS): Promise<Row> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'belay-bench-'));
  const file = fileURLToPath(new URL('../packages/server/src/features/ingest/crash-test-server.ts', import.meta.url));
  const child = fork(file, [dataDir], {
    execArgv: ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'],
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const address = `${url}/v1/${PATHS[signal]}`;
  // Encoding and packing are the sender's work and are done before.
  const bodies = Array.from({ length: REQUESTS + 1 }, (_, serial) => gzipSync(bodyOf(signal, serial), { level: 1 }));
  await postUntilTaken(address, agent, bodies.pop() ?? Buffer.alloc(0));
  process.once('exit', () => child.kill('SIGKILL'));
  child.send('pid');
  const [{ enginePid }] = (await once(child, 'message')) as [{ enginePid: number }];
  const pids = [child.pid ?? 0, enginePid];
  const peaks = [0, 0];
  const watch = setInterval(() => pids.forEach((pid, i) => (peaks[i] = Math.max(peaks[i] ?? 0, rssOf(pid)))), 200);
  const before = pids.map(cpuOf);
  const began = performance.now();
  const acks: number[] = [];
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let body = bodies.pop(); body !== undefined; body = bodies.pop())
        acks.push(await post(address, agent, body));
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const [serverCpu = 0, engineCpu = 0] = pids.map((pid, i) => cpuOf(pid) - (before[i] ?? 0));
  const cpuSeconds = serverCpu + engineCpu;
  clearInterval(watch);
  agent.destroy();
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  const count = acks.length * ITEMS[signal];
  acks.sort((a, b) => a - b);
  const quantile = (q: number): number => Math.round(acks[Math.floor(q * (acks.length - 1))] ?? 0);
  return {
    signal,
    seconds: round(seconds),
    rows: count,
    rowsPerSecond: Math.round(count / seconds),
    cpuSecondsPerMillionRows: round((cpuSeconds / count) * 1e6),
    serverShareOfCpu: round(serverCpu / cpuSeconds),
    rowsPerSecondPerCore: Math.round(count / cpuSeconds),
    ackMsP50: quantile(0.5),
    ackMsP95: quantile(0.95),
    serverPeakRssMb: Math.round((peaks[0] ?? 0) / 2 ** 20),
    enginePeakRssMb: Math.round((peaks[1] ?? 0) / 2 ** 20),
    bytesPerRequestGzip: gzipSync(bodyOf(signal, 1), { level: 1 }).length,
  };
}

/** While the engine starts, requests are refused. */
async function postUntilTaken(address: string, agent: Agent, body: Buffer): Promise<void> {
  for (let attempt = 1; attempt < 100; attempt += 1) {
    try {
      await post(address, agent, body);
      return;
    } catch {
      await delay(200);
    }
  }
  throw new Error('the server takes nothing');
}

/** Sends one request and tells how many ms its answer took; anything but 200 ends the measurement. */
function post(address: string, agent: Agent, body: Buffer): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'content-length': body.length,
    };
    const sent = request(address, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - began);
        else reject(new Error(`answered ${response.statusCode}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A protobuf request; every span has its own ids, ten attributes, and every tenth one a flag evaluation. */
function bodyOf(signal: keyof typeof ITEMS, serial: number): Buffer {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const resource = field(
    1,
    Buffer.concat([attribute(1, 'service.name', 'bench'), attribute(1, 'service.instance.id', `i-${serial % 8}`)]),
  );
  const itemOf = signal === 'spans' ? span : log;
  const content =
    signal === 'outcomes'
      ? outcomeMetrics(nowNs, serial)
      : Array.from({ length: ITEMS[signal] }, (_, index) => field(2, itemOf(serial, index, nowNs)));
  return field(1, Buffer.concat([resource, field(2, Buffer.concat(content))]));
}

function span(serial: number, index: number, nowNs: bigint): Buffer {
  const id = Buffer.alloc(16);
  id.writeUInt32LE(Math.trunc(Math.random() * 2 ** 32), 0);
  id.writeUInt32LE(Math.trunc(Math.random() * 2 ** 32), 4);
  id.writeUInt32LE(serial, 8);
  id.writeUInt32LE(index + 1, 12);
  const durationNs = BigInt(Math.trunc(5e6 * (1 + Math.random() * 20)));
  const attributes = [
    attribute(9, 'http.request.method', 'GET'),
    attribute(9, 'http.route', `/api/items/${index % 20}`),
    attribute(9, 'http.response.status_code', index % 100 === 0 ? '500' : '200'),
    attribute(9, 'url.path', `/api/items/${index % 20}/${serial * 1000 + index}`),
    attribute(9, 'server.address', 'shop.example'),
    attribute(9, 'network.protocol.version', '1.1'),
    attribute(9, 'user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) bench'),
    attribute(9, 'client.address', `10.0.${index % 256}.${serial % 256}`),
    attribute(9, 'tenant', `t-${index % 50}`),
    attribute(9, 'thread.id', String(index % 16)),
  ];
  const evaluation = [
    fixed64(1, nowNs),
    text(2, 'feature_flag.evaluation'),
    attribute(3, 'feature_flag.key', 'bench.flag'),
    attribute(3, 'feature_flag.result.variant', serial % 2 === 0 ? 'on' : 'off'),
    attribute(3, 'feature_flag.context.id', `user-${index}`),
  ];
  return Buffer.concat([
    field(1, id),
    field(2, id.subarray(8)),
    text(5, `GET /api/items/${index % 20}`),
    Buffer.of(0x30, 2),
    fixed64(7, nowNs),
    fixed64(8, nowNs + durationNs),
    ...attributes,
    ...(index % 10 === 0 ? [field(11, Buffer.concat(evaluation))] : []),
  ]);
}

/** A line as services write them: a sentence with an id, a duration and a name, five attributes, half with a trace. */
function log(serial: number, index: number, nowNs: bigint): Buffer {
  const id = Buffer.alloc(16);
  id.writeUInt32LE(Math.trunc(Math.random() * 2 ** 32), 0);
  id.writeUInt32LE(serial + 1, 8);
  id.writeUInt32LE(index + 1, 12);
  const line = `order ${serial * 1000 + index} ${OUTCOMES_OF_A_LINE[index % 5]} in ${Math.trunc(Math.random() * 900)} ms`;
  return Buffer.concat([
    fixed64(1, nowNs),
    Buffer.of(0x10, index % 50 === 0 ? 17 : 9),
    text(3, index % 50 === 0 ? 'ERROR' : 'INFO'),
    field(5, text(1, line)),
    attribute(6, 'logger.name', `shop.${index % 12}`),
    attribute(6, 'thread.name', `worker-${index % 16}`),
    attribute(6, 'tenant', `t-${index % 50}`),
    attribute(6, 'code.function.name', `handle${index % 40}`),
    attribute(6, 'client.address', `10.0.${index % 256}.${serial % 256}`),
    ...(index % 2 === 0 ? [field(9, id), field(10, id.subarray(8))] : []),
  ]);
}

/** Units and durations of 256 series: each becomes one row. */
function outcomeMetrics(nowNs: bigint, serial: number): Buffer[] {
  const series = Array.from({ length: ITEMS.outcomes }, (_, index) => [
    ['feature_flag.key', `flag-${index % 8}`],
    ['feature_flag.version', '12'],
    ['feature_flag.result.variant', index % 2 === 0 ? 'on' : 'off'],
    ['belay.arm', 'randomised'],
    ['belay.side', index % 2 === 0 ? 'canary' : 'control'],
    ['belay.rollout', `ro_${serial % 50}_${index}`],
    ['belay.group', String(index % 32)],
  ]);
  const units = series.map((names) =>
    field(
      1,
      Buffer.concat([fixed64(3, nowNs), fixed64(6, 40n), ...names.map(([k = '', v = '']) => attribute(7, k, v))]),
    ),
  );
  const buckets = Buffer.concat([
    Buffer.of(0x08, 100),
    field(2, Buffer.from(Array.from({ length: 24 }, (_, i) => i % 5))),
  ]);
  const durations = series.map((names) =>
    field(
      1,
      Buffer.concat([
        ...names.map(([k = '', v = '']) => attribute(1, k, v)),
        fixed64(3, nowNs),
        Buffer.of(0x30, 8),
        field(8, buckets),
      ]),
    ),
  );
  const delta = Buffer.of(0x10, 1);
  return [
    field(2, Buffer.concat([text(1, 'belay.outcome.units'), field(7, Buffer.concat([...units, delta]))])),
    field(2, Buffer.concat([text(1, 'belay.outcome.duration'), field(10, Buffer.concat([...durations, delta]))])),
  ];
}

function attribute(number: number, key: string, value: string): Buffer {
  return field(number, Buffer.concat([text(1, key), field(2, text(1, value))]));
}
function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}
function fixed64(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = number * 8 + 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}
function field(number: number, content: Buffer): Buffer {
  const head = [number * 8 + 2];
  let rest = content.length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...head, rest]), content]);
}

/** CPU seconds of a process, user and system, from /proc. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
function rssOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
}
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
