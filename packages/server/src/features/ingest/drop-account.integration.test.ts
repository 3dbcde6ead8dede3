import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { closeDatabase, openDatabase } from '../../platform/sqlite/database.ts';
import { createDropAccount } from './drop-account.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

test('what was dropped is counted by cause, signal and sender, and is still known after a restart', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-drops-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let now = 1000;
  const clock = { now: () => now };
  const first = await openDatabase({ path: path.join(folder, 'belay.db') });
  const account = await createDropAccount({ db: first, clock, log });
  account.add({ cause: 'invalid', signal: 'traces', sender: 'shop', count: 3 });
  account.add({ cause: 'invalid', signal: 'traces', sender: 'shop', count: 0 });
  now = 2000;
  account.add({ cause: 'invalid', signal: 'traces', sender: 'shop', count: 4 });
  account.add({ cause: 'overloaded', signal: 'logs', sender: '', count: 1 });
  await account.close();
  await closeDatabase(first);

  const second = await openDatabase({ path: path.join(folder, 'belay.db') });
  onTestFinished(() => closeDatabase(second));
  const reopened = await createDropAccount({ db: second, clock, log });
  now = 3000;
  reopened.add({ cause: 'overloaded', signal: 'logs', sender: '', count: 9 });
  expect(reopened.list()).toEqual([
    expect.objectContaining({
      cause: 'overloaded',
      signal: 'logs',
      sender: '',
      count: 10,
      firstAt: 2000,
      lastAt: 3000,
    }),
    expect.objectContaining({
      cause: 'invalid',
      signal: 'traces',
      sender: 'shop',
      count: 7,
      firstAt: 1000,
      lastAt: 2000,
    }),
  ]);
  await reopened.close();
});

test('senders that name themselves without end are counted together', async () => {
  const db = await openDatabase({ path: ':memory:' });
  onTestFinished(() => closeDatabase(db));
  const account = await createDropAccount({ db, clock: { now: () => 1 }, log });
  for (let i = 0; i < 5000; i += 1) account.add({ cause: 'cut', signal: 'logs', sender: `s${i}`, count: 1 });
  const drops = account.list();
  expect(drops.length).toBeLessThanOrEqual(2001);
  expect(drops.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  await account.close();
});
