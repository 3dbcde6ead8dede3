import { existsSync } from 'node:fs';
import { copyFile, link, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { BelayError } from '@belay/core';

/** Puts a checked copy of a SQLite database where nothing is yet. Whole and synced, or not at all. */
export async function placeCopy(copy: string, target: string): Promise<void> {
  const taken = ['', '-wal', '-journal', '-shm'].find((ending) => existsSync(`${target}${ending}`));
  if (taken !== undefined)
    throw new BelayError('restore.not-allowed', `${target}${taken} exists already.`, {
      hint: 'Restore to another path. To replace a live database: belay backup restore --replace.',
    });
  const partial = `${target}.belay-partial`;
  try {
    await copyFile(copy, partial);
    await sync(partial);
    // Fails when somebody made the file meanwhile; a rename would replace it.
    await link(partial, target);
    await sync(path.dirname(target));
  } finally {
    await rm(partial, { force: true });
  }
}

async function sync(place: string): Promise<void> {
  const handle = await open(place, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
