import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  diskCheck,
  type HealthCheck,
  modulesCheck,
  nodeVersionCheck,
  openHealth,
  portCheck,
  postgresChecks,
  restorePointCheck,
  settingCheck,
  sqliteChecks,
  StartupRefused,
  writableCheck,
} from '../health.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'belay-startup-'));
const closers: (() => unknown)[] = [];
let taken: number;
/** PostgreSQL comes with scripts/set-up.js; it must answer on 127.0.0.1:5432 without a password. */
let hasPostgres = false;

beforeAll(async () => {
  const server = net.createServer();
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  closers.push(() => server.close());
  taken = (server.address() as net.AddressInfo).port;
  const client = new pg.Client({ host: '127.0.0.1', user: 'postgres', database: 'test' });
  client.on('error', () => undefined);
  hasPostgres = await client.connect().then(
    () => true,
    () => false,
  );
  await client.end();
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('SHOP_')) delete process.env[name];
});
afterAll(async () => {
  for (const close of closers) await close();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
/** A database as it should be, but for what `more` does to it. */
function sqlite(more: (db: Database.Database) => void = () => undefined, expected: object = {}): HealthCheck[] {
  const db = new Database(path.join(folder, `${(count += 1)}.db`));
  closers.push(() => db.close());
  db.pragma('journal_mode = WAL');
  db.pragma('foreign_keys = ON');
  db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)');
  db.pragma('user_version = 7');
  more(db);
  return sqliteChecks(db, { tables: { users: ['id', 'email'] }, userVersion: 7, ...expected });
}

function readOnlySqlite(): HealthCheck[] {
  const file = path.join(folder, `${(count += 1)}.db`);
  new Database(file).exec('CREATE TABLE users (id, email)').close();
  const db = new Database(file, { readonly: true });
  closers.push(() => db.close());
  return sqliteChecks(db, { journalMode: 'delete' });
}

/** The engine says that it is another version; all else is the real one. */
function oldSqlite(): HealthCheck[] {
  const db = new Database(path.join(folder, `${(count += 1)}.db`));
  closers.push(() => db.close());
  const old = {
    name: db.name,
    pragma: (text: string) => db.pragma(text, { simple: true }),
    exec: (text: string) => db.exec(text),
    prepare: (text: string) => db.prepare(text.replace('sqlite_version()', "'3.40.1'")),
  };
  return sqliteChecks(old, { journalMode: 'delete' });
}

function postgres(config: pg.PoolConfig = {}, expected: object = {}): HealthCheck[] {
  const pool = new pg.Pool({ host: '127.0.0.1', user: 'postgres', database: 'test', max: 4, ...config });
  pool.on('error', () => undefined);
  closers.push(() => pool.end());
  return postgresChecks(pool, expected);
}

function exhausted(): HealthCheck[] {
  const pool = new pg.Pool({ host: '127.0.0.1', user: 'postgres', database: 'test', max: 1 });
  const held = pool.connect();
  closers.push(async () => {
    (await held).release();
    await pool.end();
  });
  return postgresChecks(pool);
}

function setting(value: string | undefined, rules: object): HealthCheck[] {
  if (value !== undefined) process.env['SHOP_SETTING'] = value;
  return [settingCheck('SHOP_SETTING', rules)];
}

const file = path.join(folder, 'a-file');
writeFileSync(file, '');

const misconfigurations: readonly (readonly [what: string, check: string, cause: string, make: () => HealthCheck[]])[] =
  [
    ['a table is missing', 'database.schema', 'schema', () => sqlite((db) => db.exec('DROP TABLE users'))],
    [
      'a column is missing',
      'database.schema',
      'schema',
      () => sqlite((db) => db.exec('ALTER TABLE users DROP COLUMN email')),
    ],
    [
      'no write-ahead log',
      'database.journal',
      'journal-mode',
      () => sqlite((db) => db.pragma('journal_mode = DELETE')),
    ],
    [
      'foreign keys are off',
      'database.foreign-keys',
      'foreign-keys-off',
      () => sqlite((db) => db.pragma('foreign_keys = OFF')),
    ],
    [
      'commits are not synced',
      'database.synchronous',
      'synchronous-off',
      () => sqlite((db) => db.pragma('synchronous = OFF')),
    ],
    [
      'a migration is pending',
      'database.migrations',
      'pending-migrations',
      () => sqlite(undefined, { userVersion: 8 }),
    ],
    [
      'a newer version wrote the data',
      'database.migrations',
      'newer-schema',
      () => sqlite(undefined, { userVersion: 6 }),
    ],
    ['the file is read-only', 'database.write', 'read-only', readOnlySqlite],
    ['the engine loses commits', 'database.engine', 'known-bad-engine', oldSqlite],
    ['the database is closed', 'database', 'error', () => sqlite((db) => db.close())],
    ['PostgreSQL does not run', 'database', 'econnrefused', () => postgres({ port: 1 })],
    ['PostgreSQL has no such database', 'database', '3d000', () => postgres({ database: 'no_such_database' })],
    ['PostgreSQL has no such role', 'database', '28000', () => postgres({ user: 'no_such_role' })],
    [
      'PostgreSQL misses a table',
      'database.schema',
      'schema',
      () => postgres({}, { tables: { no_such_table: ['id'] } }),
    ],
    [
      'PostgreSQL misses an extension',
      'database.extensions',
      'extension-missing',
      () => postgres({}, { extensions: ['no_such'] }),
    ],
    [
      'PostgreSQL takes no writes',
      'database.write',
      'read-only',
      () => postgres({ options: '-c default_transaction_read_only=on' }),
    ],
    ['PostgreSQL is too old', 'database.engine', 'old-engine', () => postgres({}, { leastMajor: 99 })],
    [
      'commits of PostgreSQL do not wait',
      'database.durability',
      'async-commit',
      () => postgres({ options: '-c synchronous_commit=off' }),
    ],
    ['no connection is free', 'database', 'timeout', exhausted],
    ['the data folder is missing', `disk.${folder}/none`, 'missing', () => [diskCheck(`${folder}/none`)]],
    ['the disk is full', `disk.${folder}`, 'disk-full', () => [diskCheck(folder, { minFreeBytes: 1e18 })]],
    ['the data folder is a file', `writable.${file}`, 'no-folder', () => [writableCheck(file)]],
    ['the data folder cannot be written', 'writable./proc', 'not-writable', () => [writableCheck('/proc')]],
    ['a setting is missing', 'setting.SHOP_SETTING', 'missing', () => setting(undefined, {})],
    ['a secret is a default', 'setting.SHOP_SETTING', 'default-secret', () => setting('changeme', { secret: true })],
    ['a secret is short', 'setting.SHOP_SETTING', 'short-secret', () => setting('x7#pQ', { secret: true })],
    ['an address is none', 'setting.SHOP_SETTING', 'no-url', () => setting('shop', { url: true })],
    ['a number is out of range', 'setting.SHOP_SETTING', 'no-number', () => setting('70000', { number: [1, 65_535] })],
    ['the port is taken', 'port', 'port-taken', () => [portCheck(taken)]],
    ['a module is not loaded', 'modules', 'module-missing', () => [modulesCheck(['pay', 'mail'], () => ['mail'])]],
    ['Node is too old', 'node-version', 'old-node', () => [nodeVersionCheck('999.0.0')]],
    ['the last backup was never proven', 'restore-point', 'never-proven', () => [restorePointCheck(() => null)]],
  ];

test.each(misconfigurations)('%s: found at the start', async (what, name, cause, make) => {
  if (!hasPostgres && /PostgreSQL|connection/.test(what)) return;
  const checks = make();
  const health = openHealth({ service: 'shop', url: '', checks });
  const report = await health.startup().catch((error: unknown) => {
    if (error instanceof StartupRefused) return error.report;
    throw error;
  });
  await health.close();
  const found = report.checks.find((check) => check.name === name || check.name.startsWith(`${name}.`));
  expect(found).toMatchObject({ cause });
  expect(found?.outcome).not.toBe('pass');
  const isCritical = checks.find((check) => check.name === found?.name)?.critical === true;
  expect(report.ok).toBe(!(isCritical && found?.outcome === 'fail'));
  // What is not reached fails its other checks, too; where it is reached, nothing else is wrong.
  const others = report.checks.filter((check) => check.outcome === 'fail' && check !== found);
  if (name !== 'database' && !what.includes('read-only')) expect(others).toEqual([]);
});

test('a good service starts, and its endpoints tell so', async () => {
  const checks = [
    ...sqlite(),
    diskCheck(folder),
    writableCheck(folder),
    ...(hasPostgres ? postgres().map((check) => ({ ...check, name: `pg-${check.name}` })) : []),
  ];
  const health = openHealth({ service: 'shop', url: '', checks, detailsToken: 'a-token-for-details' });
  const server = createServer((request, response) => {
    if (!health.handle(request, response)) response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = async (place: string, token?: string) => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}${place}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    return { status: answer.status, body: (await answer.json().catch(() => null)) as Record<string, unknown> | null };
  };
  expect(await ask('/startupz')).toEqual({ status: 503, body: { status: 'fail' } });
  expect(await ask('/readyz')).toEqual({ status: 503, body: { status: 'fail' } });
  const report = await health.startup();
  expect(report.checks.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
  expect((await ask('/readyz')).status).toBe(200);
  expect((await ask('/livez')).status).toBe(200);
  expect((await ask('/healthz')).body).not.toHaveProperty('checks');
  expect((await ask('/healthz', 'wrong')).body).not.toHaveProperty('checks');
  expect((await ask('/healthz', 'a-token-for-details')).body).toHaveProperty(['checks', 'database.journal']);
  expect((await ask('/other')).status).toBe(404);
  health.drain();
  expect((await ask('/readyz')).status).toBe(503);
  expect((await ask('/livez')).status).toBe(200);
  server.closeAllConnections();
  server.close();
  await health.close();
});

test('Belay that hangs or is gone delays nothing, and a process that ends says so', async () => {
  const got: string[] = [];
  const hanging = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { kind } = JSON.parse(Buffer.concat(parts).toString()) as { kind: string };
      got.push(kind);
      // A start is never answered.
      if (kind !== 'startup') response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
    });
  });
  hanging.listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  const url = `http://127.0.0.1:${(hanging.address() as net.AddressInfo).port}`;
  const health = openHealth({ service: 'shop', url, key: 'k', checks: [writableCheck(folder)] });
  expect((await health.startup()).ok).toBe(true);
  expect((await health.run()).map(({ outcome }) => outcome)).toEqual(['pass']);
  await expect.poll(() => got).toContain('startup');
  await health.close();
  expect(got).toContain('leaving');
  hanging.closeAllConnections();
  hanging.close();
});

