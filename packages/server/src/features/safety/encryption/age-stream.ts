import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { BelayError } from '@belay/core';
import { Decrypter, Encrypter } from 'age-encryption';

// The age format, https://age-encryption.org/v1: a text header with the wrapped file key, a nonce of 16 bytes, then pieces
// of 64 KiB under ChaCha20-Poly1305 with a counter and a flag for the last. The header is the library's work; the pieces
// are ours, because OpenSSL encrypts them many times faster than JavaScript does.
const CHUNK = 64 * 1024;
const TAG = 16;
const NONCE = 16;
/** A header has a line or two for each recipient; more than this is not a header. */
const HEADER_BYTES = 64 * 1024;

/** A stage of a pipeline. */
export type ByteStage = (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Buffer>;

/** Encrypts a stream of any length for the recipients; memory: one piece. Reads as `age -d` says. */
export function ageEncrypt(recipients: readonly string[]): ByteStage {
  return async function* encrypt(source) {
    const { header, fileKey } = await newHeader(recipients);
    const nonce = randomBytes(NONCE);
    yield Buffer.concat([header, nonce]);
    const seal = createSealer(payloadKey(fileKey, nonce));
    // The last piece has a flag, so a full one waits until it is known whether more comes.
    let waiting: Buffer | null = null;
    for await (const piece of pieces(source, CHUNK)) {
      if (waiting !== null) yield seal(waiting, false);
      waiting = piece;
    }
    yield seal(waiting ?? Buffer.alloc(0), true);
  };
}

/**
 * Decrypts a stream. Rejects with `backup.key-wrong` when it was encrypted for others, and with `backup.corrupt` when
 * anything was changed or cut off: every piece is authenticated before it is given out.
 */
export function ageDecrypt(identities: readonly string[]): ByteStage {
  return async function* decrypt(source) {
    const reader = createReader(source);
    const fileKey = await fileKeyOf(await readHeader(reader), identities);
    const nonce = await reader.take(NONCE);
    if (nonce.length < NONCE) throw cutOff();
    const open = createOpener(payloadKey(fileKey, nonce));
    let waiting: Buffer | null = null;
    for await (const piece of pieces(reader.rest(), CHUNK + TAG)) {
      if (waiting !== null) yield open(waiting, false);
      waiting = piece;
    }
    if (waiting === null) throw cutOff();
    const last = open(waiting, true);
    if (last.length > 0) yield last;
  };
}

async function newHeader(
  recipients: readonly string[],
): Promise<{ readonly header: Buffer; readonly fileKey: Buffer }> {
  const encrypter = new Encrypter();
  let fileKey: Buffer | undefined;
  for (const recipient of recipients) addRecipient(encrypter, recipient);
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = Buffer.from(key);
      return [];
    },
  });
  const empty = Buffer.from(await encrypter.encrypt(new Uint8Array(0)));
  if (recipients.length === 0 || fileKey === undefined)
    throw new BelayError('config.invalid', 'Encrypting needs at least one recipient.', {
      hint: 'Name an age recipient under backups.recipients.',
    });
  // What follows the header of an empty file is a nonce and the tag of an empty piece.
  return { header: empty.subarray(0, empty.length - NONCE - TAG), fileKey };
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new BelayError('config.invalid', `"${recipient.slice(0, 80)}" is not an age recipient.`, {
      hint: 'Recipients begin with "age1" and are printed by `age-keygen -y`.',
      cause,
    });
  }
}

async function fileKeyOf(header: Buffer, identities: readonly string[]): Promise<Buffer> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return Buffer.from(await decrypter.decryptHeader(header));
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes('no identity matched'))
      throw new BelayError('backup.key-wrong', 'None of the given keys opens this backup.', {
        hint: 'Use the recovery kit of the Belay that made it. The manifest names the recipients.',
        cause,
      });
    throw new BelayError('backup.corrupt', 'The header of the encrypted backup is damaged.', {
      hint: 'Use the copy at another destination.',
      cause,
    });
  }
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** Nonces of pieces: a counter of 11 bytes, then 1 for the last piece and 0 for others. */
function createCounter(): (isLast: boolean) => Buffer {
  let count = 0;
  return (isLast) => {
    const nonce = Buffer.alloc(12);
    nonce.writeUIntBE(count, 5, 6);
    nonce[11] = isLast ? 1 : 0;
    count += 1;
    return nonce;
  };
}

