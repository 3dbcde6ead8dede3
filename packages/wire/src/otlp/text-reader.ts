import type { DecodeBudget } from './decode-budget.ts';
import { type ProtobufCursor, readVarint, skipBytes } from './protobuf-cursor.ts';
import { createUtf8Decoder } from './utf8.ts';

/** Reads UTF-8 strings of one request; invalid sequences become U+FFFD, as OTLP gateways do. */
export type TextReader = (cursor: ProtobufCursor, field: string) => string;

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
}

const CACHE_SLOTS = 4096;
const LONGEST_CACHED = 64;

/** Attribute keys and values repeat, so short strings are looked up by their bytes instead of decoded anew. */
export function createTextReader(budget: DecodeBudget): TextReader {
  const decoder = createUtf8Decoder();
  const cache = new Map<number, Entry>();
  return (cursor, field) => {
    const length = readVarint(cursor, field);
    if (length === 0) return '';
    const start = skipBytes(cursor, length, field);
    if (length > LONGEST_CACHED) {
      // Four bytes a character at most: what lies beyond cannot be within the limit, so it need not be decoded.
      const most = start + Math.min(length, 4 * budget.limits.textLength + 4);
      return budget.text(decoder.decode(cursor.bytes.subarray(start, most)), field);
    }
    const slot = hashOf(cursor.bytes, start, length) % CACHE_SLOTS;
    const entry = cache.get(slot);
    if (entry?.bytes.length === length && isAt(cursor.bytes, start, entry.bytes)) return entry.text;
    const bytes = cursor.bytes.subarray(start, start + length);
    const text = decoder.decode(bytes);
    cache.set(slot, { bytes, text });
    return text;
  };
}

function hashOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < start + length; i += 1) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function isAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i += 1) if (bytes[start + i] !== wanted[i]) return false;
  return true;
}
