import { BelayError } from '@belay/core';

/** A place in a protobuf message: the bytes from `at` up to `end` are still to be read. */
export interface ProtobufCursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  end: number;
}

/** Wire types that occur in OTLP; groups (3, 4) are refused. */
export const wireType = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const;

/** Opens a message. The bytes are not copied and must not change while rows that point into them live. */
export function openProtobuf(body: Uint8Array): ProtobufCursor {
  // A plain array: subclasses such as Buffer make every slice of an id several times dearer.
  const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return { bytes, view: new DataView(body.buffer, body.byteOffset, body.byteLength), at: 0, end: bytes.length };
}

/** Reads an unsigned varint that fits 53 bits; more is refused, as is one longer than ten bytes. */
export function readVarint(cursor: ProtobufCursor, field: string): number {
  const { bytes } = cursor;
  const first = bytes[cursor.at] ?? 0;
  if (first < 0x80 && cursor.at < cursor.end) {
    cursor.at += 1;
    return first;
  }
  let factor = 1;
  let value = 0;
  for (let count = 0; count < 10; count += 1) {
    if (cursor.at >= cursor.end) throw truncated(cursor, field);
    const byte = bytes[cursor.at] ?? 0;
    cursor.at += 1;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) throw malformed(cursor, field, `the number ${value} is too large`);
      return value;
    }
    factor *= 128;
  }
  throw malformed(cursor, field, 'a number is longer than ten bytes');
}

/** Reads a varint as a signed 64-bit integer (protobuf int64). */
export function readInt64(cursor: ProtobufCursor, field: string): bigint {
  let value = 0n;
  for (let count = 0n; count < 10n; count += 1n) {
    if (cursor.at >= cursor.end) throw truncated(cursor, field);
    const byte = cursor.bytes[cursor.at] ?? 0;
    cursor.at += 1;
    value |= BigInt(byte & 0x7f) << (7n * count);
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
  throw malformed(cursor, field, 'a number is longer than ten bytes');
}

/** Reads an enum or int32: a varint whose negative values take ten bytes. */
export function readInt32(cursor: ProtobufCursor, field: string): number {
  return Number(BigInt.asIntN(32, readInt64(cursor, field)));
}

/** Reads a zigzag varint (protobuf sint32). */
export function readSint32(cursor: ProtobufCursor, field: string): number {
  const raw = readVarint(cursor, field);
  if (raw > 0xffff_ffff) throw malformed(cursor, field, `the number ${raw} does not fit 32 bits`);
  return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
}

/** Reads a fixed64 as an unsigned integer. */
export function readFixed64(cursor: ProtobufCursor, field: string): bigint {
  return cursor.view.getBigUint64(skipBytes(cursor, 8, field), true);
}

/** Reads an sfixed64 as a signed integer. */
export function readSfixed64(cursor: ProtobufCursor, field: string): bigint {
  return cursor.view.getBigInt64(skipBytes(cursor, 8, field), true);
}

/** Reads a double. */
export function readDouble(cursor: ProtobufCursor, field: string): number {
  return cursor.view.getFloat64(skipBytes(cursor, 8, field), true);
}

/** Reads the bytes of a length-delimited field, without copying them. */
export function readBytes(cursor: ProtobufCursor, field: string): Uint8Array {
  const length = readVarint(cursor, field);
  const start = skipBytes(cursor, length, field);
  return cursor.bytes.subarray(start, start + length);
}

/**
 * Reads a length-delimited message by calling `readField` for each of its fields. `readField` returns false for a field
 * that it does not know; the field is then skipped, as protobuf asks.
 */
export function readMessage(
  cursor: ProtobufCursor,
  field: string,
  readField: (number: number, wire: number) => boolean,
): void {
  const outer = cursor.end;
  const length = readVarint(cursor, field);
  if (length > outer - cursor.at) throw truncated(cursor, field);
  cursor.end = cursor.at + length;
  readFields(cursor, field, readField);
  cursor.end = outer;
}

/** Reads fields up to the end of the cursor; see {@link readMessage}. */
export function readFields(
  cursor: ProtobufCursor,
  field: string,
  readField: (number: number, wire: number) => boolean,
): void {
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, field);
    const number = Math.floor(tag / 8);
    if (number === 0 || number > 0x1fff_ffff) throw malformed(cursor, field, `the field number ${number} is not valid`);
    if (!readField(number, tag % 8)) skipField(cursor, tag % 8, `${field} field ${number}`);
  }
}

/** Steps over a field of the given wire type. */
export function skipField(cursor: ProtobufCursor, wire: number, field: string): void {
  if (wire === wireType.varint) readInt64(cursor, field);
  else if (wire === wireType.fixed64) skipBytes(cursor, 8, field);
  else if (wire === wireType.length) skipBytes(cursor, readVarint(cursor, field), field);
  else if (wire === wireType.fixed32) skipBytes(cursor, 4, field);
  else throw malformed(cursor, field, `the wire type ${wire} is not used by OTLP`);
}

/** The error for bytes that are not the message they claim to be. */
export function malformed(cursor: ProtobufCursor, field: string, problem: string): BelayError {
  return new BelayError('request.malformed', `Cannot read ${field} at byte ${cursor.at}: ${problem}.`, {
    hint: 'Send an OTLP export request as protobuf, or as JSON with "Content-Type: application/json".',
    details: { field, offset: cursor.at },
  });
}

/** Steps over some bytes and returns where they began. */
export function skipBytes(cursor: ProtobufCursor, count: number, field: string): number {
  const start = cursor.at;
  if (count > cursor.end - start) throw truncated(cursor, field);
  cursor.at = start + count;
  return start;
}

function truncated(cursor: ProtobufCursor, field: string): BelayError {
  return malformed(cursor, field, `the message ends early (its last byte is ${cursor.end})`);
}
