import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Destination } from './destination.ts';
import { checkDestination } from './destination-status.ts';
import { fetchObject } from './fetch-object.ts';
import { createFolderDestination, removeAbandonedPartials } from './folder-destination.ts';
import { proveCopy } from './prove-copy.ts';

let folder: string;
let kept: string;
let destination: Destination;
const content = Buffer.from('x'.repeat(100_000));
const sha256 = createHash('sha256').update(content).digest('hex');
const expected = { bytes: content.length, sha256 };
const object = 'shop/2026/0001.db.zst';
const full = { depth: 'full' } as const;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'belay-folder-'));
  kept = path.join(folder, 'kept');
  await mkdir(kept);
  await writeFile(path.join(folder, 'artefact'), content);
  destination = createFolderDestination({ name: 'disk', folder: kept });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = (options: { replaces?: boolean; signal?: AbortSignal } = {}) =>
  destination.put(path.join(folder, 'artefact'), object, { sha256, ...options });

test('a file is stored whole, found, proven, fetched and removed', async () => {
  expect(await put()).toMatchObject({ name: object, bytes: content.length });
  expect((await destination.list('shop/')).map(({ name }) => name)).toEqual([object]);
  expect(await proveCopy(destination, object, expected, full)).toEqual({ outcome: 'verified', method: 'read-back' });
  const file = path.join(folder, 'again');
  await fetchObject(destination, object, file, { expected });
  expect(await readFile(file)).toEqual(content);
  await destination.remove(object);
  await destination.remove(object);
  expect(await destination.stat(object)).toBeNull();
  await expect(destination.read(object)).rejects.toMatchObject({ code: 'backup.object-missing' });
});

test('a backup is never overwritten, and what could not be stored leaves nothing', async () => {
  await put();
  await put();
  await writeFile(path.join(kept, ...object.split('/')), 'another');
  await expect(put()).rejects.toMatchObject({ code: 'backup.object-exists' });
  await put({ replaces: true });
  await expect(put({ replaces: true, signal: AbortSignal.abort() })).rejects.toThrow('abort');
  expect((await readdir(kept, { recursive: true })).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('truncated, changed and lost copies are told apart and never fetched', async () => {
  await put();
  const place = path.join(kept, ...object.split('/'));
  await truncate(place, 99_999);
  expect(await proveCopy(destination, object, expected, full)).toMatchObject({ outcome: 'corrupt' });
  await appendFile(place, 'y');
  expect(await proveCopy(destination, object, expected, full)).toMatchObject({ outcome: 'corrupt' });
  const file = path.join(folder, 'again');
  await expect(fetchObject(destination, object, file, { expected })).rejects.toMatchObject({ code: 'backup.corrupt' });
  expect((await readdir(folder)).sort()).toEqual(['artefact', 'kept']);
  await rm(place);
  expect(await proveCopy(destination, object, expected, full)).toMatchObject({ outcome: 'missing' });
});

test('a folder that is gone is not made anew: its disk may be unmounted', async () => {
  await rm(kept, { recursive: true });
  const unreachable = { code: 'backup.destination-unreachable' };
  await expect(put()).rejects.toMatchObject(unreachable);
  await expect(destination.list('')).rejects.toMatchObject(unreachable);
  await expect(destination.stat(object)).rejects.toMatchObject(unreachable);
  expect(await proveCopy(destination, object, expected, full)).toMatchObject({ outcome: 'unverified' });
  expect(await checkDestination(destination, { now: 1 })).toMatchObject({ state: 'failing', canRemove: false });
});

test('a healthy folder says so and is left clean', async () => {
  expect(await checkDestination(destination, { now: 1 })).toMatchObject({
    state: 'ok',
    canRemove: true,
    problem: null,
  });
  expect(await destination.list('')).toEqual([]);
});

test.each(['../out', '/etc/passwd', 'a//b', '.hidden', 'a/../b', '', 'x.partial', 'a b', 'é'])(
  'a name that could leave the folder is refused: %j',
  async (name) => {
    await expect(destination.stat(name)).rejects.toMatchObject({ code: 'request.invalid' });
  },
);

test('partials that a crash left are removed a day later', async () => {
  await writeFile(path.join(kept, 'old.1-a.partial'), 'x');
  await writeFile(path.join(kept, 'new.1-b.partial'), 'x');
  await utimes(path.join(kept, 'old.1-a.partial'), 1, 1);
  expect(await removeAbandonedPartials(kept, Date.now())).toBe(1);
  expect(await readdir(kept)).toEqual(['new.1-b.partial']);
});
