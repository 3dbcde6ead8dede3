import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { invariantList, type LiveEvent } from '@belay/protocol';
import BetterSqlite from 'better-sqlite3';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBus } from '../../../platform/bus/bus.ts';
import { closeDatabase, openDatabase, type Database } from '../../../platform/sqlite/database.ts';
import { checkInvariantsOn, createInvariants, type InvariantSettings, type Invariants } from './api.ts';

const SERVER = 'postgres://postgres@127.0.0.1:5432/test';
/** Debian's postgresql with trust on loopback; scripts/set-up.js installs it. */
const hasPostgres = await checkInvariantsOn({ engine: 'postgres', url: SERVER }, [
  { name: 'there', sql: 'SELECT 1', min: 1, max: 1 },
]).then(([result]) => result?.outcome === 'holds');

let folder: string;
let file: string;
let app: BetterSqlite.Database;
let db: Database;
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'belay-invariants-'));
  file = path.join(folder, 'bot.db');
  app = new BetterSqlite(file);
  app.exec('PRAGMA journal_mode = WAL; CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER)');
  app.exec('INSERT INTO accounts VALUES (1, 5), (2, 0)');
  db = await openDatabase({ path: path.join(folder, 'belay.db') });
});
afterEach(async () => {
  await closeDatabase(db);
  app.close();
  rmSync(folder, { recursive: true, force: true });
});

const noDebts = { name: 'no debts', sql: 'SELECT id FROM accounts WHERE balance < 0', min: null, max: null };
const total = { name: 'total', sql: 'SELECT sum(balance) FROM accounts', min: 0, max: 10 };

function open(invariants: readonly Omit<InvariantSettings, 'source' | 'database'>[]): {
  feature: Invariants;
  events: LiveEvent[];
} {
  const bus = createBus({ onListenerError: (error) => expect.fail(String(error)) });
  const events: LiveEvent[] = [];
  bus.subscribe(({ event }) => events.push(event));
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (facts: object) => expect.fail(JSON.stringify(facts)),
  } as never;
  const database = { engine: 'sqlite', path: file } as const;
  const settings = invariants.map((invariant) => ({ ...invariant, source: 'bot', database }));
  return {
    feature: createInvariants({ db, bus, clock: { now: () => Date.now() }, log, invariants: settings }),
    events,
  };
}

