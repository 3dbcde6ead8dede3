import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { BelayError } from '@belay/core';
import pg from 'pg';
import { sslEnvironment, withoutSsl } from '../restore/postgres-ssl.ts';

const DEBIAN = '/usr/lib/postgresql';
const STDERR_CHARACTERS = 2000;

/** Folder with the client programs of this major version or a newer one; the oldest that fits. */
export function findPostgresBin(bin: string | null, serverMajor: number): string {
  if (bin !== null) {
    if (existsSync(path.join(bin, 'pg_dump'))) return bin;
    throw missing(`${bin} has no pg_dump`, serverMajor);
  }
  const majors = (existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
    .map(Number)
    .filter((major) => major >= serverMajor && existsSync(path.join(DEBIAN, String(major), 'bin', 'pg_dump')))
    .sort((a, b) => a - b);
  if (majors[0] !== undefined) return path.join(DEBIAN, String(majors[0]), 'bin');
  throw missing(`${DEBIAN} has no pg_dump for version ${serverMajor}`, serverMajor);
}

function missing(what: string, major: number): BelayError {
  return new BelayError('backup.tool-missing', `${what}.`, {
    hint: `apt-get install postgresql-client-${major}, or name its folder with \`bin\` of the source.`,
  });
}

/** The password goes by the environment, never on a command line that every user of the machine can read. */
export function postgresEnvironment(url: string): NodeJS.ProcessEnv {
  const { host, port, user, password, database } = new pg.Client({ connectionString: withoutSsl(url) });
  return {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    PGHOST: host,
    PGPORT: String(port),
    ...sslEnvironment(url),
    PGCONNECT_TIMEOUT: '10',
    PGAPPNAME: 'belay',
    ...(database === undefined ? {} : { PGDATABASE: database }),
    ...(user === undefined ? {} : { PGUSER: user }),
    ...(password === null || password === undefined ? {} : { PGPASSWORD: password }),
  };
}

export interface OpenProgram {
  readonly output: Readable;
  /** Fulfils on exit 0 alone, rejects with what the program said otherwise. */
  readonly ended: Promise<void>;
}

/** Starts a program without a shell, so that its own exit code is what counts and not that of a pipe's last part. */
export function openProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  owner: { readonly uid?: number; readonly gid?: number } = {},
): OpenProgram {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(program, args, {
    ...owner,
    cwd: '/',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-STDERR_CHARACTERS);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(failed(program, cause.message, cause)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(failed(program, said.trim() === '' ? `it ended with ${signal ?? code}` : said.trim()));
    });
  });
  // Whoever reads the output may fail first; the reason is still given to who waits.
  ended.catch(() => undefined);
  return { output: child.stdout, ended };
}

function failed(program: string, why: string, cause?: unknown): BelayError {
  const code = /lock timeout|lock_timeout|canceling statement due to lock/.test(why)
    ? 'backup.source-busy'
    : 'backup.failed';
  return new BelayError(code, `${path.basename(program)}: ${why.slice(0, 800)}`, {
    hint: 'Nothing half done is kept. Is the user allowed to read every table (pg_read_all_data)?',
    cause,
  });
}

/** The version line of a program. */
export async function versionOf(program: string): Promise<string> {
  const { output, ended } = openProgram(program, ['--version'], { PATH: '/usr/bin:/bin', LC_ALL: 'C' });
  const said = await textOf(output);
  await ended;
  return said.trim();
}

/** SHA-256 of the definitions as pg_dump writes them, without what differs between two runs. */
export async function postgresSchemaHash(bin: string, url: string, snapshot: string | null): Promise<string> {
  const args = [
    '--schema-only',
    '--no-owner',
    '--no-privileges',
    ...(snapshot === null ? [] : [`--snapshot=${snapshot}`]),
  ];
  const { output, ended } = openProgram(path.join(bin, 'pg_dump'), args, postgresEnvironment(url));
  const lines = (await textOf(output)).split('\n');
  await ended;
  const kept = lines.filter(
    (line) => line !== '' && !/^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict)/.test(line),
  );
  return createHash('sha256').update(kept.join('\n')).digest('hex');
}
