import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BackupsTestbed, openBackupsTestbed } from '../backups-testbed.ts';
import { levelOf } from '../catalogue/level-of.ts';
import { createRecoveryKit } from './recovery-kit.ts';

let bed: BackupsTestbed;

beforeEach(async () => {
  bed = await openBackupsTestbed();
});
afterEach(() => bed.close());

test('with recipients and no key here a backup is stored and its bytes are proven, and no more is claimed', async () => {
  const { recipient } = await createRecoveryKit({ now: 0, host: 'safe' });
  const backups = await bed.reopen({ recipients: [recipient] });
  const started = await backups.backup({ source: 'bot' }, 'test');
  expect(await backups.operations.ended(started.id)).toMatchObject({ state: 'done', failure: null });
  const [entry] = await backups.context.catalogue.entries();
  expect(entry?.copies.map(({ state }) => state)).toEqual(['verified', 'verified']);
  expect(entry?.receipts).toEqual([]);
  expect(entry === undefined ? null : levelOf(entry)).toBe('L1');
  const verify = await backups.verify(entry?.manifest.id ?? '', 'test');
  await backups.operations.ended(verify.id);
  const [verified] = await backups.context.catalogue.entries();
  expect(verified?.receipts.map(({ level, outcome }) => [level, outcome])).toEqual([
    ['L1', 'passed'],
    ['L1', 'passed'],
  ]);
  await writeFile(path.join(bed.place('near'), entry?.manifest.artefact.object ?? ''), 'x');
  await backups.operations.ended((await backups.verify(entry?.manifest.id ?? '', 'test')).id);
  const [damaged] = await backups.context.catalogue.entries();
  expect(damaged?.copies.map(({ state }) => state)).toEqual(['verified', 'corrupt']);
});
