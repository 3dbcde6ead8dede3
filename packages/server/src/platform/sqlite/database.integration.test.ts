import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { appendLedger, readLedger } from '../../features/ledger/api.ts';
import { closeDatabase, openDatabase, transaction } from './database.ts';
import type { Database, DatabaseTransaction } from './database.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'belay-sqlite-'));
const opened: Database[] = [];
afterEach(async () => {
  for (const db of opened.splice(0)) await closeDatabase(db);
  rmSync(folder, { recursive: true, force: true });
});

test('what a failed transaction wrote is gone, with its ledger entry', async () => {
  const db = await open(':memory:');
  const failing = transaction(db, async (trx) => {
    await write(trx, 'a');
    throw new TypeError('stop');
  });
  await expect(failing).rejects.toThrow('stop');
  expect((await readLedger(db, { limit: 10 })).items).toEqual([]);
});

test('queries of others wait for an open transaction instead of joining it', async () => {
  const db = await open(':memory:');
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  const failing = transaction(db, async (trx) => {
    await write(trx, 'a');
    await gate;
    throw new TypeError('stop');
  });
  const other = transaction(db, (trx) => write(trx, 'b'));
  const reading = readLedger(db, { limit: 10 });
  openGate();
  await expect(failing).rejects.toThrow('stop');
  await other;
  expect((await reading).items.map((entry) => entry.sentence)).toEqual(['b']);
});

test('the database used inside its own transaction fails instead of hanging', async () => {
  const db = await open(':memory:');
  await expect(transaction(db, () => readLedger(db, { limit: 1 }))).rejects.toThrow('use its trx');
  expect((await readLedger(db, { limit: 1 })).items).toEqual([]);
});

test('a database file keeps its rows, and its migrations run once', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'belay-sqlite-')), 'control.db');
  const first = await openDatabase({ path: file });
  await transaction(first, (trx) => write(trx, 'kept'));
  await closeDatabase(first);
  let backups = 0;
  const second = await openDatabase({ path: file, beforeMigrating: async () => void (backups += 1) });
  opened.push(second);
  expect((await readLedger(second, { limit: 10 })).items.map((entry) => entry.sentence)).toEqual(['kept']);
  expect(backups).toBe(0);
  rmSync(path.dirname(file), { recursive: true });
});

test('the ledger is read newest first, page by page', async () => {
  const db = await open(':memory:');
  for (const name of ['a', 'b', 'c']) await transaction(db, (trx) => write(trx, name));
  const first = await readLedger(db, { limit: 2 });
  expect(first.items.map((entry) => entry.sentence)).toEqual(['c', 'b']);
  const second = await readLedger(db, { limit: 2, cursor: first.next ?? undefined });
  expect(second.items.map((entry) => entry.sentence)).toEqual(['a']);
  expect(second.next).toBeNull();
  await expect(readLedger(db, { limit: 2, cursor: 'x' })).rejects.toMatchObject({ code: 'request.invalid' });
});

async function open(file: string): Promise<Database> {
  const db = await openDatabase({ path: file });
  opened.push(db);
  return db;
}

function write(trx: DatabaseTransaction, sentence: string) {
  const actor = { kind: 'machine', name: 'test', via: 'api' } as const;
  return appendLedger(trx, { at: 1, actor, kind: 'test.wrote', sentence, tone: 'none' });
}
