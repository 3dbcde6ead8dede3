import { spawn } from 'node:child_process';
import path from 'node:path';
import { BelayError } from '@belay/core';
import pg from 'pg';
import { sslEnvironment, sslOf, withoutSsl } from './postgres-ssl.ts';

/** Where a PostgreSQL server is and who asks. The password goes by the environment, never on a command line. */
export interface PostgresPlace {
  readonly url: string;
  /** Folder of pg_restore; null: found in PATH. */
  readonly bin: string | null;
}

export interface ProgramRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly database: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

const STDERR_BYTES = 16_384;

/** Runs a client program without a shell. Fulfils only on exit 0; at the deadline the program is killed. */
export async function runPostgresProgram(place: PostgresPlace, run: ProgramRun): Promise<void> {
  const { program, args, database, deadlineMs } = run;
  const signal = AbortSignal.any([AbortSignal.timeout(deadlineMs), ...(run.signal === undefined ? [] : [run.signal])]);
  const command = place.bin === null ? program : path.join(place.bin, program);
  const child = spawn(command, args, {
    env: { ...programEnvironment(place.url), PGDATABASE: database },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (told.length < STDERR_BYTES) told += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  const code = await promise.catch((cause: unknown) => {
    throw failed(
      run,
      run.signal?.aborted === true ? 'was stopped' : signal.aborted ? 'took too long' : String(cause),
      cause,
    );
  });
  if (code !== 0) throw failed(run, told.trim().split('\n').slice(-3).join(' ').slice(0, 500));
}

/** What libpq reads; nothing else of this process's environment but what programs need to run. */
function programEnvironment(url: string): NodeJS.ProcessEnv {
  // The client parses every form of URL that libpq knows; it is not connected.
  const { host, port, user, password } = new pg.Client({ connectionString: withoutSsl(url) });
  return {
    PATH: '/usr/lib/postgresql/bin:/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    PGHOST: host,
    PGPORT: String(port),
    ...(user === undefined ? {} : { PGUSER: user }),
    ...(password === null || password === undefined ? {} : { PGPASSWORD: password }),
    ...sslEnvironment(url),
    PGCONNECT_TIMEOUT: '10',
    PGAPPNAME: 'belay',
  };
}

/** Runs statements on one database of the server, over one connection. */
export async function withPostgres<T>(
  url: string,
  database: string,
  run: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { host, port, user, password } = new pg.Client({ connectionString: withoutSsl(url) });
  const ssl = sslOf(url);
  const client = new pg.Client({
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password === null || password === undefined ? {} : { password }),
    database,
    ...(ssl === undefined ? {} : { ssl }),
    application_name: 'belay',
    connectionTimeoutMillis: 10_000,
  });
  // Without a listener a connection that the server ends would end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The database that a URL names. */
export function databaseOf(url: string): string {
  const { database } = new pg.Client({ connectionString: withoutSsl(url) });
  if (database !== undefined && database !== '') return database;
  throw new BelayError('config.invalid', 'The URL of the source names no database.', {
    hint: 'Write postgres://user@host/database.',
  });
}

function failed({ program, signal }: ProgramRun, why: string, cause?: unknown): unknown {
  if (signal?.aborted === true) return signal.reason;
  return new BelayError('restore.failed', `${program} failed: ${why}`, {
    hint: 'Nothing that was there before was changed.',
    cause,
  });
}
