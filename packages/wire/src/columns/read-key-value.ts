import { textOfValue } from '../otlp/attribute-value.ts';
import { type ProtobufContext, readAnyValue } from '../otlp/protobuf-attributes.ts';
import { malformed, type ProtobufCursor, readVarint, skipBytes, skipField } from '../otlp/protobuf-cursor.ts';
import { type AttributeDraft, keyEntry, type KeyTable, pushPlainValue, pushTextValue } from './attribute-columns.ts';
import { offer, type TextIntake } from './text-intake.ts';
import { encodeUtf8 } from '../otlp/utf8.ts';

/** What readers of one request share. */
export interface ColumnContext extends ProtobufContext {
  readonly intake: TextIntake;
  readonly keys: KeyTable;
}

const NO_BYTES = new Uint8Array(0);
/** Keys of longest prefix before a varint could be a number beyond 32 bits. */
const SAFE_DIGITS = 4;

/** Narrows the cursor to the message that stands there with its length; returns the end to be put back afterwards. */
export function enterMessage(cursor: ProtobufCursor, field: string): number {
  const outer = cursor.end;
  const length = readVarint(cursor, field);
  if (length > outer - cursor.at) throw malformed(cursor, field, `the message ends early (its last byte is ${outer})`);
  cursor.end = cursor.at + length;
  return outer;
}

/** Steps over a field that is not known. */
export function skipUnknown(cursor: ProtobufCursor, tag: number, field: string): void {
  const number = Math.floor(tag / 8);
  if (number === 0 || number > 0x1fff_ffff) throw malformed(cursor, field, `the field number ${number} is not valid`);
  skipField(cursor, tag % 8, `${field} field ${number}`);
}

/** Where the parts of the KeyValue that was read last stand. */
const place = { keyStart: 0, keyEnd: 0, prefix: -1, valueStart: 0, valueEnd: 0 };

/**
 * Reads the KeyValue at the cursor as the `position`-th attribute of its item. Returns the key's entry, or -1 where it
 * was cut because there are too many.
 */
export function readKeyValue(context: ColumnContext, draft: AttributeDraft, position: number, field: string): number {
  const { cursor, budget, intake, keys } = context;
  budget.takeNode();
  locate(cursor, field);
  if (position >= budget.limits.attributes) {
    checkCutValue(context, field);
    budget.cut(`${field} beyond the first ${budget.limits.attributes} of an item were cut`);
    return -1;
  }
  offer(intake, cursor.bytes, place.keyStart, place.keyEnd);
  const key = keyEntry(keys, intake, position);
  pushValue(context, draft, key, field);
  return key;
}

function locate(cursor: ProtobufCursor, field: string): void {
  const outer = enterMessage(cursor, field);
  place.keyStart = place.keyEnd = cursor.at;
  place.prefix = -1;
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, field);
    if (tag === 0x0a) {
      const length = readVarint(cursor, field);
      place.keyStart = skipBytes(cursor, length, field);
      place.keyEnd = cursor.at;
    } else if (tag === 0x12) {
      place.prefix = cursor.at;
      const length = readVarint(cursor, field);
      place.valueStart = skipBytes(cursor, length, field);
      place.valueEnd = cursor.at;
    } else skipUnknown(cursor, tag, field);
  }
  cursor.end = outer;
}

function pushValue(context: ColumnContext, draft: AttributeDraft, key: number, field: string): void {
  const { cursor, intake, keys } = context;
  const { bytes } = cursor;
  const { prefix, valueStart, valueEnd } = place;
  const rule = keys.rules[key];
  if (prefix < 0 || valueStart === valueEnd) {
    offer(intake, NO_BYTES, 0, 0);
    pushTextValue(draft, intake, key, rule);
    return;
  }
  const text = textStart(bytes, valueStart, valueEnd);
  if (text >= 0) {
    offer(intake, bytes, text, valueEnd);
    pushTextValue(draft, intake, key, rule);
    return;
  }
  const small = rule === undefined ? smallInteger(bytes, valueStart, valueEnd) : -1;
  if (small >= 0) pushPlainValue(draft, key, String(small));
  else pushOther(context, draft, key, field);
}

/** Where the text of an AnyValue that is nothing but a text begins; -1 for any other. */
function textStart(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 0x0a) return -1;
  let length = 0;
  let at = start + 1;
  for (let shift = 0; shift < 28 && at < end; shift += 7) {
    const byte = bytes[at] ?? 0;
    at += 1;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at + length === end ? at : -1;
  }
  return -1;
}

/** An AnyValue that is nothing but a whole number below 2^28; -1 for any other. */
function smallInteger(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 0x18 || end - start - 1 > SAFE_DIGITS) return -1;
  let value = 0;
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << (7 * (at - start - 1));
    if (byte < 0x80) return at + 1 === end ? value : -1;
  }
  return -1;
}

/** Numbers, lists, maps and bytes, and whatever is written in an unusual way. */
function pushOther(context: ColumnContext, draft: AttributeDraft, key: number, field: string): void {
  const { intake, keys } = context;
  const bytes = encodeUtf8(textOfValue(readLocated(context, field)));
  offer(intake, bytes, 0, bytes.length);
  pushTextValue(draft, intake, key, keys.rules[key]);
}

/** A value that is cut is read all the same, so that a request which is malformed there is refused. */
function checkCutValue(context: ColumnContext, field: string): void {
  if (place.prefix >= 0) readLocated(context, field);
}

function readLocated(context: ColumnContext, field: string): ReturnType<typeof readAnyValue> {
  const { cursor } = context;
  const { at, end } = cursor;
  cursor.at = place.prefix;
  cursor.end = place.valueEnd;
  const value = readAnyValue(context, `${field}.value`, 1);
  cursor.at = at;
  cursor.end = end;
  return value;
}
