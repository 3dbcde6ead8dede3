import { createHash, randomInt } from 'node:crypto';
import { open } from 'node:fs/promises';
import { BelayError, isBelayError } from '@belay/core';
import type { Destination } from './destination.ts';

/** How it was found out that a destination holds what it was given. */
export type ProofMethod = 'read-back' | 'samples';

/** Whether a destination holds an object. Only `verified` may ever be shown as good. */
export type CopyProof =
  | { readonly outcome: 'verified'; readonly method: ProofMethod }
  /** Nobody can say: the credentials may write but not read, or the destination did not answer. */
  | { readonly outcome: 'unverified'; readonly reason: string }
  | { readonly outcome: 'missing' | 'corrupt'; readonly reason: string };

export interface ExpectedObject {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** The file it was made from, if it is still there; samples are compared with it. */
  readonly localFile?: string | undefined;
}

export interface ProveOptions {
  readonly signal?: AbortSignal | undefined;
  /** `full` reads every byte whatever the size (the weekly scrub); `upload` samples above {@link READ_BACK_BYTES}. */
  readonly depth: 'upload' | 'full';
  readonly readBackBytes?: number | undefined;
}

/** Up to this size every upload is read back whole: a server that lies can echo a checksum, but not the bytes. */
export const READ_BACK_BYTES = 256 * 2 ** 20;
const SAMPLES = 16;
const SAMPLE_BYTES = 256 * 2 ** 10;

/** Asks a destination for what it was given. Rejects only when `signal` is aborted. */
export async function proveCopy(
  destination: Destination,
  object: string,
  expected: ExpectedObject,
  options: ProveOptions,
): Promise<CopyProof> {
  try {
    return await prove({ destination, object, expected, options });
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    if (isBelayError(error) && error.code === 'backup.object-missing')
      return { outcome: 'missing', reason: error.message };
    if (isBelayError(error) && error.code === 'backup.corrupt') return { outcome: 'corrupt', reason: error.message };
    return { outcome: 'unverified', reason: error instanceof Error ? error.message : 'unknown failure' };
  }
}

interface Proving {
  readonly destination: Destination;
  readonly object: string;
  readonly expected: ExpectedObject;
  readonly options: ProveOptions;
}

async function prove({ destination, object, expected, options }: Proving): Promise<CopyProof> {
  const { signal, depth } = options;
  const found = await destination.stat(object, { signal });
  if (found === null) return { outcome: 'missing', reason: `${destination.name} has no ${object}.` };
  if (found.bytes !== expected.bytes)
    return wrong(destination, `holds ${found.bytes} bytes of ${object}, not ${expected.bytes}`);
  if (found.sha256 !== null && found.sha256 !== expected.sha256)
    return wrong(destination, `tells another checksum of ${object}`);
  const local = expected.localFile;
  if (depth === 'full' || expected.bytes <= (options.readBackBytes ?? READ_BACK_BYTES) || local === undefined) {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of await destination.read(object, { signal })) {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes > expected.bytes) break;
    }
    if (bytes !== expected.bytes) return wrong(destination, `gave ${bytes} bytes of ${object}, not ${expected.bytes}`);
    if (hash.digest('hex') !== expected.sha256) return wrong(destination, `gave other bytes of ${object}`);
    return { outcome: 'verified', method: 'read-back' };
  }
  await compareSamples({ destination, object, expected, options }, local);
  return { outcome: 'verified', method: 'samples' };
}

/** First, last and random ranges: truncation, a lost part of a large upload, and swapped parts show. */
async function compareSamples({ destination, object, expected, options }: Proving, localFile: string): Promise<void> {
  const last = expected.bytes - SAMPLE_BYTES;
  const middle = Array.from({ length: SAMPLES - 2 }, (_, index) => {
    const from = Math.floor((last * index) / (SAMPLES - 2));
    return from + randomInt(Math.max(1, Math.floor(last / (SAMPLES - 2))));
  });
  const file = await open(localFile, 'r');
  try {
    for (const from of [0, ...middle, last]) {
      const wanted = Buffer.alloc(SAMPLE_BYTES);
      await file.read(wanted, 0, SAMPLE_BYTES, from);
      const range = { from, bytes: SAMPLE_BYTES };
      const given: Buffer[] = [];
      for await (const chunk of await destination.read(object, { range, signal: options.signal })) given.push(chunk);
      if (!Buffer.concat(given).equals(wanted))
        throw new BelayError('backup.corrupt', `${destination.name} gave other bytes of ${object} at ${from}.`);
    }
  } finally {
    await file.close();
  }
}

function wrong({ name }: Destination, what: string): CopyProof {
  return { outcome: 'corrupt', reason: `${name} ${what}.` };
}
