import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { BelayError } from '@belay/core';

export interface BodyOptions {
  readonly contentEncoding: string | undefined;
  readonly contentLength: number;
  /** Largest size before and after decompression. */
  readonly limitBytes: number;
  /** Accounts for bytes that are now held in memory; throws when there is no room. */
  readonly takeBytes: (bytes: number) => void;
}

/** Reads a request body to its end and decompresses it; stops as soon as a limit is passed. */
export async function readBody(stream: Readable | undefined, options: BodyOptions): Promise<Uint8Array> {
  const { contentEncoding, contentLength, limitBytes, takeBytes } = options;
  if (contentLength > limitBytes) throw tooLarge(limitBytes, 'The body');
  if (stream === undefined || stream === null) return new Uint8Array(0);
  const decoder = decoderOf(contentEncoding);
  if (decoder === undefined) return collect(stream, { limitBytes, takeBytes, what: 'The body' });
  let compressed = 0;
  stream.on('data', (chunk: Buffer) => {
    compressed += chunk.length;
    if (compressed > limitBytes) decoder.destroy(tooLarge(limitBytes, 'The compressed body'));
  });
  stream.on('error', (error) => decoder.destroy(error));
  try {
    return await collect(stream.pipe(decoder), { limitBytes, takeBytes, what: 'The decompressed body' });
  } catch (error) {
    stream.unpipe(decoder);
    stream.resume();
    if (error instanceof BelayError) throw error;
    throw new BelayError(
      'request.malformed',
      `The body cannot be decompressed as "${contentEncoding}": ${String(error)}.`,
      {
        hint: 'Send the whole body, and a Content-Encoding that says how it is compressed.',
        cause: error,
      },
    );
  }
}

async function collect(
  stream: Readable,
  { limitBytes, takeBytes, what }: Pick<BodyOptions, 'limitBytes' | 'takeBytes'> & { readonly what: string },
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge(limitBytes, what);
    takeBytes(chunk.length);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, size);
}

/** Each chunk is a trip to another thread and back; a usual batch fits a few of this size. */
const CHUNK_BYTES = 128 * 1024;

type Decoder = ReturnType<typeof createGunzip>;

function decoderOf(contentEncoding: string | undefined): Decoder | ReturnType<typeof createZstdDecompress> | undefined {
  const name = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '') return undefined;
  if (name === 'gzip' || name === 'x-gzip') return createGunzip({ chunkSize: CHUNK_BYTES });
  if (name === 'deflate') return createInflate({ chunkSize: CHUNK_BYTES });
  if (name === 'zstd') return createZstdDecompress({ chunkSize: CHUNK_BYTES });
  if (name === 'br') return createBrotliDecompress({ chunkSize: CHUNK_BYTES });
  throw new BelayError('request.unsupported-media-type', `The content encoding "${name}" is not understood.`, {
    hint: 'Use gzip, deflate, zstd, br or none.',
  });
}

function tooLarge(limitBytes: number, what: string): BelayError {
  return new BelayError('request.too-large', `${what} is larger than ${limitBytes} bytes.`, {
    hint: 'Send smaller batches.',
    details: { limitBytes },
  });
}
