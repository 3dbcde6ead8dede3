// How many rows a second the way in takes: HTTP + gzip + decoding + commit + merges, with the sender's work taken off.
// node scripts/run.js bench/ingest.ts [--quick | --requests 1200]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { cpuOf, rssOf } from './metrics/peers.ts';
import { bodyOf, ITEMS, PATHS } from './telemetry/requests.ts';
import { post, postUntilTaken } from './telemetry/sending.ts';

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '1200' }, quick: { type: 'boolean', default: false } },
});
const REQUESTS = values.quick ? 300 : Number(values.requests);
const CONNECTIONS = 64;
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
  await postUntilTaken({ address, agent, body: bodies.pop() ?? Buffer.alloc(0) });
  process.once('exit', () => child.kill('SIGKILL'));
  child.send('pid');
  const [{ enginePid }] = (await once(child, 'message')) as [{ enginePid: number }];
  const pids = [child.pid ?? 0, enginePid];
  const peaks = [0, 0];
  const watch = setInterval(() => pids.forEach((pid, i) => (peaks[i] = Math.max(peaks[i] ?? 0, rssOf([pid])))), 200);
  const before = pids.map((pid) => cpuOf([pid]));
  const began = performance.now();
  const acks: number[] = [];
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let body = bodies.pop(); body !== undefined; body = bodies.pop())
        acks.push(await post({ address, agent, body }));
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const [serverCpu = 0, engineCpu = 0] = pids.map((pid, i) => cpuOf([pid]) - (before[i] ?? 0));
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

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
