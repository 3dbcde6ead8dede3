import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BackupsTestbed, openBackupsTestbed } from '../backups-testbed.ts';
import { sourceViewOf } from '../views/source-views.ts';
import { planRestore } from './plan-restore.ts';

let bed: BackupsTestbed;

beforeEach(async () => {
  bed = await openBackupsTestbed();
  await bed.backUp(true);
  bed.live.exec("INSERT INTO users (name) VALUES ('written after the backup'); DELETE FROM notes WHERE id > 10");
});
afterEach(() => bed.close());

const newest = async () => {
  const [entry] = await bed.backups.context.catalogue.entries();
  if (entry === undefined) throw new TypeError('there is no backup');
  return entry;
};
const restore = async (mode: 'copy' | 'replace', target?: string) => {
  const { manifest } = await newest();
  const request = { mode, ...(target === undefined ? {} : { target }) };
  const started = await bed.backups.restore(manifest.id, request, 'test');
  return bed.backups.operations.ended(started.id);
};
const counts = (file: string) => {
  const db = new BetterSqlite(file, { readonly: true });
  const of = (table: string): unknown => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  const found = { users: of('users'), notes: of('notes'), check: db.pragma('integrity_check', { simple: true }) };
  db.close();
  return found;
};

test('what would be lost is known before anything is touched', async () => {
  bed.clock.advance(60_000);
  const plan = await planRestore(bed.backups.context, await newest(), { mode: 'replace' });
  expect(plan).toMatchObject({ target: bed.livePath, isProven: true, level: 'L3' });
  expect(plan.lostMs).toBeGreaterThanOrEqual(60_000);
  expect(plan.lostRows).toEqual([
    { table: 'notes', live: 10, backup: 2000 },
    { table: 'users', live: 1, backup: 0 },
  ]);
  expect(await planRestore(bed.backups.context, await newest(), { mode: 'copy' })).toMatchObject({
    lostMs: 0,
    lostRows: [],
  });
});

test('a clock that was ahead at the backup is told: nobody knows what would be lost', async () => {
  bed.clock.advance(-7_200_000);
  const plan = await planRestore(bed.backups.context, await newest(), { mode: 'replace' });
  expect(plan.warnings.join(' ')).toContain('How much would be lost is NOT known');
  const facts = { source: bed.source, entries: [await newest()], attempts: [], leases: [], nextAt: null };
  expect(sourceViewOf({ ...facts, now: bed.clock.now() })).toMatchObject({
    state: 'late',
    problem: expect.stringContaining('2 h in the future'),
  });
});

test('a copy is restored beside the original, which is not touched', async () => {
  expect(await restore('copy')).toMatchObject({ state: 'done', failure: null });
  expect(counts(`${bed.livePath}.restored-1`)).toEqual({ users: 0, notes: 2000, check: 'ok' });
  expect(counts(bed.livePath)).toMatchObject({ users: 1, notes: 10 });
  expect(await restore('copy')).toMatchObject({ failure: { code: 'restore.not-allowed' } });
  expect(await restore('copy', bed.place('elsewhere.db'))).toMatchObject({ state: 'done' });
});

test('in place, a service that stays connected goes on with the restored state, and the one from before is kept', async () => {
  expect(await restore('replace')).toMatchObject({ state: 'done', failure: null });
  expect(counts(bed.livePath)).toEqual({ users: 0, notes: 2000, check: 'ok' });
  bed.live.exec("INSERT INTO users (name) VALUES ('goes on')");
  const folder = bed.place(path.join('before-restore', 'bot'));
  const [kept = ''] = readdirSync(folder);
  expect(counts(path.join(folder, kept, 'bot.db'))).toEqual({ users: 1, notes: 10, check: 'ok' });
  expect(readdirSync(bed.place('work'))).toEqual([]);
});

test('a backup that does not pass its check changes nothing', async () => {
  const { manifest } = await newest();
  for (const place of ['near', 'far'])
    await writeFile(path.join(bed.place(place), manifest.artefact.object), Buffer.alloc(manifest.artefact.bytes, 7));
  expect(await restore('replace')).toMatchObject({ state: 'failed', failure: { code: 'backup.corrupt' } });
  expect(counts(bed.livePath)).toMatchObject({ users: 1, notes: 10 });
  expect(existsSync(bed.place('before-restore'))).toBe(false);
});

test('a target that is not one is refused at once', async () => {
  await expect(restore('copy', 'relative.db')).rejects.toMatchObject({ code: 'restore.not-allowed' });
  await expect(restore('replace', '/elsewhere')).rejects.toMatchObject({ code: 'restore.not-allowed' });
});
