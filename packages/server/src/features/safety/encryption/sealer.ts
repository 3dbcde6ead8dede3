import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ageDecrypt, ageEncrypt, type ByteStage } from './age-stream.ts';

/** Encrypts files and opens them again; a file appears whole and synced, or not at all. */
export interface FileSealer {
  readonly recipients: readonly string[];
  seal(from: string, to: string, signal: AbortSignal | undefined): Promise<void>;
  /** Rejects with `backup.key-wrong` or `backup.corrupt`. */
  open(from: string, to: string, signal: AbortSignal | undefined): Promise<void>;
}

/** Without identities it can seal and opens nothing: a server that makes backups need not be able to read them. */
export function createFileSealer({
  recipients,
  identities,
}: {
  readonly recipients: readonly string[];
  readonly identities: readonly string[];
}): FileSealer {
  return {
    recipients,
    seal: (from, to, signal) => pass({ from, to, signal }, ageEncrypt(recipients)),
    open: (from, to, signal) => pass({ from, to, signal }, ageDecrypt(identities)),
  };
}

interface Passing {
  readonly from: string;
  readonly to: string;
  readonly signal: AbortSignal | undefined;
}

async function pass({ from, to, signal }: Passing, stage: ByteStage): Promise<void> {
  const partial = `${to}.partial`;
  const source = createReadStream(from, { highWaterMark: 1 << 20 });
  const target = createWriteStream(partial, { mode: 0o600, highWaterMark: 1 << 20 });
  try {
    await pipeline(source, stage, target, signal === undefined ? {} : { signal });
    const handle = await open(partial, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