describe('invariants of a database in use', () => {
  it('block rollouts from the breach until the data is mended, and tell people once of each', async () => {
    const { feature, events } = open([noDebts, total]);
    expect((await feature.check('demand')).items.map(({ outcome }) => outcome)).toEqual(['holds', 'holds']);
    expect(feature.broken()).toBeNull();
    app.exec('UPDATE accounts SET balance = -3 WHERE id = 2');
    await feature.check('hourly');
    const list = await feature.check('hourly');
    expect(invariantList.parse(list)).toMatchObject({ items: [{ outcome: 'broken' }, { outcome: 'holds' }] });
    expect(list.blocks).toBe('Invariant "no debts" of bot is broken');
    app.exec('UPDATE accounts SET balance = 0 WHERE id = 2');
    expect((await feature.check('demand', ['no debts'])).blocks).toBeNull();
    expect(events.map((event) => event.type === 'ledger' && event.kind)).toEqual([
      'invariant.broken',
      'invariant.mended',
    ]);
  });

  it('stay broken while the database cannot be asked', async () => {
    const { feature, events } = open([noDebts]);
    app.exec('UPDATE accounts SET balance = -3 WHERE id = 2');
    await feature.check('hourly');
    app.exec('ALTER TABLE accounts RENAME TO gone');
    await feature.check('hourly');
    const list = await feature.check('hourly');
    expect(list.blocks).toBe('Invariant "no debts" of bot is broken');
    expect(list.items[0]?.detail).toMatch(/^It found a row that should not be there\. It cannot be checked now: /);
    expect(list.items[0]?.detail?.split('cannot be checked')).toHaveLength(2);
    app.exec('ALTER TABLE gone RENAME TO accounts; UPDATE accounts SET balance = 0 WHERE id = 2');
    expect((await feature.check('hourly')).blocks).toBeNull();
    expect(events).toHaveLength(2);
  });

  it('remember a breach over a restart, and check again by themselves', async () => {
    app.exec('UPDATE accounts SET balance = 99 WHERE id = 2');
    await open([total]).feature.check('demand');
    const { feature } = open([total]);
    await feature.start();
    expect(feature.broken()).toBe('Invariant "total" of bot is broken');
    app.exec('UPDATE accounts SET balance = 1 WHERE id = 2');
    await expect.poll(() => feature.broken()).toBeNull();
    await feature.close();
  });

  it('are checked after a deploy that is recorded', async () => {
    const bus = createBus({ onListenerError: (error) => expect.fail(String(error)) });
    const database = { engine: 'sqlite', path: file } as const;
    const invariants = [{ ...noDebts, source: 'bot', database }];
    const feature = createInvariants({ db, bus, clock: { now: () => Date.now() }, log: {} as never, invariants });
    await feature.start();
    await expect.poll(async () => (await feature.check('start')).items[0]?.outcome).toBe('holds');
    app.exec('UPDATE accounts SET balance = -3 WHERE id = 2');
    bus.publish({ type: 'ledger', at: 1, entryId: 1, kind: 'change.deploy', sentence: 'Deploy.', rolloutId: null });
    await expect.poll(() => feature.broken(), { timeout: 10_000 }).not.toBeNull();
    await feature.close();
  });

  it('fail, without blocking anything, where they write, take too long, or the database is not there', async () => {
    const ask = async (sql: string, place = file): Promise<string | null | undefined> => {
      const [result] = await checkInvariantsOn(
        { engine: 'sqlite', path: place },
        [{ name: 'x', sql, min: null, max: null }],
        1500,
      );
      expect(result?.outcome).toBe('failed');
      return result?.detail;
    };
    expect(await ask('DELETE FROM accounts')).toMatch(/only read/);
    expect(await ask('DELETE FROM accounts RETURNING id')).toMatch(/only read/);
    expect(await ask('SELECT 1; DELETE FROM accounts')).toMatch(/more than one statement/);
    expect(
      await ask('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0'),
    ).toMatch(/longer than 1500 ms/);
    expect(await ask('SELECT 1', path.join(folder, 'gone.db'))).toMatch(/unable to open/);
    expect(app.prepare('SELECT count(*) AS n FROM accounts').get()).toEqual({ n: 2 });
  });

  it.skipIf(!hasPostgres)('ask PostgreSQL, read-only and within their time', async () => {
    const client = new pg.Client(SERVER);
    await client.connect();
    const table = `belay_invariant_${process.pid}`;
    try {
      await client.query(`CREATE TABLE ${table} (n INT)`);
      await client.query(`INSERT INTO ${table} VALUES (1)`);
      const ask = async (sql: string): Promise<unknown> => {
        const [result] = await checkInvariantsOn(
          { engine: 'postgres', url: SERVER },
          [{ name: 'x', sql, min: null, max: null }],
          1500,
        );
        return [result?.outcome, result?.detail];
      };
      expect(await ask(`SELECT n FROM ${table} WHERE n > 5;`)).toEqual(['holds', null]);
      expect(await ask(`SELECT n FROM ${table}`)).toMatchObject(['broken', expect.stringMatching(/a row/)]);
      expect(await ask(`WITH d AS (DELETE FROM ${table} RETURNING n) SELECT n FROM d`)).toMatchObject([
        'failed',
        expect.anything(),
      ]);
      expect(await ask(`SELECT 1) AS a; DELETE FROM ${table}; --`)).toMatchObject(['failed', expect.anything()]);
      expect(await ask('SELECT pg_sleep(20)')).toMatchObject(['failed', expect.stringMatching(/longer/)]);
      expect((await client.query(`SELECT n FROM ${table}`)).rows).toEqual([{ n: 1 }]);
    } finally {
      await client.query(`DROP TABLE IF EXISTS ${table}`);
      await client.end();
    }
  });
});
