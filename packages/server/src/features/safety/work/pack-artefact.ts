import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { type Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { BelayError } from '@belay/core';
import { keepPartial } from '../../../platform/files/keep-partial.ts';
import type { TellProgress } from './work-jobs.ts';

export interface PackJob {
  readonly raw: string;
  readonly target: string;
  readonly level: number;
}

export interface PackedArtefact {
  readonly rawBytes: number;
  readonly rawSha256: string;
  readonly artefactBytes: number;
  readonly artefactSha256: string;
}

export interface UnpackJob {
  readonly artefact: string;
  /** Null: only read through, to prove that it can be. */
  readonly target: string | null;
  /** What the manifest says; more is refused before it fills the disk. */
  readonly rawBytes: number;
}

export interface UnpackedArtefact {
  readonly rawBytes: number;
  readonly rawSha256: string;
}

const CHUNK = 1 << 20;

/** Compresses a file with zstd, hashing both sides on the way. The target appears whole and synced, or not at all. */
export async function packArtefact({ raw, target, level }: PackJob, tell: TellProgress): Promise<PackedArtefact> {
  const { size: total } = await stat(raw);
  return compressInto(createReadStream(raw, { highWaterMark: CHUNK }), { target, level, total }, tell);
}

/** The same for a stream, whose length nobody knows before. */
export async function compressInto(
  source: Readable,
  { target, level, total }: { readonly target: string; readonly level: number; readonly total: number },
  tell: TellProgress,
): Promise<PackedArtefact> {
  const raw = createMeter((done) => tell({ done, total: Math.max(done, total) }));
  const artefact = createMeter();
  // No ZSTD_c_nbWorkers: Node's stream then fails now and then with "push() after EOF".
  const compress = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    chunkSize: CHUNK,
  });
  const partial = `${target}.partial`;
  try {
    const file = createWriteStream(partial, { mode: 0o600, highWaterMark: CHUNK });
    await pipeline(source, raw.stream, compress, artefact.stream, file);
    await keepPartial(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return {
    rawBytes: raw.bytes(),
    rawSha256: raw.sha256(),
    artefactBytes: artefact.bytes(),
    artefactSha256: artefact.sha256(),
  };
}

/** Decompresses an artefact, and says what was inside. */
export async function unpackArtefact(
  { artefact, target, rawBytes }: UnpackJob,
  tell: TellProgress,
): Promise<UnpackedArtefact> {
  const raw = createMeter((done) => {
    tell({ done, total: rawBytes });
    if (done > rawBytes) throw corrupt(`holds more than the ${rawBytes} bytes that its manifest says`);
  });
  const source = createReadStream(artefact, { highWaterMark: CHUNK });
  const partial = target === null ? null : `${target}.partial`;
  const sink = partial === null ? nowhere() : createWriteStream(partial, { mode: 0o600, highWaterMark: CHUNK });
  try {
    await pipeline(source, createZstdDecompress({ chunkSize: CHUNK }), raw.stream, sink);
    if (partial !== null && target !== null) await keepPartial(partial, target);
  } catch (error) {
    if (partial !== null) await rm(partial, { force: true });
    throw isZstdError(error) ? corrupt(`cannot be decompressed: ${error.message}`) : error;
  }
  return { rawBytes: raw.bytes(), rawSha256: raw.sha256() };
}

function isZstdError(error: unknown): error is Error {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return String(error.code).startsWith('ZSTD_') || error.code === 'Z_BUF_ERROR' || error.code === 'Z_DATA_ERROR';
}

function corrupt(what: string): BelayError {
  return new BelayError('backup.corrupt', `The artefact ${what}.`, {
    hint: 'Use the copy at another destination; `belay backup verify` names the good ones.',
  });
}

interface Meter {
  readonly stream: Transform;
  bytes(): number;
  sha256(): string;
}

function createMeter(onBytes: (bytes: number) => void = () => undefined): Meter {
  const hash: Hash = createHash('sha256');
  let bytes = 0;
  const stream = new Transform({
    highWaterMark: CHUNK,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      try {
        onBytes(bytes);
        done(null, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new BelayError('backup.failed', String(error)));
      }
    },
  });
  return { stream, bytes: () => bytes, sha256: () => hash.digest('hex') };
}

function nowhere(): Writable {
  return new Writable({ highWaterMark: CHUNK, write: (_chunk, _encoding, done) => done() });
}
