import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dropOldPostgresStates, restorePostgres, swapPostgres } from './restore-postgres.ts';

// A PostgreSQL that trusts local connections; scripts/set-up.js installs one.
const socket = '/var/run/postgresql';
const isThere = existsSync(`${socket}/.s.PGSQL.5432`);
const name = `belay_restore_${process.pid}`;
const url = (database: string): string => `postgres:///${database}?host=${socket}&user=postgres`;
const place = { url: url(name), bin: null };
let folder: string;

const query = async <T extends pg.QueryResultRow>(database: string, sql: string): Promise<T[]> => {
  const client = new pg.Client({ host: socket, user: 'postgres', database });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
};
const databases = async (): Promise<string[]> => {
  const rows = await query<{ datname: string }>(
    'postgres',
    `SELECT datname FROM pg_database WHERE datname LIKE '${name}%' ORDER BY 1`,
  );
  return rows.map(({ datname }) => datname);
};
const job = (database: string) => ({
  place,
  dump: path.join(folder, 'dump'),
  database,
  encoding: 'UTF8',
  collate: 'C',
  ctype: 'C',
  deadlineMs: 60_000,
});

beforeEach(async () => {
  if (!isThere) return;
  folder = await mkdtemp(path.join(os.tmpdir(), 'belay-pg-'));
  await query('postgres', `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`);
  await query(name, 'CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS note FROM generate_series(1, 1000) AS n');
  const dump = spawnSync('pg_dump', ['-h', socket, '-U', 'postgres', '-Fc', '-Z0', '-f', job('').dump, name]);
  expect(dump.status, dump.stderr.toString()).toBe(0);
});
afterEach(async () => {
  if (!isThere) return;
  for (const database of await databases()) await query('postgres', `DROP DATABASE "${database}" WITH (FORCE)`);
  await rm(folder, { recursive: true, force: true });
});

const count = 'SELECT count(*)::int AS n FROM orders';

test.skipIf(!isThere)('a dump is restored into a new database, and put in place of the live one', async () => {
  const service = new pg.Client({ host: socket, user: 'postgres', database: name });
  service.on('error', () => undefined);
  await service.connect();
  await query(name, 'DELETE FROM orders WHERE id > 10');
  await restorePostgres(job(`${name}_new`));
  expect(await query(`${name}_new`, count)).toEqual([{ n: 1000 }]);
  const { kept } = await swapPostgres({ place, restored: `${name}_new`, now: 5, busyMs: 10_000 });
  expect(await query(name, count)).toEqual([{ n: 1000 }]);
  expect(await databases()).toEqual([name, kept]);
  await expect(query(kept, count)).rejects.toThrow('not currently accepting connections');
  await expect(service.query(count)).rejects.toThrow();
  await query('postgres', `ALTER DATABASE "${kept}" WITH ALLOW_CONNECTIONS true`);
  expect(await query(kept, count)).toEqual([{ n: 10 }]);
});

test.skipIf(!isThere)('a dump that is cut off leaves no half database and the live one as it was', async () => {
  const { dump } = job('');
  const content = await readFile(dump);
  await writeFile(dump, content.subarray(0, content.length - 2000));
  await expect(restorePostgres(job(`${name}_new`))).rejects.toMatchObject({ code: 'restore.failed' });
  expect(await databases()).toEqual([name]);
  expect(await query(name, count)).toEqual([{ n: 1000 }]);
});

test.skipIf(!isThere)('nothing is restored over a database that is there', async () => {
  await expect(restorePostgres(job(name))).rejects.toMatchObject({ code: 'restore.not-allowed' });
  expect(await query(name, count)).toEqual([{ n: 1000 }]);
});

test.skipIf(!isThere)('a swap that cannot be done leaves the live database open', async () => {
  await expect(swapPostgres({ place, restored: `${name}_none`, now: 5, busyMs: 100 })).rejects.toThrow(
    'does not exist',
  );
  expect(await query(name, count)).toEqual([{ n: 1000 }]);
});

test.skipIf(!isThere)('the restored database belongs to whom the live one did', async () => {
  await query('postgres', `CREATE ROLE ${name}_owner`);
  try {
    await query('postgres', `ALTER DATABASE ${name} OWNER TO ${name}_owner`);
    await restorePostgres(job(`${name}_new`));
    await swapPostgres({ place, restored: `${name}_new`, now: 5, busyMs: 10_000 });
    expect(
      await query('postgres', `SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = '${name}'`),
    ).toEqual([{ owner: `${name}_owner` }]);
  } finally {
    for (const database of await databases()) await query('postgres', `ALTER DATABASE "${database}" OWNER TO postgres`);
    await query('postgres', `DROP ROLE ${name}_owner`);
  }
});

test.skipIf(!isThere)('kept databases go after a day, but never the newest', async () => {
  for (const now of [1, 2]) {
    await restorePostgres(job(`${name}_new`));
    await swapPostgres({ place, restored: `${name}_new`, now, busyMs: 10_000 });
  }
  expect(await dropOldPostgresStates(place, 50, 100)).toEqual([]);
  expect(await dropOldPostgresStates(place, 200, 100)).toEqual([`${name}_before_restore_1`]);
  expect(await dropOldPostgresStates(place, 999, 100)).toEqual([]);
  expect(await databases()).toEqual([name, `${name}_before_restore_2`]);
});
