import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSafeKysely, openSafePostgres, type SafeAsyncOptions, type SafePostgres } from '../database.ts';
import { startCommitCutter } from './commit-cutter-testbed.ts';

const SERVER = 'postgres://postgres@127.0.0.1:5432/test';
/** Debian's postgresql with trust on loopback; scripts/set-up.js installs it. */
const isThere = await admin('SELECT 1').then(
  () => true,
  () => false,
);

const place = `belay_safe_${process.pid}`;
let closers: (() => unknown)[];
beforeEach(() => {
  closers = [];
});
afterEach(async () => {
  for (const close of closers.toReversed()) await close();
});

async function admin(sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(SERVER);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function open(
  options: SafeAsyncOptions = {},
  port = 5432,
): Promise<{ db: SafePostgres; pool: pg.Pool; url: string }> {
  await admin(`CREATE SCHEMA ${place}`);
  closers.push(() => admin(`DROP SCHEMA ${place} CASCADE`));
  const url = `postgres://postgres@127.0.0.1:${port}/test?options=-c%20search_path%3D${place}`;
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  closers.push(() => pool.end());
  const db = openSafePostgres(pool, { report: false, ...options });
  closers.push(() => db.close());
  await pool.query('CREATE TABLE counters (id INT PRIMARY KEY, n BIGINT NOT NULL)');
  await pool.query('INSERT INTO counters VALUES (1, 0)');
  return { db, pool, url };
}

async function countOf(pool: pg.Pool): Promise<number> {
  return Number((await pool.query<{ n: string }>('SELECT n FROM counters')).rows[0]?.n);
}

const increment = async (tx: Parameters<Parameters<SafePostgres['write']>[1]>[0]): Promise<number> => {
  const { rows } = await tx.query('SELECT n FROM counters WHERE id = 1');
  const n = Number(rows[0]?.['n']) + 1;
  await tx.update('counters', { id: 1 }, { n });
  return n;
};

describe.skipIf(!isThere)('a safe database over pg', () => {
  it('loses no update when eight processes count at once', async () => {
    const { pool, url } = await open();
    const script = path.join(import.meta.dirname, 'crash-test-counter.ts');
    const children = Array.from({ length: 8 }, () => fork(script, ['postgres', url, '25']));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as unknown));
    expect(codes).toEqual(Array.from({ length: 8 }, () => 0));
    expect(await countOf(pool)).toBe(200);
  });

  it('asks invariants read-only, all of them where the handle was used, and writes on after them', async () => {
    const { db, pool } = await open({
      operationTable: true,
      invariants: {
        'small enough': { sql: 'SELECT n FROM counters -- of all', max: 5, tables: ['counters'] },
        'changes nothing': { sql: `SELECT s FROM ${place}.sneaky() AS s`, max: 5, tables: ['other'] },
      },
    });
    await pool.query(`CREATE FUNCTION ${place}.sneaky() RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN UPDATE ${place}.counters SET n = 99; RETURN 1; END $$`);
    await db.write('fits', increment);
    expect(await countOf(pool)).toBe(1);
    await expect(db.write('too much', (tx) => tx.update('counters', { id: 1 }, { n: 6 }))).rejects.toMatchObject({
      code: 'write.invariant-broken',
    });
    await expect(db.write('by the handle', (tx) => tx.handle.query('UPDATE counters SET n = 7'))).rejects.toMatchObject(
      { code: 'write.invariant-broken' },
    );
    await expect(db.write('sneaky', (tx) => tx.handle.query('UPDATE counters SET n = 3'))).rejects.toMatchObject({
      code: '25006',
    });
    expect(await countOf(pool)).toBe(1);
  });

  it('runs the effects of what is committed, and makes a check that cannot be made a finding', async () => {
    const { db, pool } = await open();
    await pool.query('CREATE TABLE keyless (n INT)');
    const told: string[] = [];
    await db.write(
      'keyless',
      async (tx) => {
        tx.onCommit(() => void told.push('mail'));
        await tx.insert('keyless', { n: 1 });
      },
      { verify: 'committed' },
    );
    expect(told).toEqual(['mail']);
    expect(db.findings()).toMatchObject([{ kind: 'write-not-verified', severity: 'warn' }]);
    await expect(db.write('x', increment, { idempotencyKey: 'belay:1' })).rejects.toMatchObject({
      code: 'write.misused',
    });
  });

  it('writes once though the driver gives COMMIT up before the server has answered', async () => {
    const { db, pool, url } = await open();
    await pool.query(`CREATE FUNCTION ${place}.slow() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$`);
    await pool.query(`CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON counters DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION ${place}.slow()`);
    const hasty = new pg.Pool({ connectionString: url, max: 1, query_timeout: 400 });
    hasty.on('error', () => undefined);
    closers.push(() => hasty.end());
    const removed: unknown[] = [];
    hasty.on('remove', (client) => removed.push(client));
    const other = openSafePostgres(hasty, { report: false });
    closers.push(() => other.close());
    await other.write('count', increment);
    expect(await countOf(pool)).toBe(1);
    expect(other.findings().map(({ kind }) => kind)).toContain('commit-resolved');
    expect(removed.length).toBeGreaterThan(0);
    expect(db.findings()).toEqual([]);
  });

  it.each(['before', 'after'] as const)('writes once though the connection is cut %s COMMIT is done', async (when) => {
    const cutter = await startCommitCutter();
    closers.push(() => cutter.close());
    const { db, pool } = await open({}, cutter.port);
    await db.write('warm up', increment);
    for (let trial = 0; trial < 15; trial += 1) {
      cutter.cutNext(when);
      expect(await db.write('count', increment)).toBe(trial + 2);
    }
    expect([await countOf(pool), cutter.cuts()]).toEqual([16, 15]);
    expect(db.findings().filter(({ kind }) => kind === 'commit-resolved')).toHaveLength(15);
  });

  it('says that a commit is unknown, and does not repeat it, where no row can resolve it', async () => {
    const cutter = await startCommitCutter();
    closers.push(() => cutter.close());
    const { db, pool } = await open({ resolveCommits: false }, cutter.port);
    cutter.cutNext('after');
    await expect(db.write('count', increment)).rejects.toMatchObject({ code: 'write.commit-unknown' });
    expect(await countOf(pool)).toBe(1);
    expect(db.operations().at(-1)?.outcome).toBe('unknown');
  });

  it('runs a write with a key once among many callers, and gives all of them its result', async () => {
    const { db, pool } = await open();
    const results = await Promise.all(
      Array.from({ length: 6 }, () => db.write('count', increment, { idempotencyKey: 'one' })),
    );
    expect([results, await countOf(pool)]).toEqual([[1, 1, 1, 1, 1, 1], 1]);
  });

  it('compares every type as the database understands it', async () => {
    const { db, pool } = await open();
    await pool.query(`CREATE TABLE types (id BIGSERIAL PRIMARY KEY, price NUMERIC(12,3), big BIGINT, at TIMESTAMPTZ, day DATE,
      clock TIME, wait INTERVAL, address INET, doc JSONB, plain JSON, list INT[], bytes BYTEA, word CHAR(5), flag BOOL,
      half REAL, twice NUMERIC GENERATED ALWAYS AS (price * 2) STORED)`);
    const row = {
      price: '12.5',
      big: 9_007_199_254_740_993n,
      at: new Date(1_764_000_000_123),
      day: '2026-11-24',
      clock: '10:00',
      wait: '90 minutes',
      address: '10.0.0.1/32',
      doc: { b: 1, a: [1, 2] },
      plain: { a: 1 },
      list: [1, 2],
      bytes: Buffer.from([0, 255]),
      word: 'ab',
      flag: true,
      half: 0.5,
    };
    const stored = await db.write('types', (tx) => tx.insert('types', row));
    expect(stored).toMatchObject({ id: '1', twice: '25.000' });
    await expect(db.write('rounded', (tx) => tx.insert('types', { price: '1.23456' }))).rejects.toMatchObject({
      code: 'write.not-verified',
      differences: [{ column: 'price' }],
    });
    await expect(db.write('twice', (tx) => tx.insert('types', row), { verify: 'committed' })).resolves.toMatchObject({
      flag: true,
    });
    expect((await pool.query('SELECT id FROM types')).rows).toHaveLength(2);
  });

  it('does not take a rolled back COMMIT for success, nor a swallowed error for nothing', async () => {
    const { db, pool } = await open({ resolveCommits: false });
    const swallowing = db.write('swallow', async (tx) => {
      await tx.update('counters', { id: 1 }, { n: 7 });
      await tx.query('SELECT * FROM nothing').catch(() => undefined);
    });
    await expect(swallowing).rejects.toMatchObject({ code: '25P02' });
    expect(await countOf(pool)).toBe(0);
  });

  it('runs effects after the commit only, and flags requests inside a write', async () => {
    const server = http.createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { db, pool } = await open({ mode: 'test' });
    const asking = db.write('ask', async (tx) => {
      await tx.update('counters', { id: 1 }, { n: 5 });
      await (await fetch(url)).text();
    });
    await expect(asking).rejects.toMatchObject({ code: 'write.side-effect' });
    let seen: number | undefined;
    await db.write('tell', async (tx) => {
      await increment(tx);
      tx.onCommit(async () => {
        await (await fetch(url)).text();
        seen = await countOf(pool);
      });
    });
    expect(seen).toBe(1);
  });

  it('finds queries in a loop, and explains a slow one without its values', async () => {
    const { db } = await open({ mode: 'test', slowMs: 20 });
    const looping = db.read('loop', async (tx) => {
      for (let n = 0; n < 30; n += 1) await tx.query('SELECT n FROM counters WHERE id = $1', [n]);
    });
    await expect(looping).rejects.toMatchObject({ code: 'write.repeated-query' });
    await db.read('slow', (tx) => tx.query('SELECT pg_sleep(0.05) FROM counters WHERE id <> $1', [4711]));
    await expect
      .poll(() => db.findings().map(({ kind, plan }) => [kind, plan?.includes('counters')]))
      .toContainEqual(['slow-query', true]);
    expect(JSON.stringify(db.findings())).not.toContain('4711');
  });

  it('serves Kysely: its own statements are counted, rows are read back', async () => {
    const { pool } = await open();
    interface Tables {
      counters: { id: number; n: string };
    }
    const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
    const db = openSafeKysely(kysely, { report: false, operationTable: true, actor: () => 'ann' });
    closers.push(() => db.close());
    await db.write('mixed', async (tx) => {
      await tx.insert('counters', { id: 2, n: '2' });
      await tx.handle.updateTable('counters').set({ n: '3' }).where('id', '=', 2).execute();
    });
    expect(await kysely.selectFrom('counters').selectAll().where('id', '=', 2).execute()).toEqual([{ id: 2, n: '3' }]);
    const [operation] = db.operations();
    expect(operation?.statements.map(({ fingerprint, rows }) => [fingerprint.slice(0, 6).toUpperCase(), rows])).toEqual(
      [
        ['INSERT', 1],
        ['UPDATE', 1],
      ],
    );
    const { rows } = await pool.query('SELECT name, actor, tables FROM belay_operation_log');
    expect(rows).toEqual([{ name: 'mixed', actor: 'ann', tables: 'counters' }]);
  });
});
