import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BackupsTestbed, openBackupsTestbed } from './backups-testbed.ts';
import { levelOf } from './catalogue/level-of.ts';
import { backupViewOf } from './views/backup-views.ts';

let bed: BackupsTestbed;

beforeEach(async () => {
  bed = await openBackupsTestbed();
});
afterEach(() => bed.close());

const entries = () => bed.backups.context.catalogue.entries();
const only = async () => {
  const [entry] = await entries();
  if (entry === undefined) throw new TypeError('there is no backup');
  return entry;
};
const artefactAt = async (place: string): Promise<string> =>
  path.join(bed.place(place), (await only()).manifest.artefact.object);

test('the first backup of a day is stored everywhere, restored as a drill, and counts as proven', async () => {
  bed.live.exec("BEGIN; INSERT INTO users VALUES (1, 'not committed')");
  const ended = await bed.backUp();
  bed.live.exec('COMMIT');
  expect(ended).toMatchObject({ state: 'done', failure: null });
  const entry = await only();
  expect(levelOf(entry)).toBe('L3');
  expect(entry.copies.map(({ destination, state, method }) => [destination, state, method])).toEqual([
    ['far', 'verified', 'read-back'],
    ['near', 'verified', 'read-back'],
  ]);
  expect(entry.manifest.tables).toEqual([
    { name: 'notes', rows: 2000, isEstimate: false },
    { name: 'users', rows: 0, isEstimate: false },
  ]);
  expect(readdirSync(bed.place('work'))).toEqual([]);
  expect(await bed.backUp()).toMatchObject({ state: 'done' });
  expect((await entries()).map((one) => levelOf(one))).toEqual(['L2', 'L3']);
});

