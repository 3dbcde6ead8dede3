import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeDatabase, openDatabase, type Database } from '../../platform/sqlite/database.ts';
import { generatedSpans, openRollupTestbed, type RollupTestbed } from '../telemetry/testing.ts';
import { checkParts, countRows } from './part-check.ts';
import { createPartScrub } from './part-scrub.ts';
import { createStorageStore } from './storage-store.ts';

const DAY = 86_400;
const START = 1_790_000_000 - (1_790_000_000 % DAY);
let bed: RollupTestbed;
let db: Database;

beforeAll(async () => {
  bed = await openRollupTestbed();
  db = await openDatabase({ path: ':memory:' });
  // The parts must still be the ones that were damaged.
  await bed.run('SYSTEM STOP MERGES');
  for (const day of [0, 1, 2])
    await bed.run(generatedSpans({ from: START + day * DAY, seconds: 600, rows: 20_000, seed: day + 1 }));
});
afterAll(async () => {
  await bed.close();
  await closeDatabase(db);
});

const options = () => ({ engine: bed.engine, store: createStorageStore(db), clock: { now: () => START * 1000 } });
const partOf = async (day: number): Promise<{ name: string; path: string }> => {
  const id = new Date((START + day * DAY) * 1000).toISOString().slice(0, 10).replaceAll('-', '');
  const [part] = await bed.select<{ name: string; path: string }>(
    `SELECT name, path FROM system.parts WHERE table = 'spans' AND active AND partition_id = '${id}'`,
  );
  if (part === undefined) throw new RangeError(`no part of day ${day}`);
  return part;
};
/** Most of a file, as a bad disk would. */
const damage = (file: string): void => {
  const size = statSync(file).size;
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(Math.floor(size * 0.8), 0x5a), 0, Math.floor(size * 0.8), Math.floor(size * 0.1));
  closeSync(descriptor);
};
/** Reads every column. */
const readAll = 'SELECT count() AS n, max(cityHash64(*)) > 0 AS isRead FROM spans';

test('a part with a damaged block is found, taken out and told, and the others answer again', async () => {
  const broken = await partOf(0);
  await countRows(options());
  damage(path.join(broken.path, 'data.bin'));
  await expect(bed.select(readAll)).rejects.toThrow(/hecksum|corrupt|decompress/i);

  const scrub = createPartScrub(options());
  const found = await scrub.run(Number.MAX_SAFE_INTEGER);
  expect(found).toEqual([
    expect.objectContaining({
      table: 'spans',
      part: broken.name,
      rows: 20_000,
      reason: expect.stringMatching(/^damaged: /),
    }),
  ]);
  expect(await bed.select(readAll)).toEqual([{ n: 40_000, isRead: 1 }]);
  expect(await scrub.run(Number.MAX_SAFE_INTEGER)).toEqual([]);
  // The rows are told as missing once, not a second time by their count.
  expect(await checkParts(options())).toEqual([]);
  expect(await createStorageStore(db).quarantined()).toHaveLength(1);
});

test('parts are taken in turn, a few at a time', async () => {
  const broken = await partOf(1);
  damage(path.join(broken.path, 'data.bin'));
  const scrub = createPartScrub(options());
  const found: string[] = [];
  for (let round = 0; round < 3; round += 1) found.push(...(await scrub.run(1)).map(({ part }) => part));
  expect(found).toEqual([broken.name]);
});

test('an engine that starts with a part it cannot open sets it aside, comes up, and it is told', async () => {
  const broken = await partOf(2);
  await countRows(options());
  damage(path.join(broken.path, 'checksums.txt'));
  await bed.killEngine();
  await bed.whenPrepared();
  expect(await bed.select(readAll)).toEqual([{ n: 0, isRead: 0 }]);
  const lost = await checkParts(options());
  expect(lost).toEqual(
    expect.arrayContaining([expect.objectContaining({ table: 'spans', reason: 'broken-on-start' })]),
  );
});
