import type { Redactor } from '@belay/core/redaction';
import { createDecodeBudget } from '../otlp/decode-budget.ts';
import type { DecodeLimits } from '../otlp/decode-limits.ts';
import { openProtobuf, type ProtobufCursor, readVarint, skipBytes } from '../otlp/protobuf-cursor.ts';
import type { ResourceFacts } from '../otlp/telemetry-batch.ts';
import { createTextReader } from '../otlp/text-reader.ts';
import { encodeUtf8 } from '../otlp/utf8.ts';
import { type AttributeDraft, keyRole, type KeyTable, valueAt } from './attribute-columns.ts';
import { appendWord, type WordBuffer } from './byte-buffer.ts';
import { type ByteRange, intern, isEntry } from './byte-dictionary.ts';
import { type ColumnContext, readKeyValue } from './read-key-value.ts';
import type { TextDraft } from './span-columns.ts';
import { admit, offer, openIntake, redactAdmitted, type TextIntake } from './text-intake.ts';

/** How requests are read into columns. */
export interface ColumnOptions {
  readonly limits: DecodeLimits;
  readonly redactor: Redactor;
  /** Server's clock when the request arrived, Unix ms. */
  readonly arrivedAtMs: number;
}

/** Times further ahead of the server's clock than this are set to the time of arrival, and the sender is told. */
export const AHEAD_MS = 600_000;

/** A 64-bit time as two words. */
export interface Time {
  low: number;
  high: number;
}

/** Where values that have a column of their own stand among the values of one item; -1 where there is none. */
export interface FoundValues {
  route: number;
  status: number;
  oldStatus: number;
  flag: number;
  variant: number;
  eventName: number;
  /** The item tells of flags or exceptions. */
  isTold: boolean;
}

/** Starts reading one request. */
export function openColumnContext(
  body: Uint8Array,
  keys: KeyTable,
  { limits, redactor }: ColumnOptions,
): ColumnContext {
  const budget = createDecodeBudget(limits);
  return {
    cursor: openProtobuf(body),
    budget,
    text: createTextReader(budget),
    intake: openIntake(budget, redactor),
    keys,
  };
}

/** Times from which on a time is in the future. */
export function futureBound(arrivedAtMs: number): bigint {
  return BigInt(Math.floor(arrivedAtMs + AHEAD_MS)) * 1_000_000n;
}

/** Whether an unsigned 64-bit number does not fit a signed one. */
export function isBeyondYear2262({ high }: Time): boolean {
  return high >= 0x8000_0000;
}

/** Reads a fixed64 as two words. Throws `request.malformed` at the end of the message. */
export function readTime(cursor: ProtobufCursor, time: Time, field: string): void {
  const at = skipBytes(cursor, 8, field);
  time.low = cursor.view.getUint32(at, true);
  time.high = cursor.view.getUint32(at + 4, true);
}

/** Pushes a time, or the time of arrival where it lies in the future; returns whether it does. */
export function pushTime(
  words: WordBuffer,
  { low, high }: Time,
  bound: { readonly from: Time; readonly instead: Time },
): boolean {
  const { from, instead } = bound;
  const isAhead = high > from.high || (high === from.high && low > from.low);
  appendWord(words, isAhead ? instead.low : low);
  appendWord(words, isAhead ? instead.high : high);
  return isAhead;
}

/** Two words of an unsigned 64-bit number. */
export function timeOf(ns: bigint): Time {
  return { low: Number(ns & 0xffff_ffffn), high: Number(ns >> 32n) };
}

/** The number that two words are. */
export function nsOf({ low, high }: Time): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Pushes the text at `intake.admitted` as a row of a text column, without its secrets. */
export function pushTextRow({ dictionary, indices }: TextDraft, intake: TextIntake, field: string): void {
  const before = indices.length === 0 ? 0 : (indices.words[indices.length - 1] ?? 0);
  if (isEntry(dictionary, before, intake.admitted)) {
    appendWord(indices, before);
    return;
  }
  admit(intake, field);
  redactAdmitted(intake);
  appendWord(indices, intern(dictionary, intake.admitted));
}

/** Offers the bytes of the length-delimited field at the cursor. */
export function offerField(cursor: ProtobufCursor, intake: TextIntake, field: string): void {
  const length = readVarint(cursor, field);
  const start = skipBytes(cursor, length, field);
  offer(intake, cursor.bytes, start, cursor.at);
}

/** Offers the UTF-8 bytes of a text. */
export function offerText(intake: TextIntake, text: string): void {
  const bytes = encodeUtf8(text);
  offer(intake, bytes, 0, bytes.length);
}

/** Forgets what was found in the item before. */
export function nothingFound(found: FoundValues): void {
  found.route = found.status = found.oldStatus = found.flag = found.variant = found.eventName = -1;
  found.isTold = false;
}

/** Reads an attribute of an item and notes where its value stands if there is a column for it. */
export function readFoundAttribute(
  context: ColumnContext,
  { draft, found, count }: { readonly draft: AttributeDraft; readonly found: FoundValues; readonly count: number },
  field: string,
): void {
  const at = draft.values.length;
  const key = readKeyValue(context, draft, count, field);
  const role = key < 0 ? 0 : (context.keys.roles[key] ?? 0);
  if (role !== 0) noteFound(found, role, at);
}

/** Notes where the value of a key with a role stands; the first one counts. */
export function noteFound(found: FoundValues, role: number, at: number): void {
  if ((role & keyRole.told) !== 0) found.isTold = true;
  if ((role & keyRole.route) !== 0 && found.route < 0) found.route = at;
  if ((role & keyRole.status) !== 0 && found.status < 0) found.status = at;
  if ((role & keyRole.oldStatus) !== 0 && found.oldStatus < 0) found.oldStatus = at;
  if ((role & keyRole.eventName) !== 0 && found.eventName < 0) found.eventName = at;
  if ((role & keyRole.flag) !== 0 && found.flag < 0) found.flag = at;
  if ((role & keyRole.variant) !== 0 && found.variant < 0) found.variant = at;
}

/** Pushes a value that was found among an item's attributes, already without its secrets; empty where there is none. */
export function pushFound({ dictionary, indices }: TextDraft, draft: AttributeDraft, at: number): void {
  if (at < 0) {
    appendWord(indices, 0);
    return;
  }
  const range: ByteRange = { bytes: draft.values.bytes, ...valueAt(draft.values, at) };
  const before = indices.length === 0 ? 0 : (indices.words[indices.length - 1] ?? 0);
  appendWord(indices, isEntry(dictionary, before, range) ? before : intern(dictionary, range));
}

/** The resource as it is stored: its attributes without secrets. */
export function withoutSecrets(resource: ResourceFacts, { redactor, redacted }: TextIntake): ResourceFacts {
  const attributes: string[] = [];
  for (let i = 0; i + 1 < resource.attributes.length; i += 2) {
    const key = resource.attributes[i] ?? '';
    attributes.push(key, redactor.attribute(key, resource.attributes[i + 1] ?? '', redacted));
  }
  return { ...resource, attributes };
}
