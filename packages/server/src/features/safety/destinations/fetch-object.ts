import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BelayError } from '@belay/core';
import type { Destination } from './destination.ts';

export interface FetchObjectOptions {
  readonly signal?: AbortSignal | undefined;
  /** What the manifest says. The file appears only when both hold. */
  readonly expected: { readonly bytes: number; readonly sha256: string };
}

/** Brings an object into a local file, which appears whole and checked, or not at all. */
export async function fetchObject(
  destination: Destination,
  object: string,
  file: string,
  { signal, expected }: FetchObjectOptions,
): Promise<void> {
  const partial = `${file}.partial`;
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(bytes > expected.bytes ? differs(destination, object) : null, chunk);
    },
  });
  try {
    const source = await destination.read(object, { signal });
    const target = createWriteStream(partial, { mode: 0o600 });
    await pipeline(source, measure, target, signal === undefined ? {} : { signal });
    if (bytes !== expected.bytes || hash.digest('hex') !== expected.sha256) throw differs(destination, object);
    const handle = await open(partial, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw isUnreadable(error) ? differs(destination, object) : error;
  }
}

/** The disk of the copy gives its bytes no more. */
function isUnreadable(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && error.code === 'EIO' && 'syscall' in error && error.syscall === 'read'
  );
}

function differs({ name }: Destination, object: string): BelayError {
  return new BelayError('backup.corrupt', `${name} gave other bytes of ${object} than were stored there.`, {
    hint: 'Restore from another destination; `belay backup verify` tells which copies are good.',
    details: { destination: name, object },
  });
}
