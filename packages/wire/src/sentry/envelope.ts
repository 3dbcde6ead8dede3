import { BelayError } from '@belay/core';
import { createUtf8Decoder } from '../otlp/utf8.ts';
import type { JsonObject } from '../otlp/json-value.ts';
import type { SentryLimits } from './sentry-limits.ts';

/** One item of an envelope: its header and the bytes of its payload. */
export interface EnvelopeItem {
  readonly type: string;
  readonly header: JsonObject;
  readonly payload: Uint8Array;
}

/** An envelope in parts. `cut` says why reading stopped before the end; empty when everything was read. */
export interface Envelope {
  readonly header: JsonObject;
  readonly items: readonly EnvelopeItem[];
  readonly cut: string;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Reads an envelope: a line of JSON, then for each item a line of JSON and the payload, of `length` bytes where the item
 * says so and else up to the next line break. A header that is no JSON object is refused as `request.malformed`; an item
 * that cannot be read ends the reading, and what came before it counts.
 */
export function readEnvelope(bytes: Uint8Array, limits: SentryLimits): Envelope {
  const lines = createLineReader(bytes);
  const header = objectOf(lines.line(limits.headerBytes));
  if (header === undefined) throw notAnEnvelope();
  const items: EnvelopeItem[] = [];
  for (;;) {
    lines.skipEmpty();
    if (lines.isAtEnd()) return { header, items, cut: '' };
    if (items.length >= limits.items) return { header, items, cut: `more than ${limits.items} items` };
    const item = readItem(lines, limits);
    if (typeof item === 'string') return { header, items, cut: item };
    items.push(item);
  }
}

function readItem(lines: LineReader, limits: SentryLimits): EnvelopeItem | string {
  const header = objectOf(lines.line(limits.headerBytes));
  if (header === undefined) return 'an item whose header is not JSON';
  const type = header['type'];
  if (typeof type !== 'string') return 'an item without a type';
  const length = header['length'];
  if (length === undefined || length === null) return { type, header, payload: lines.line(Infinity) ?? NONE };
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0)
    return 'an item whose length is no size';
  const payload = lines.bytes(length);
  return payload === undefined ? 'an item that ends before its length' : { type, header, payload };
}

const NONE = new Uint8Array(0);

interface LineReader {
  /** Bytes up to the next line break or the end, without it; undefined when longer than `limit`. */
  line(limit: number): Uint8Array | undefined;
  /** That many bytes and the line break after them; undefined when there are fewer. */
  bytes(length: number): Uint8Array | undefined;
  skipEmpty(): void;
  isAtEnd(): boolean;
}

function createLineReader(bytes: Uint8Array): LineReader {
  let at = 0;
  return {
    line(limit) {
      const found = bytes.indexOf(NEWLINE, at);
      const end = found === -1 ? bytes.length : found;
      const line = bytes.subarray(at, bytes[end - 1] === RETURN && end > at ? end - 1 : end);
      at = Math.min(end + 1, bytes.length);
      return line.length > limit ? undefined : line;
    },
    bytes(length) {
      if (at + length > bytes.length) return undefined;
      const part = bytes.subarray(at, at + length);
      at += length;
      if (bytes[at] === RETURN) at += 1;
      if (bytes[at] === NEWLINE) at += 1;
      return part;
    },
    skipEmpty() {
      while (bytes[at] === NEWLINE || bytes[at] === RETURN) at += 1;
    },
    isAtEnd: () => at >= bytes.length,
  };
}

/** A JSON object of some bytes; undefined for anything else. */
export function objectOf(bytes: Uint8Array | undefined): JsonObject | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(createUtf8Decoder().decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

function notAnEnvelope(): BelayError {
  return new BelayError('request.malformed', 'The body is not an envelope: its first line is not a JSON object.', {
    hint: 'Send what a Sentry SDK sends: a line of JSON, then items.',
  });
}
