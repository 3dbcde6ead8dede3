import type { RedactionCounts, Redactor } from '@belay/core/redaction';
import type { DecodeBudget } from '../otlp/decode-budget.ts';
import { createUtf8Decoder, encodeUtf8 } from '../otlp/utf8.ts';
import { appendRange, appendVarint, type ByteBuffer } from './byte-buffer.ts';
import type { ByteRange } from './byte-dictionary.ts';
import { cutAt, isUtf8 } from './utf8-check.ts';

/** What texts pass on their way into columns. */
export interface TextIntake {
  readonly budget: DecodeBudget;
  readonly redactor: Redactor;
  /** How often each rule took something out of this request. */
  readonly redacted: RedactionCounts;
  /** The text on its way: first as it was offered, then as it will be stored. */
  readonly admitted: ByteRange;
}

/** Texts shorter than this hold no secret that a rule would find. */
const SHORTEST_SECRET = 5;
const decoder = createUtf8Decoder();

/** Starts the intake of one request. */
export function openIntake(budget: DecodeBudget, redactor: Redactor): TextIntake {
  return { budget, redactor, redacted: new Map(), admitted: { bytes: new Uint8Array(0), start: 0, end: 0 } };
}

/** Sets the range that is to be stored. */
export function offer({ admitted }: TextIntake, bytes: Uint8Array, start: number, end: number): void {
  admitted.bytes = bytes;
  admitted.start = start;
  admitted.end = end;
}

/**
 * Settles what is stored of the text in `intake.admitted`: cut to the limit, with U+FFFD for what is not UTF-8. Returns
 * true when it is the very bytes that were offered.
 */
export function admit({ admitted, budget }: TextIntake, field: string): boolean {
  const { bytes, start, end } = admitted;
  let seen = 0;
  for (let i = start; i < end; i += 1) seen |= bytes[i] ?? 0;
  const isLong = end - start > budget.limits.textLength;
  if (seen < 0x80 && !isLong) return true;
  if (isLong) {
    budget.cut(`${field} was cut to ${budget.limits.textLength} bytes`);
    admitted.end = cutAt(bytes, start, budget.limits.textLength);
  }
  if (isUtf8(bytes, start, admitted.end)) return !isLong;
  budget.warn(`${field} is not valid UTF-8; what is not was replaced by U+FFFD`);
  replaceAdmitted(admitted, decoder.decode(bytes.subarray(start, admitted.end)));
  return false;
}

/** Takes secrets out of what {@link admit} settled on; returns true when there was nothing to take out. */
export function redactAdmitted({ admitted, redactor, redacted }: TextIntake): boolean {
  const { bytes, start, end } = admitted;
  if (end - start < SHORTEST_SECRET || !redactor.mayHoldSecret(bytes, start, end)) return true;
  const text = decoder.decode(bytes.subarray(start, end));
  const clean = redactor.text(text, redacted);
  if (clean === text) return true;
  replaceAdmitted(admitted, clean);
  return false;
}

function replaceAdmitted(admitted: ByteRange, text: string): void {
  admitted.bytes = encodeUtf8(text);
  admitted.start = 0;
  admitted.end = admitted.bytes.length;
}

/** Appends what was settled on as ClickHouse writes a String: its length, then its bytes. */
export function appendAdmitted(values: ByteBuffer, { admitted }: TextIntake): void {
  appendVarint(values, admitted.end - admitted.start);
  appendRange(values, admitted.bytes, admitted.start, admitted.end);
}

/** Appends a text that needs no check. */
export function appendText(values: ByteBuffer, text: string): void {
  const bytes = encodeUtf8(text);
  appendVarint(values, bytes.length);
  appendRange(values, bytes, 0, bytes.length);
}
