import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestSeries } from './memory-storage-testbed.ts';

export interface PrometheusProcess {
  readonly url: string;
  write(series: readonly TestSeries[]): Promise<void>;
  close(): Promise<void>;
}

/** Whether Debian's `prometheus` is here; `npm test` installs it. */
export const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

/** Starts a real Prometheus that takes remote write and scrapes nothing. */
export async function startPrometheus(): Promise<PrometheusProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-prometheus-'));
  writeFileSync(path.join(folder, 'prometheus.yml'), 'global: {}\n');
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--storage.tsdb.retention.time=100y',
      '--enable-feature=promql-negative-offset,promql-at-modifier',
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  const ready = async (): Promise<boolean> => {
    try {
      return (await fetch(`${url}/-/ready`)).ok;
    } catch {
      return false;
    }
  };
  while (!(await ready())) {
    if (child.exitCode !== null) throw new Error(`prometheus did not start: ${log.slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    write: (series) => writeInOrder(series, (body) => post(`${url}/api/v1/write`, body)),
    async close() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function post(url: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' },
  });
  if (!response.ok) throw new Error(`remote write: ${response.status} ${(await response.text()).slice(0, 500)}`);
}

/** Slices of time, because a head takes samples in order only. */
async function writeInOrder(
  series: readonly TestSeries[],
  send: (body: Uint8Array<ArrayBuffer>) => Promise<void>,
): Promise<void> {
  const slices = new Map<number, { labels: TestSeries['labels']; samples: [number, number | 'stale'][] }[]>();
  for (const { labels, samples } of series) {
    const bySlice = new Map<number, [number, number | 'stale'][]>();
    for (const [time, value] of samples) {
      if (typeof value === 'object') continue;
      const slice = Math.floor(time / SLICE_MS);
      const list = bySlice.get(slice) ?? [];
      bySlice.set(slice, list);
      list.push([time, value]);
    }
    for (const [slice, list] of bySlice) {
      const entries = slices.get(slice) ?? [];
      slices.set(slice, entries);
      entries.push({ labels, samples: list });
    }
  }
  for (const [, entries] of [...slices].sort(([a], [b]) => a - b)) await send(encodeWriteRequest(entries));
}

const SLICE_MS = 600_000;

/** A remote-write 1.0 request: protobuf, compressed with snappy. */
export function encodeWriteRequest(
  series: readonly {
    readonly labels: TestSeries['labels'];
    readonly samples: readonly (readonly [number, number | 'stale'])[];
  }[],
): Uint8Array<ArrayBuffer> {
  const parts = series.map(({ labels, samples }) => {
    const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const fields = sorted.map(([name, value]) => field(1, Buffer.concat([text(1, name), text(2, value)])));
    const points = samples.map(([time, value]) => {
      const number = Buffer.alloc(8);
      if (value === 'stale') number.writeBigUInt64LE(0x7ff0000000000002n);
      else number.writeDoubleLE(value);
      return field(2, Buffer.concat([Buffer.from([0x09]), number, Buffer.from([0x10]), varint(BigInt(time))]));
    });
    return field(1, Buffer.concat([...fields, ...points]));
  });
  return asSnappy(Buffer.concat(parts));
}

/** Snappy without compression: the length, then literals. */
function asSnappy(content: Buffer): Uint8Array<ArrayBuffer> {
  const chunks: Buffer[] = [varint(BigInt(content.length))];
  for (let at = 0; at < content.length; at += 65_536) {
    const literal = content.subarray(at, at + 65_536);
    chunks.push(Buffer.from([61 << 2, (literal.length - 1) & 0xff, (literal.length - 1) >> 8]), literal);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(content.length)), content]);
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
