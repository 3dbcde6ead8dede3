import { statfs } from 'node:fs/promises';
import { BelayError } from '@belay/core';

/** Refuses work that would fill the disk, before it starts. `bytes` is what it will write at most. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new BelayError(
    'storage.full',
    `${inMegabytes(bytes)} are needed in ${folder}, ${inMegabytes(free)} are free.`,
    {
      hint: 'Free space there, or name another folder with `backups.work_folder`.',
    },
  );
}

function inMegabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