test('only what ran is told, and what failed runs again with the cheap checks', async () => {
  const got: string[][] = [];
  const belay = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { kind, checks } = JSON.parse(Buffer.concat(parts).toString()) as { kind: string; checks: HealthCheck[] };
      if (kind === 'periodic') got.push(checks.map(({ name }) => name));
      response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
    });
  });
  belay.listen(0, '127.0.0.1');
  await once(belay, 'listening');
  const state = { isWell: false };
  const one = (name: string, more: Partial<HealthCheck> = {}): HealthCheck => ({
    name,
    title: name,
    run: () => ({ outcome: 'pass', text: '' }),
    ...more,
  });
  const dear = one('dear-failing', {
    run: () => ({ outcome: state.isWell ? 'pass' : 'fail', text: '' }),
  });
  const url = `http://127.0.0.1:${(belay.address() as net.AddressInfo).port}`;
  const health = openHealth({
    service: 'shop',
    url,
    key: 'k',
    checks: [one('dear'), one('light', { cheap: true }), dear],
  });
  await health.startup();
  await health.run('cheap');
  await expect.poll(() => got).toEqual([['light', 'dear-failing']]);
  state.isWell = true;
  await health.run('cheap');
  await expect.poll(() => got).toHaveLength(2);
  await health.run('cheap');
  await expect.poll(() => got[2]).toEqual(['light']);
  await health.close();
  belay.closeAllConnections();
  belay.close();
});
