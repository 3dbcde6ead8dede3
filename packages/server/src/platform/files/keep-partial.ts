import { open, rename } from 'node:fs/promises';
import path from 'node:path';

/** Gives a file that was written beside its final name: synced, renamed, and the folder synced, so never half a file. */
export async function keepPartial(partial: string, file: string): Promise<void> {
  await syncPath(partial);
  await rename(partial, file);
  await syncPath(path.dirname(file));
}

/** Makes the content of a file, or the entries of a folder, survive a power cut. */
export async function syncPath(place: string): Promise<void> {
  const handle = await open(place, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
