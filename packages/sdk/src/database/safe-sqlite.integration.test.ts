import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSafeSqlite, type SafeSqlite, type SafeSqliteOptions, type SqliteDatabase } from '../database.ts';

let folder: string;
let file: string;
let closers: (() => void | Promise<void>)[];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'belay-sqlite-'));
  file = path.join(folder, 'app.db');
  closers = [];
});
afterEach(async () => {
  for (const close of closers.toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
});

const drivers: readonly (readonly [
  name: string,
  open: (path: string) => SqliteDatabase & { close(): void; exec(sql: string): unknown },
])[] = [
  ['better-sqlite3', (place) => new Database(place)],
  ['node:sqlite', (place) => new DatabaseSync(place)],
];

describe.each(drivers)('a safe database over %s', (_name, openRaw) => {
  function open(
    options: SafeSqliteOptions = {},
    schema = 'CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, data BLOB, at TEXT)',
  ): {
    db: SafeSqlite;
    raw: ReturnType<typeof openRaw>;
    rows: (sql: string) => readonly unknown[];
  } {
    const raw = openRaw(file);
    closers.push(() => raw.close());
    raw.exec('PRAGMA journal_mode = WAL');
    raw.exec(schema);
    const db = openSafeSqlite(raw, { report: false, ...options });
    closers.push(() => db.close());
    return { db, raw, rows: (sql) => db.read('look', (tx) => tx.all(sql)) };
  }

  it('writes, reads back, changes and deletes rows of every type', () => {
    const { db, rows } = open();
    const at = new Date('2026-11-24T20:00:00.123Z');
    const id = db.writeSync('add', (tx) =>
      tx.insert('items', { name: 'a', price: 1.1, data: Buffer.from([1, 2]), at }),
    );
    db.writeSync('big', (tx) => tx.insert('items', { id: 9_007_199_254_740_993n, name: 'b', price: 3, at: undefined }));
    db.writeSync('change', (tx) => tx.update('items', { id }, { name: 'c', price: null }));
    db.writeSync('put', (tx) => tx.upsert('items', { id, name: 'd' }, ['id']));
    expect(rows('SELECT name, price, at FROM items WHERE id < 10')).toEqual([
      { name: 'd', price: null, at: at.toISOString() },
    ]);
    db.writeSync('remove', (tx) => tx.delete('items', { id }));
    expect(rows('SELECT name FROM items')).toEqual([{ name: 'b' }]);
  });

  it('rolls back a write that a trigger changes, and tells the columns without their values', () => {
    const { db, raw, rows } = open();
    raw.exec(
      `CREATE TRIGGER spoil AFTER INSERT ON items BEGIN UPDATE items SET name = 'secret-two' WHERE id = new.id; END`,
    );
    expect(() => db.writeSync('add', (tx) => tx.insert('items', { name: 'secret-one', price: 1 }))).toThrow(
      expect.objectContaining({
        code: 'write.not-verified',
        differences: [expect.objectContaining({ column: 'name' })],
      }),
    );
    expect(rows('SELECT * FROM items')).toEqual([]);
    expect(JSON.stringify(db.findings())).not.toMatch(/secret/);
    expect(db.findings()).toMatchObject([{ kind: 'write-not-verified', operation: 'add' }]);
    db.writeSync('meant', (tx) => tx.insert('items', { name: 'x' }, { except: ['name'] }));
    expect(rows('SELECT name FROM items')).toEqual([{ name: 'secret-two' }]);
  });

  it('rolls back where a write changes another number of rows than it must', () => {
    const { db, rows } = open();
    db.writeSync('add', (tx) => tx.insert('items', { id: 1, name: 'a' }));
    const wrong = [
      () => db.writeSync('none', (tx) => tx.update('items', { id: 2 }, { name: 'b' })),
      () => db.writeSync('none', (tx) => tx.delete('items', { id: 2 })),
      () => db.writeSync('all', (tx) => tx.run('UPDATE items SET price = 1', [], { changes: 2 })),
    ];
    for (const write of wrong) expect(write).toThrow(expect.objectContaining({ code: 'write.not-verified' }));
    expect(rows('SELECT price FROM items')).toEqual([{ price: null }]);
  });

  it('reads rows of tables without rowid back by their key', () => {
    const { db } = open({}, 'CREATE TABLE pairs (a TEXT, b INTEGER, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID');
    db.writeSync('add', (tx) => tx.insert('pairs', { a: 'x', b: 1, v: 'one' }));
    expect(db.read('look', (tx) => tx.get('SELECT v FROM pairs'))).toEqual({ v: 'one' });
  });

  it('runs a write with a key once, and gives its result again', async () => {
    const { db, rows } = open();
    let runs = 0;
    const add = (): Promise<{ id: number }> =>
      db.write(
        'add',
        (tx) => {
          runs += 1;
          return { id: Number(tx.insert('items', { name: 'once' })) };
        },
        { idempotencyKey: 'order-1' },
      );
    expect(await add()).toEqual({ id: 1 });
    expect(await add()).toEqual({ id: 1 });
    expect([runs, rows('SELECT count(*) AS n FROM items')]).toEqual([1, [{ n: 1 }]]);
    expect(db.operations().map(({ outcome }) => outcome)).toEqual(['committed', 'already-done', 'read']);
    await expect(db.write('long', () => 'x'.repeat(70_000), { idempotencyKey: 'long' })).resolves.toHaveLength(70_000);
    await expect(db.write('long', () => '', { idempotencyKey: 'long' })).rejects.toMatchObject({
      code: 'write.result-not-kept',
    });
  });

  it('keeps invariants before the commit, and refuses those that write', async () => {
    const limits = {
      'no debts': { sql: 'SELECT id FROM items WHERE price < 0' },
      few: { sql: 'SELECT count(*) FROM items', max: 1 },
    };
    const { db, rows } = open({ invariants: limits });
    await db.write('fine', (tx) => tx.insert('items', { name: 'a', price: 0 }));
    await expect(db.write('debt', (tx) => tx.run('UPDATE items SET price = -1'))).rejects.toMatchObject({
      code: 'write.invariant-broken',
    });
    await expect(db.write('more', (tx) => tx.insert('items', { name: 'b' }))).rejects.toThrow(
      /"few": it is 2, above 1/,
    );
    expect(rows('SELECT name, price FROM items')).toEqual([{ name: 'a', price: 0 }]);
    expect(() => openSafeSqlite(openRaw(':memory:'), { invariants: { bad: { sql: 'DELETE FROM items' } } })).toThrow(
      /only reads/,
    );
  });

  it('refuses promises, nesting, values without a form, and a transaction that is over', () => {
    const { db, rows } = open();
    let kept: { insert(table: string, row: object): unknown } | undefined;
    const misuse = [
      () => db.writeSync('promise', async (tx) => tx.insert('items', { name: 'a' })),
      () => db.writeSync('nested', () => db.writeSync('inner', (tx) => tx.insert('items', { name: 'a' }))),
      () => db.writeSync('object', (tx) => tx.insert('items', { name: { a: 1 } })),
      () => db.writeSync('nan', (tx) => tx.insert('items', { name: 'a', price: Number.NaN })),
      () => db.writeSync('no key', (tx) => tx.update('items', {}, { name: 'a' })),
      () => db.writeSync('second', (tx) => tx.insert('items', { name: 'a' }), { verify: 'committed' }),
      () => {
        db.writeSync('keep', (tx) => void (kept = tx));
        kept?.insert('items', { name: 'late' });
      },
    ];
    for (const act of misuse) expect(act).toThrow(expect.objectContaining({ code: 'write.misused' }));
    expect(rows('SELECT * FROM items')).toEqual([]);
  });

  it('compares on a second connection after the commit', async () => {
    const second = openRaw(file);
    closers.push(() => second.close());
    const { db } = open({ verify: 'committed', openSecond: () => second });
    await expect(db.write('add', (tx) => tx.insert('items', { name: 'a' }))).resolves.toBe(1);
  });

  it('waits for another writer without holding up the event loop, and gives up within its bounds', async () => {
    const { db, raw } = open({ retryForMs: 100 });
    raw.exec('PRAGMA busy_timeout = 0');
    const other = openRaw(file);
    closers.push(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    await expect(db.write('late', (tx) => tx.insert('items', { name: 'a' }))).rejects.toMatchObject({
      code: 'write.retries-exhausted',
    });
    setImmediate(() => other.exec('COMMIT'));
    await expect(db.write('now', (tx) => tx.insert('items', { name: 'a' }))).resolves.toBe(1);
    expect(db.operations().at(-1)?.retries).toBeGreaterThan(0);
  });
});

/** A process of its own that writes; `--conditions` come along with the arguments of this one. */
function writer(script: string, ...args: string[]): ReturnType<typeof fork> {
  return fork(path.join(import.meta.dirname, script), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

describe('several processes', () => {
  it('lose no update when eight of them count', async () => {
    const raw = new Database(file);
    closers.push(() => void raw.close());
    raw.exec(
      'PRAGMA journal_mode = WAL; CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO counters VALUES (1, 0)',
    );
    const children = Array.from({ length: 8 }, () => writer('crash-test-counter.ts', 'sqlite', file, '50'));
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as unknown));
    expect(codes).toEqual(Array.from({ length: 8 }, () => 0));
    expect(raw.prepare('SELECT n FROM counters').get()).toEqual({ n: 400 });
  });

  it('do each write exactly once though they are killed around COMMIT', async () => {
    const raw = new Database(file);
    closers.push(() => void raw.close());
    raw.exec(
      'PRAGMA journal_mode = WAL; CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO counters VALUES (1, 0)',
    );
    let kills = 0;
    let key = 0;
    while (kills < 20) {
      const child = writer('crash-test-counter.ts', 'sqlite-keys', file, String(key));
      child.on('message', (message) => {
        const [kind, at] = message as [string, number];
        if (kind === 'done') key = at + 1;
        // From here the child is about to commit; it is killed within or around it.
        if (kind === 'commit' && at % 3 === 2) child.kill('SIGKILL');
      });
      await once(child, 'exit');
      kills += 1;
    }
    const finish = writer('crash-test-counter.ts', 'sqlite-keys', file, String(key), String(key + 1));
    expect((await once(finish, 'exit'))[0]).toBe(0);
    // Every key that was ever begun was done once: the counter is the number of keys.
    expect(raw.prepare('SELECT n FROM counters').get()).toEqual(
      raw.prepare('SELECT count(*) AS n FROM belay_operations').get(),
    );
    expect(raw.prepare('SELECT count(*) AS n FROM belay_operations').get()).toEqual({ n: key + 1 });
  });
});
