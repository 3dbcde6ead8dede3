/** Bytes appended one after the other; the array grows and is kept for the next request. */
export interface ByteBuffer {
  bytes: Uint8Array;
  length: number;
}

/** 32-bit numbers appended one after the other. */
export interface WordBuffer {
  words: Uint32Array;
  length: number;
}

const FIRST_BYTES = 4096;
/** What a request of unusual size made grow beyond this is given back. */
const KEPT_BYTES = 4 * 2 ** 20;
/** Below this, a loop is faster than a call into the runtime. */
const SHORT = 40;

/** Starts an empty buffer of bytes. */
export function createByteBuffer(): ByteBuffer {
  return { bytes: new Uint8Array(FIRST_BYTES), length: 0 };
}

/** Starts an empty buffer of 32-bit numbers. */
export function createWordBuffer(): WordBuffer {
  return { words: new Uint32Array(FIRST_BYTES / 4), length: 0 };
}

/** Empties a buffer for the next request. */
export function clearBytes(buffer: ByteBuffer): void {
  if (buffer.bytes.length > KEPT_BYTES) buffer.bytes = new Uint8Array(FIRST_BYTES);
  buffer.length = 0;
}

/** Empties a buffer for the next request. */
export function clearWords(buffer: WordBuffer): void {
  if (buffer.words.length > KEPT_BYTES / 4) buffer.words = new Uint32Array(FIRST_BYTES / 4);
  buffer.length = 0;
}

/** Makes room for `count` more bytes. */
export function reserveBytes(buffer: ByteBuffer, count: number): void {
  if (buffer.length + count <= buffer.bytes.length) return;
  const larger = new Uint8Array(Math.max(2 * buffer.bytes.length, buffer.length + count));
  larger.set(buffer.bytes.subarray(0, buffer.length));
  buffer.bytes = larger;
}

/** Appends one byte, 0 to 255. */
export function appendByte(buffer: ByteBuffer, value: number): void {
  reserveBytes(buffer, 1);
  buffer.bytes[buffer.length] = value;
  buffer.length += 1;
}

/** Appends `source[start, end)`. */
export function appendRange(buffer: ByteBuffer, source: Uint8Array, start: number, end: number): void {
  const count = end - start;
  reserveBytes(buffer, count);
  const { bytes, length } = buffer;
  if (count <= SHORT) for (let i = 0; i < count; i += 1) bytes[length + i] = source[start + i] ?? 0;
  else bytes.set(source.subarray(start, end), length);
  buffer.length = length + count;
}

/** Appends `count` zeros. */
export function appendZeros(buffer: ByteBuffer, count: number): void {
  reserveBytes(buffer, count);
  buffer.bytes.fill(0, buffer.length, buffer.length + count);
  buffer.length += count;
}

/** Appends a length as ClickHouse and protobuf write it. */
export function appendVarint(buffer: ByteBuffer, value: number): void {
  reserveBytes(buffer, 5);
  let rest = value;
  while (rest >= 128) {
    buffer.bytes[buffer.length] = (rest & 127) | 128;
    buffer.length += 1;
    rest >>>= 7;
  }
  buffer.bytes[buffer.length] = rest;
  buffer.length += 1;
}

/** Appends one unsigned 32-bit number. */
export function appendWord(buffer: WordBuffer, value: number): void {
  if (buffer.length === buffer.words.length) {
    const larger = new Uint32Array(2 * buffer.words.length);
    larger.set(buffer.words);
    buffer.words = larger;
  }
  buffer.words[buffer.length] = value;
  buffer.length += 1;
}

/** A copy of what was written. */
export function takeBytes(buffer: ByteBuffer): Uint8Array {
  return buffer.bytes.slice(0, buffer.length);
}

/** A copy of what was written. */
export function takeWords(buffer: WordBuffer): Uint32Array {
  return buffer.words.slice(0, buffer.length);
}
