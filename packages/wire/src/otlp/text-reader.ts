import type { DecodeBudget } from './decode-budget.ts';
import { type ProtobufCursor, readBytes } from './protobuf-cursor.ts';
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
  const cache: (Entry | undefined)[] = Array.from({ length: CACHE_SLOTS });
  return (cursor, field) => {
    const bytes = readBytes(cursor, field);
    if (bytes.length === 0) return '';
    if (bytes.length > LONGEST_CACHED) return decodeLong(decoder, bytes, { budget, field });
    const slot = hashOf(bytes) % CACHE_SLOTS;
    const entry = cache[slot];
    if (entry !== undefined && isEqual(entry.bytes, bytes)) return entry.text;
    const text = decoder.decode(bytes);
    cache[slot] = { bytes, text };
    return text;
  };
}

function decodeLong(
  decoder: ReturnType<typeof createUtf8Decoder>,
  bytes: Uint8Array,
  { budget, field }: { budget: DecodeBudget; field: string },
): string {
  // Four bytes a character at most: what lies beyond cannot be within the limit, so it need not be decoded.
  const text = decoder.decode(bytes.subarray(0, 4 * budget.limits.textLength + 4));
  return budget.text(text, field);
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
