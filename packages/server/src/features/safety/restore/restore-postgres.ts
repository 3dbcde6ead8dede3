import { setTimeout as delay } from 'node:timers/promises';
import { BelayError } from '@belay/core';
import type pg from 'pg';
import { databaseOf, type PostgresPlace, quoteName, runPostgresProgram, withPostgres } from './postgres-program.ts';

export interface PostgresRestoreJob {
  readonly place: PostgresPlace;
  /** A whole archive of pg_dump's custom format, decrypted and decompressed. */
  readonly dump: string;
  /** Name of the database that is made; nothing may be there. */
  readonly database: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Connections to this one never count as connections to the database that is restored. */
const MAINTENANCE = 'postgres';
const NAME_BYTES = 63;
const LOCK_WAIT_MS = 5000;

/** Restores into a new database. At the first error the new database goes again; nothing else is ever touched. */
export async function restorePostgres(job: PostgresRestoreJob): Promise<void> {
  const { place, database } = job;
  await withPostgres(place.url, MAINTENANCE, async (client) => {
    const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rows.length > 0)
      throw new BelayError('restore.not-allowed', `There is a database ${database} already.`, {
        hint: 'Name another one, or drop it yourself when it is not needed.',
      });
    const literal = (text: string): string => client.escapeLiteral(text);
    await client.query(
      `CREATE DATABASE ${quoteName(database)} TEMPLATE template0 ENCODING ${literal(job.encoding)} ` +
        `LC_COLLATE ${literal(job.collate)} LC_CTYPE ${literal(job.ctype)}`,
    );
  });
  try {
    await runPostgresProgram(place, {
      program: 'pg_restore',
      args: ['--exit-on-error', '--no-password', '--dbname', database, job.dump],
      database,
      deadlineMs: job.deadlineMs,
      signal: job.signal,
    });
  } catch (error) {
    await dropDatabase(place, database).catch(() => undefined);
    throw error;
  }
}

export interface PostgresSwapJob {
  readonly place: PostgresPlace;
  /** The restored and checked database that takes the place of the one in the URL. */
  readonly restored: string;
  readonly now: number;
  /** Longest time without new connections to the live database. */
  readonly busyMs: number;
}

/**
 * Puts a restored database in place of the live one by renaming both in one transaction, so that a crash at any moment
 * leaves the old state or the new one. Connections to the old one are ended; services connect again and find the restored
 * state. The old one stays under another name, closed to everybody.
 */
export async function swapPostgres(job: PostgresSwapJob): Promise<{ readonly kept: string }> {
  const { place, restored, now, busyMs } = job;
  const live = databaseOf(place.url);
  const kept = keptName(live, now);
  const deadline = performance.now() + busyMs;
  return withPostgres(place.url, MAINTENANCE, (renaming) =>
    withPostgres(place.url, MAINTENANCE, async (ending) => {
      for (;;) {
        try {
          const renamed = rename(renaming, { live, restored, kept });
          await endConnections(ending, [live, restored], renamed);
          await renamed;
          return { kept };
        } catch (error) {
          if (!isBusy(error) || performance.now() > deadline) throw asBusy(error, live, busyMs);
        }
      }
    }),
  );
}

interface Names {
  readonly live: string;
  readonly restored: string;
  readonly kept: string;
}

async function rename(client: pg.Client, { live, restored, kept }: Names): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_WAIT_MS}`);
    await keepOwner(client, live, restored);
    // From here on nobody can connect: the server waits up to 5 s for those who are, and gives up with 55006.
    await client.query(`ALTER DATABASE ${quoteName(live)} RENAME TO ${quoteName(kept)}`);
    await client.query(`ALTER DATABASE ${quoteName(restored)} RENAME TO ${quoteName(live)}`);
    await client.query(`ALTER DATABASE ${quoteName(kept)} WITH ALLOW_CONNECTIONS false`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** The restored database belongs to whom the live one does, and not to who restored it. */
async function keepOwner(client: pg.Client, live: string, restored: string): Promise<void> {
  const { rows } = await client.query<{ datname: string; owner: string }>(
    'SELECT datname, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname IN ($1, $2)',
    [live, restored],
  );
  const ownerOf = (name: string): string | undefined => rows.find(({ datname }) => datname === name)?.owner;
  const owner = ownerOf(live);
  const present = ownerOf(restored);
  if (owner === undefined || present === undefined || owner === present) return;
  await client.query(`ALTER DATABASE ${quoteName(restored)} OWNER TO ${quoteName(owner)}`);
}

const END_EVERY_MS = 100;

/** Ends connections again and again until the rename is through or has failed. */
async function endConnections(client: pg.Client, databases: readonly string[], renamed: Promise<void>): Promise<void> {
  const settled = renamed.then(
    () => true,
    () => true,
  );
  for (let isOver = false; !isOver;) {
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY($1) AND backend_type = 'client backend'`,
      [databases],
    );
    isOver = await Promise.race([settled, delay(END_EVERY_MS, false)]);
  }
}

/** Drops kept databases older than a day, and never the newest of them. Returns the names that went. */
export async function dropOldPostgresStates(
  place: PostgresPlace,
  now: number,
  keepMs: number,
): Promise<readonly string[]> {
  const live = databaseOf(place.url);
  const names = await withPostgres(place.url, MAINTENANCE, async (client) => {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database WHERE NOT datallowconn');
    return rows.map(({ datname }) => datname);
  });
  const states = names
    .flatMap((name) => {
      const at = keptAt(live, name);
      return at === null ? [] : [{ name, at }];
    })
    .sort((a, b) => b.at - a.at);
  const old = states.slice(1).filter(({ at }) => now - at >= keepMs);
  for (const { name } of old) await dropDatabase(place, name);
  return old.map(({ name }) => name);
}

/** Drops a database that was restored and is not needed, if it is there. */
export async function dropDatabase({ url }: PostgresPlace, database: string): Promise<void> {
  await withPostgres(url, MAINTENANCE, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${quoteName(database)} WITH (FORCE)`),
  );
}

const MARK = '_before_restore_';

function keptName(live: string, now: number): string {
  const ending = `${MARK}${now}`;
  return `${live.slice(0, NAME_BYTES - ending.length)}${ending}`;
}

function keptAt(live: string, name: string): number | null {
  const at = name.lastIndexOf(MARK);
  if (at < 0) return null;
  const now = Number(name.slice(at + MARK.length));
  return Number.isSafeInteger(now) && keptName(live, now) === name ? now : null;
}

/** 55006: connections that were told to end have not gone yet; 55P03: somebody holds a lock. */
function isBusy(error: unknown): boolean {
  return codeOf(error) === '55006' || codeOf(error) === '55P03';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function asBusy(error: unknown, live: string, busyMs: number): unknown {
  if (!isBusy(error)) return error;
  return new BelayError('restore.busy', `${live} still had connections after ${Math.round(busyMs / 1000)} s.`, {
    hint: 'Nothing was changed. Stop the services that use it, and try again.',
    cause: error,
  });
}
