import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { belayErrorOf } from '../http/problem-response.ts';
import { lockDataFolder } from './lock-data-folder.ts';
import { migrations } from './migrations/index.ts';
import { schemaSql } from './schema-sql.ts';

/** SHA-256 of each merged migration, first 16 digits. Append; a changed line means that a merged migration was edited. */
const merged: Readonly<Record<string, string>> = {
  '0001-access.ts': '069de79ddafbf753',
  '0002-flags.ts': '6046a4490f3a97c8',
  '0003-changes.ts': '77f68f6a762e1e8a',
  '0004-signals.ts': '06fd50f87a4cd191',
  '0005-errors.ts': '790541fad4c2415f',
  '0006-storage.ts': '9fe196d8cb18a689',
  '0008-ingest.ts': '2ef0323dc5b6ee7f',
  '0009-safety.ts': '3230b6aed9c0f534',
  '0010-invariants.ts': '78c1c818e85146c2',
  '0011-checks.ts': '2dd0b60cd84c3a59',
};

const folder = path.join(import.meta.dirname, 'migrations');

test('every migration is listed, in order, and none that is merged was edited', () => {
  const files = readdirSync(folder)
    .filter((file) => /^\d{4}-/.test(file))
    .toSorted();
  expect(Object.keys(migrations)).toEqual(files.map((file) => file.replace(/\.ts$/, '')));
  const hashes = files.map((file) => [
    file,
    createHash('sha256')
      .update(readFileSync(path.join(folder, file)))
      .digest('hex')
      .slice(0, 16),
  ]);
  expect(Object.fromEntries(hashes)).toEqual(merged);
});

test('schema.sql is what all migrations make of an empty database', async () => {
  expect(readFileSync(path.join(import.meta.dirname, 'schema.sql'), 'utf8')).toBe(await schemaSql());
});

test('a full disk is told as such, and what was stored before stays readable', () => {
  const db = new BetterSqlite(':memory:');
  db.exec('create table t (x text)');
  db.prepare('insert into t values (?)').run('kept');
  db.pragma('max_page_count = 3');
  const fill = (): unknown => {
    for (;;) db.prepare('insert into t values (?)').run('x'.repeat(4000));
  };
  expect(belayErrorOf(thrownBy(fill), 0)).toMatchObject({ code: 'storage.full', status: 503, retryAfterSeconds: 10 });
  expect(db.prepare("select x from t where x = 'kept'").get()).toEqual({ x: 'kept' });
  db.close();
});

test('a data folder belongs to one holder at a time', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'belay-lock-'));
  const first = lockDataFolder(data);
  expect(() => lockDataFolder(data)).toThrow(expect.objectContaining({ code: 'server.data-in-use' }));
  first.release();
  lockDataFolder(data).release();
  rmSync(data, { recursive: true });
});

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
