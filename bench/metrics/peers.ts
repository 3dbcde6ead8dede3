import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A store of metrics that is measured. */
export interface Peer {
  readonly name: string;
  readonly writeUrl: string;
  readonly otlpUrl: string | undefined;
  /** Below which `query` and `query_range` are. */
  readonly apiUrl: string;
  readonly pids: readonly number[];
  /** Bytes on disk of the samples with what finds them, merged as far as it goes. */
  bytes(): Promise<number>;
  close(): Promise<void>;
}

export async function startBelay(): Promise<Peer> {
  const folder = newFolder();
  const file = fileURLToPath(
    new URL('../../packages/server/src/features/ingest/metrics-test-server.ts', import.meta.url),
  );
  const child = fork(file, [folder], {
    execArgv: ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'],
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  // The engine is ready when it can answer.
  while (!(await isUp(`${url}/prometheus/api/v1/query?query=1`))) await delay(100);
  child.send('pids');
  const [{ enginePid }] = (await once(child, 'message')) as [{ enginePid: number }];
  return {
    name: 'belay',
    writeUrl: `${url}/api/v1/write`,
    otlpUrl: `${url}/v1/metrics`,
    apiUrl: `${url}/prometheus/api/v1`,
    pids: [child.pid ?? 0, enginePid],
    async bytes() {
      child.send('sizes');
      const [{ tables }] = (await once(child, 'message')) as [{ tables: { table: string; bytes: number }[] }];
      return tables.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    async close() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

export async function startPrometheus(): Promise<Peer> {
  const folder = newFolder();
  const port = await freePort();
  writeFileSync(`${folder}/prometheus.yml`, 'global: {}\n');
  const url = `http://127.0.0.1:${port}`;
  return startProgram({
    name: 'prometheus',
    folder,
    url,
    readyUrl: `${url}/-/ready`,
    arguments: [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--web.enable-admin-api',
      '--log.level=error',
    ],
    // What is in memory and its log is written as blocks by a snapshot.
    async bytes() {
      await fetch(`${url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
      return sizeOf(`${folder}/data/snapshots`);
    },
  });
}

export async function startVictoriaMetrics(): Promise<Peer> {
  const folder = newFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return startProgram({
    name: 'victoria-metrics',
    folder,
    url,
    readyUrl: `${url}/health`,
    arguments: [`-storageDataPath=${folder}/data`, `-httpListenAddr=127.0.0.1:${port}`, '-loggerLevel=ERROR'],
    async bytes() {
      await fetch(`${url}/internal/force_flush`);
      await fetch(`${url}/internal/force_merge`);
      let [before, now] = [-1, sizeOf(`${folder}/data/data`)];
      while (before !== now) {
        await delay(2000);
        [before, now] = [now, sizeOf(`${folder}/data/data`)];
      }
      return now + sizeOf(`${folder}/data/indexdb`);
    },
  });
}

interface Program {
  readonly name: string;
  readonly folder: string;
  readonly url: string;
  readonly readyUrl: string;
  readonly arguments: readonly string[];
  readonly bytes: () => Promise<number>;
}

async function startProgram({ name, folder, url, readyUrl, arguments: args, bytes }: Program): Promise<Peer> {
  const child = spawn(name, [...args], { stdio: 'ignore' });
  while (!(await isUp(readyUrl))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    await delay(50);
  }
  return {
    name,
    writeUrl: `${url}/api/v1/write`,
    otlpUrl: undefined,
    apiUrl: `${url}/api/v1`,
    pids: [child.pid ?? 0],
    bytes,
    async close() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** CPU seconds of some processes, user and system, from /proc. */
export function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}

export function rssOf(pids: readonly number[]): number {
  const pages = pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]));
  return pages.reduce((sum, count) => sum + count * PAGE_BYTES, 0);
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function sizeOf(place: string): number {
  const status = statSync(place, { throwIfNoEntry: false });
  if (status === undefined) return 0;
  if (!status.isDirectory()) return status.size;
  return readdirSync(place).reduce((sum, name) => sum + sizeOf(path.join(place, name)), 0);
}

function newFolder(): string {
  return mkdtempSync(path.join(os.tmpdir(), 'belay-bench-'));
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
