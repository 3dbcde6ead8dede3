import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeOldStates } from './kept-states.ts';
import { placeCopy } from './place-copy.ts';
import { replaceSqlite } from './replace-sqlite.ts';

let folder: string;
let live: string;
let copy: string;
let keep: string;
const children: ChildProcess[] = [];

const fill = (file: string, rows: number, pragma = 'journal_mode = WAL'): void => {
  const db = new BetterSqlite(file);
  db.pragma(pragma);
  db.exec(
    'CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, note TEXT); CREATE INDEX IF NOT EXISTS by_note ON orders (note)',
  );
  const insert = db.prepare('INSERT INTO orders (note) VALUES (hex(randomblob(20)))');
  db.transaction(() => {
    for (let row = 0; row < rows; row += 1) insert.run();
  })();
  db.close();
};
const read = (file: string): { check: unknown; rows: unknown } => {
  const db = new BetterSqlite(file, { readonly: true });
  const found = {
    check: db.pragma('integrity_check', { simple: true }),
    rows: db.prepare('SELECT count(*) FROM orders').pluck().get(),
  };
  db.close();
  return found;
};
const replace = (changed: { busyMs?: number } = {}) => replaceSqlite({ copy, live, keep, busyMs: 20_000, ...changed });

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'belay-restore-'));
  [live, copy, keep] = ['live.db', 'copy.db', 'kept'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  fill(live, 300);
  fill(copy, 1000, 'journal_mode = DELETE');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

test('the live database holds what the copy holds, and the state from before is kept', async () => {
  expect(await replace()).toMatchObject({ keptAs: 'database' });
  expect(read(live)).toEqual({ check: 'ok', rows: 1000 });
  expect(read(path.join(keep, 'live.db'))).toEqual({ check: 'ok', rows: 300 });
});

test('connections that stay open go on, on the restored state', async () => {
  const open = new BetterSqlite(live);
  const insert = open.prepare('INSERT INTO orders (note) VALUES (?)');
  insert.run('before');
  await replace();
  expect(open.prepare('SELECT count(*) FROM orders').pluck().get()).toBe(1000);
  insert.run('after');
  expect(open.pragma('integrity_check', { simple: true })).toBe('ok');
  open.close();
  expect(read(live)).toEqual({ check: 'ok', rows: 1001 });
});

test('under a writer in another process nothing is corrupt and the writer goes on', async () => {
  const writer = spawn(process.execPath, ['-e', WRITER, live], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(writer);
  await once(writer.stdout, 'data');
  for (let round = 0; round < 3; round += 1) {
    await rm(keep, { recursive: true, force: true });
    await replace();
    const marks = Number(read(live).rows) - 1000;
    expect(marks).toBeGreaterThanOrEqual(0);
    expect(read(path.join(keep, 'live.db')).check).toBe('ok');
    await once(writer.stdout, 'data');
  }
  writer.kill('SIGKILL');
  expect(read(live).check).toBe('ok');
});

test('while somebody holds a transaction nothing is changed, and the wait has an end', async () => {
  const holder = new BetterSqlite(live);
  holder.exec('BEGIN IMMEDIATE');
  await expect(replace({ busyMs: 100 })).rejects.toMatchObject({ code: 'restore.busy' });
  holder.exec('COMMIT');
  holder.close();
  expect(read(live)).toEqual({ check: 'ok', rows: 300 });
});

test('a write-ahead log that a deleted database left is not played into the new one', async () => {
  const db = new BetterSqlite(live);
  db.pragma('wal_autocheckpoint = 0');
  db.prepare('INSERT INTO orders (note) VALUES (?)').run('old');
  await copyFile(`${live}-wal`, path.join(folder, 'old-wal'));
  db.close();
  await rm(live);
  await copyFile(path.join(folder, 'old-wal'), `${live}-wal`);
  expect(await replace()).toMatchObject({ keptAs: 'nothing' });
  expect(existsSync(path.join(keep, 'live.db-wal'))).toBe(true);
  expect(read(live)).toEqual({ check: 'ok', rows: 1000 });
});

test('a file that is no database any more is set aside as it lies', async () => {
  await rm(`${live}-wal`, { force: true });
  await writeFile(live, 'this is not a database'.repeat(1000));
  expect(await replace()).toMatchObject({ keptAs: 'raw' });
  expect(read(live)).toEqual({ check: 'ok', rows: 1000 });
  expect(await readdir(keep)).toContain('live.db');
});

test('a damaged page in the live database does not stop its rescue', async () => {
  await truncate(live, 8192);
  await replace();
  expect(read(live)).toEqual({ check: 'ok', rows: 1000 });
});

test('what does not fit is refused before anything is touched', async () => {
  await rm(copy);
  fill(copy, 10, 'page_size = 8192');
  await expect(replace()).rejects.toMatchObject({ code: 'restore.not-allowed' });
  await writeFile(copy, 'x'.repeat(5000));
  await expect(replace()).rejects.toMatchObject({ code: 'backup.corrupt' });
  expect(read(live)).toEqual({ check: 'ok', rows: 300 });
});

test('a copy is placed only where nothing is', async () => {
  const target = path.join(folder, 'new.db');
  await placeCopy(copy, target);
  expect(read(target)).toEqual({ check: 'ok', rows: 1000 });
  await expect(placeCopy(copy, target)).rejects.toMatchObject({ code: 'restore.not-allowed' });
  await rm(target);
  await writeFile(`${target}-wal`, 'left over');
  await expect(placeCopy(copy, target)).rejects.toMatchObject({ code: 'restore.not-allowed' });
  expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
});

test('old states go after a day, but never the newest', async () => {
  const day = 86_400_000;
  for (const at of [1, 2, 5 * day]) {
    await mkdir(path.join(folder, 'states', 'bot', `before-restore-${at}`), { recursive: true });
  }
  expect(await removeOldStates(path.join(folder, 'states'), 2 * day)).toHaveLength(2);
  expect(await removeOldStates(path.join(folder, 'states'), 99 * day)).toEqual([]);
});

const WRITER = `
const { createRequire } = require('node:module');
const Database = createRequire(${JSON.stringify(import.meta.filename)})('better-sqlite3');
const db = new Database(process.argv[1], { timeout: 20000 });
const insert = db.prepare("INSERT INTO orders (note) VALUES ('live')");
setInterval(() => { insert.run(); process.stdout.write('.'); }, 5);
`;
