import { statfs } from 'node:fs/promises';
import { BelayError } from '@belay/core';

const GIBIBYTE = 2 ** 30;
const FRESH_MS = 500;

export interface DiskGuard {
  /** Free bytes below which nothing is stored. */
  minimum(): Promise<number>;
  /** Rejects with `storage.full` when less is free. */
  require(): Promise<void>;
}

/** A full disk can destroy rows that were acknowledged long ago, so writing stops while there is still room. */
export function createDiskGuard(options: {
  readonly folder: string;
  readonly clock: { now(): number };
  readonly minFreeBytes?: number;
}): DiskGuard {
  const { folder, clock } = options;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let state = { free: Number.POSITIVE_INFINITY, minimum: 0 };
  const look = async (): Promise<typeof state> => {
    const now = clock.now();
    if (Math.abs(now - checkedAt) < FRESH_MS) return state;
    const disk = await statfs(folder);
    const share = Math.min(0.05 * disk.blocks * disk.bsize, 10 * GIBIBYTE);
    checkedAt = now;
    state = { free: disk.bavail * disk.bsize, minimum: options.minFreeBytes ?? Math.max(GIBIBYTE, share) };
    return state;
  };
  return {
    minimum: async () => (await look()).minimum,
    async require() {
      const { free, minimum } = await look();
      if (free >= minimum) return;
      throw new BelayError(
        'storage.full',
        `Only ${mebibytes(free)} of disk are free; ${mebibytes(minimum)} are needed.`,
        {
          hint: 'Free disk space where Belay keeps its data; storing goes on by itself.',
          details: { freeBytes: free, minimumBytes: minimum },
          retryAfterSeconds: 30,
        },
      );
    },
  };
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
