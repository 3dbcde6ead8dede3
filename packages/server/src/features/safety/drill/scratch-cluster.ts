import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BelayError } from '@belay/core';
import { withPostgres } from '../restore/postgres-program.ts';
import { openProgram } from '../sources/postgres-tools.ts';
import { requireSpace } from '../work/require-space.ts';

export interface ScratchOptions {
  readonly bin: string;
  readonly bytes: number;
  readonly signal: AbortSignal | undefined;
}

const PREFIX = 'belay-drill-';
const READY_MS = 60_000;
const LOOK_MS = 100;
const BASE_BYTES = 200e6;
/** Safe to lose, so nothing is synced; nothing but its own socket can reach it. */
const SETTINGS = {
  listen_addresses: '',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  max_wal_size: '4GB',
  maintenance_work_mem: '128MB',
} as const;

/** Runs `use` with the URL of a fresh PostgreSQL server of its own: unix socket, no TCP, gone afterwards. */
export async function withScratchCluster<T>(options: ScratchOptions, use: (url: string) => Promise<T>): Promise<T> {
  await requireSpace(os.tmpdir(), BASE_BYTES + 2.5 * options.bytes);
  const folder = await mkdtemp(path.join(os.tmpdir(), `${PREFIX}${process.pid}-`));
  const owner = ownerOf(folder);
  const data = path.join(folder, 'data');
  let server: ChildProcess | undefined;
  try {
    await initialise(options.bin, data, owner);
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    server = spawn(path.join(options.bin, 'postgres'), ['-D', data, '-k', folder, ...settings], {
      ...owner,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: 'ignore',
    });
    const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`;
    await untilReady(server, url, options.signal);
    return await use(url);
  } finally {
    await end(server);
    await rm(folder, { recursive: true, force: true });
  }
}

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root; then it runs as the user that its package made. */
function ownerOf(folder: string): Owner {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((text) => text.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new BelayError('backup.tool-missing', 'Belay runs as root and there is no user "postgres" for the drill.', {
      hint: 'Run Belay as another user, or install the package postgresql.',
    });
  chownSync(folder, Number(uid), Number(gid));
  return { uid: Number(uid), gid: Number(gid) };
}

async function initialise(bin: string, data: string, owner: Owner): Promise<void> {
  const program = path.join(bin, 'initdb');
  if (!existsSync(program))
    throw new BelayError('backup.tool-missing', `${bin} has no initdb.`, {
      hint: 'Drills of PostgreSQL need the server package (postgresql), not only the client.',
    });
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  const { output, ended } = openProgram(program, args, { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, owner);
  output.resume();
  await ended;
}

async function untilReady(server: ChildProcess, url: string, signal: AbortSignal | undefined): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    try {
      return await withPostgres(url, 'postgres', async (client) => void (await client.query('SELECT 1')));
    } catch (cause) {
      if (server.exitCode !== null || performance.now() > deadline)
        throw new BelayError('backup.failed', 'The scratch server of the drill did not start.', {
          hint: 'Is there memory and disk for a second PostgreSQL? TMPDIR says where it runs.',
          cause,
        });
      await delay(LOOK_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** SIGQUIT: at once, without writing anything. */
async function end(server: ChildProcess | undefined): Promise<void> {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill('SIGQUIT');
  await gone;
}

/** Removes what crashed drills left; a server whose folder is gone ends by itself within a minute. */
export async function removeOldClusters(): Promise<void> {
  for (const name of await readdir(os.tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || pid === process.pid || existsSync(`/proc/${pid}`)) continue;
    // That of another user stays; it is theirs to remove.
    await rm(path.join(os.tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}