test('an artefact opens without Belay', async () => {
  await bed.backUp(false);
  const plain = bed.place('plain.db');
  execFileSync('zstd', ['-q', '-d', await artefactAt('near'), '-o', plain]);
  const db = new BetterSqlite(plain, { readonly: true });
  expect(db.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(2000);
  db.close();
});

test('a place that is down costs its copy and not the backup; it gets it when it is back', async () => {
  await rename(bed.place('far'), bed.place('unmounted'));
  expect(await bed.backUp()).toMatchObject({ state: 'done' });
  expect(backupViewOf(await only())).toMatchObject({
    isProven: true,
    copies: [{ state: 'pending' }, { state: 'verified' }],
  });
  await rename(bed.place('unmounted'), bed.place('far'));
  const repair = await bed.backups.repair('test');
  expect(await bed.backups.operations.ended(repair.id)).toMatchObject({ state: 'done' });
  expect((await only()).copies.map(({ state }) => state)).toEqual(['verified', 'verified']);
});

test('when no place takes it the artefact waits, and a new start sends it', async () => {
  await rename(bed.place('far'), bed.place('far-away'));
  await rename(bed.place('near'), bed.place('near-away'));
  const failed = await bed.backUp();
  expect(failed).toMatchObject({ state: 'failed', failure: { code: 'backup.destination-unreachable' } });
  expect(backupViewOf(await only())).toMatchObject({ isProven: false, level: null });
  await rename(bed.place('far-away'), bed.place('far'));
  await rename(bed.place('near-away'), bed.place('near'));
  const again = await bed.reopen();
  expect(await again.operations.ended(failed.id)).toMatchObject({ state: 'done' });
  expect(backupViewOf(await only())).toMatchObject({ isProven: true });
});

test('damage at one place is found, told of that place alone, and never proven from', async () => {
  await bed.backUp(false);
  const file = await artefactAt('near');
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  await writeFile(file, bytes);
  const entry = await only();
  const drill = await bed.backups.drill(entry.manifest.id, 'near', 'test');
  expect(await bed.backups.operations.ended(drill.id)).toMatchObject({
    state: 'failed',
    failure: { code: 'backup.corrupt' },
  });
  expect(backupViewOf(await only())).toMatchObject({
    isProven: false,
    copies: [{ state: 'verified' }, { state: 'corrupt' }],
  });
  await rm(await artefactAt('far'));
  const verify = await bed.backups.verify(entry.manifest.id, 'test');
  await bed.backups.operations.ended(verify.id);
  expect(backupViewOf(await only())).toMatchObject({
    level: null,
    copies: [{ state: 'missing' }, { state: 'corrupt' }],
  });
});

test('the catalogue is rebuilt from manifests and receipts, with what was proven', async () => {
  await bed.backUp(true);
  await bed.backUp(false);
  const before = (await entries()).map(backupViewOf);
  const anew = await bed.forget();
  const rebuild = await anew.rebuild('test');
  expect(await anew.operations.ended(rebuild.id)).toMatchObject({ result: '4 manifests (2 new) and 6 receipts read.' });
  const after = (await anew.context.catalogue.entries()).map(backupViewOf);
  expect(after.map(({ id, level }) => [id, level])).toEqual(before.map(({ id, level }) => [id, level]));
  expect(await anew.context.catalogue.nextSequence('bot')).toBe(3);
});

test('a manifest that somebody changed is found by its successor, and nothing is restored by it', async () => {
  await bed.backUp(true);
  const first = await only();
  await bed.backUp(false);
  for (const place of ['near', 'far']) {
    const file = path.join(bed.place(place), `bot/${first.manifest.id}.manifest.json`);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"rows": 2000', '"rows": 1999'));
  }
  const anew = await bed.forget();
  const rebuild = await anew.rebuild('test');
  expect((await anew.operations.ended(rebuild.id)).result).toContain(
    `The manifest of ${first.manifest.id} is not the one`,
  );
  const drill = await anew.drill(first.manifest.id, undefined, 'test');
  expect(await anew.operations.ended(drill.id)).toMatchObject({ failure: { code: 'backup.tampered' } });
});

test('a file that cannot be read, and a manifest of another artefact, are told and stop nothing', async () => {
  await bed.backUp(true);
  const { id } = (await only()).manifest;
  const manifest = (place: string): string => path.join(bed.place(place), `bot/${id}.manifest.json`);
  await rm(manifest('near'));
  await mkdir(manifest('near'));
  await writeFile(manifest('far'), (await readFile(manifest('far'), 'utf8')).replace('.db.zst"', '.db.zst.other"'));
  const anew = await bed.forget();
  const rebuild = await anew.rebuild('test');
  const { state, result } = await anew.operations.ended(rebuild.id);
  expect(state).toBe('done');
  expect(result).toContain('and not its own artefact');
  expect(await anew.context.catalogue.entries()).toEqual([]);
});

test('of two findings the one written later counts, although the clock went back between', async () => {
  await bed.backUp(true);
  const { catalogue } = bed.backups.context;
  const [drill] = (await only()).receipts.filter(({ level }) => level === 'L3');
  if (drill === undefined) throw new TypeError('there was no drill');
  await catalogue.addReceipt({ ...drill, id: 'later', startedAt: 1, outcome: 'failed', proven: 'L2' });
  expect((await only()).receipts.at(-1)?.id).toBe('later');
  expect(levelOf(await only())).toBe('L2');
});

test('a source that is missing or damaged is a clear error and leaves nothing behind', async () => {
  await rename(bed.livePath, `${bed.livePath}.away`);
  expect(await bed.backUp()).toMatchObject({ failure: { code: 'backup.source-unavailable' } });
  // The old write-ahead log would be played into whatever lies there.
  for (const ending of ['-wal', '-shm']) await rm(`${bed.livePath}${ending}`);
  await writeFile(bed.livePath, 'SQLite format 3\0'.padEnd(8192, 'x'));
  expect(await bed.backUp()).toMatchObject({ failure: { code: 'backup.source-corrupt' } });
  expect(readdirSync(bed.place('work'))).toEqual([]);
  expect(await entries()).toEqual([]);
});

test('while somebody holds a lease only its holder backs up, and it ends by itself', async () => {
  const { leases } = bed.backups;
  const lease = await leases.acquire({ source: 'bot', holder: 'deploy-7', reason: 'migration', ttl_seconds: 60 });
  await expect(bed.backups.backup({ source: 'bot' }, 'test')).rejects.toMatchObject({ code: 'backup.busy' });
  await expect(leases.acquire({ holder: 'deploy-8', reason: 'deploy', ttl_seconds: 60 })).rejects.toMatchObject({
    code: 'backup.busy',
  });
  const own = await bed.backups.backup({ source: 'bot', reason: 'pre-migration', lease: lease.id }, 'test');
  expect(await bed.backups.operations.ended(own.id)).toMatchObject({ state: 'done' });
  bed.clock.advance(61_000);
  await expect(leases.requireFree('bot', undefined)).resolves.toBeUndefined();
});

test('what a crash left in the work folder is cleared, and the operation says that it was cut off', async () => {
  const { catalogue } = bed.backups.context;
  const ended = await bed.backUp(false);
  await catalogue.saveOperation({ ...ended, id: 'cut-off', backup: null, state: 'running', endedAt: null });
  await writeFile(path.join(bed.place('work'), 'left.partial'), 'x');
  const again = await bed.reopen();
  expect(await again.operations.find('cut-off')).toMatchObject({ state: 'interrupted' });
  expect(existsSync(path.join(bed.place('work'), 'left.partial'))).toBe(false);
});
