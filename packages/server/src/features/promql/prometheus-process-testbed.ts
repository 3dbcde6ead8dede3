import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestSeries } from './memory-storage-testbed.ts';
import { slicesOf, encodeWriteRequest } from './remote-write-testbed.ts';

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
    async write(series) {
      for (const slice of slicesOf(series)) await post(`${url}/api/v1/write`, encodeWriteRequest(slice));
    },
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

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