function createSealer(key: Buffer): (piece: Buffer, isLast: boolean) => Buffer {
  const next = createCounter();
  return (piece, isLast) => {
    const cipher = createCipheriv('chacha20-poly1305', key, next(isLast), { authTagLength: TAG });
    return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  };
}

function createOpener(key: Buffer): (piece: Buffer, isLast: boolean) => Buffer {
  const next = createCounter();
  let isFirst = true;
  return (piece, isLast) => {
    // Only an empty file ends with an empty piece.
    if (piece.length < TAG || (isLast && piece.length === TAG && !isFirst)) throw cutOff();
    isFirst = false;
    const cipher = createDecipheriv('chacha20-poly1305', key, next(isLast), { authTagLength: TAG });
    cipher.setAuthTag(piece.subarray(piece.length - TAG));
    try {
      return Buffer.concat([cipher.update(piece.subarray(0, piece.length - TAG)), cipher.final()]);
    } catch (cause) {
      throw new BelayError('backup.corrupt', 'The encrypted backup was changed or cut off.', {
        hint: 'Use the copy at another destination.',
        cause,
      });
    }
  };
}

function cutOff(): BelayError {
  return new BelayError('backup.corrupt', 'The encrypted backup was cut off.', {
    hint: 'Use the copy at another destination.',
  });
}

/** Cuts a stream into pieces of a size; the last may be shorter. */
async function* pieces(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < size) continue;
    const all = held.length === 1 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat(held);
    let from = 0;
    for (; from + size <= all.length; from += size) yield all.subarray(from, from + size);
    held = from < all.length ? [all.subarray(from)] : [];
    bytes = all.length - from;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

interface Reader {
  /** Fewer bytes at the end only. */
  take(bytes: number): Promise<Buffer>;
  rest(): AsyncGenerator<Buffer>;
}

function createReader(source: AsyncIterable<Uint8Array>): Reader {
  const iterator = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  return {
    async take(bytes) {
      while (held.length < bytes) {
        const { done, value } = await iterator.next();
        if (done === true) break;
        held = Buffer.concat([held, value]);
      }
      const taken = held.subarray(0, bytes);
      held = held.subarray(taken.length);
      return taken;
    },
    async *rest() {
      if (held.length > 0) yield held;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        yield Buffer.from(value.buffer, value.byteOffset, value.length);
      }
    },
  };
}

/** Through the line of the header's own MAC. */
async function readHeader(reader: Reader): Promise<Buffer> {
  const first = await readLine(reader, HEADER_BYTES);
  if (first.toString('latin1') !== 'age-encryption.org/v1\n') throw noHeader('This is not an age file.');
  const lines = [first];
  for (let left = HEADER_BYTES - first.length; left > 0;) {
    const line = await readLine(reader, left);
    lines.push(line);
    left -= line.length;
    if (line.subarray(0, 4).toString('latin1') === '--- ') return Buffer.concat(lines);
    if (line.length === 0) break;
  }
  throw noHeader('The header of the encrypted backup is damaged.');
}

function noHeader(message: string): BelayError {
  return new BelayError('backup.corrupt', message, { hint: 'Use the copy at another destination.' });
}

async function readLine(reader: Reader, most: number): Promise<Buffer> {
  const bytes: Buffer[] = [];
  while (bytes.length < most) {
    const byte = await reader.take(1);
    if (byte.length === 0) break;
    bytes.push(byte);
    if (byte[0] === 10) break;
  }
  return Buffer.concat(bytes);
}
