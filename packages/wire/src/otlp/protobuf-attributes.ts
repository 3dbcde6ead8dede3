import { type AttributeValue, textOfBytes, textOfValue } from './attribute-value.ts';
import type { DecodeBudget } from './decode-budget.ts';
import {
  malformed,
  type ProtobufCursor,
  readBytes,
  readDouble,
  readInt64,
  readMessage,
  readVarint,
} from './protobuf-cursor.ts';
import type { TextReader } from './text-reader.ts';

/** What every protobuf reader of one request shares. */
export interface ProtobufContext {
  readonly cursor: ProtobufCursor;
  readonly budget: DecodeBudget;
  readonly text: TextReader;
}

/** Reads one KeyValue and appends it to flat attributes; beyond the limit it is cut and told. */
export function readAttribute(context: ProtobufContext, attributes: string[], field: string): void {
  const { cursor, budget } = context;
  budget.takeNode();
  if (attributes.length < 2 * budget.limits.attributes && readTextAttribute(context, attributes, field)) return;
  let key = '';
  let value: AttributeValue = null;
  readMessage(cursor, field, (number) => {
    if (number === 1) key = context.text(cursor, `${field}.key`);
    else if (number === 2) value = readAnyValue(context, `${field}.value`, 1);
    else return false;
    return true;
  });
  if (attributes.length >= 2 * budget.limits.attributes) {
    budget.warn(`${field} beyond the first ${budget.limits.attributes} of an item were cut`);
    return;
  }
  attributes.push(key, budget.text(textOfValue(value), `${field}.value`));
}

/**
 * The shape that nearly every attribute has, a key of less than 128 bytes and then a text, read without the general
 * reader. Anything else leaves the cursor where it was and returns false.
 */
function readTextAttribute(context: ProtobufContext, attributes: string[], field: string): boolean {
  const { cursor } = context;
  const { bytes, at, end } = cursor;
  const length = bytes[at] ?? 0x80;
  const stop = at + 1 + length;
  if (length >= 0x80 || stop > end || bytes[at + 1] !== 0x0a) return false;
  const value = at + 3 + (bytes[at + 2] ?? 0x80);
  // The value's text has to fill the value, and the value the rest of the attribute.
  const isText = bytes[value] === 0x12 && bytes[value + 2] === 0x0a;
  if (!isText || value + 2 + (bytes[value + 1] ?? 0) !== stop || value + 4 + (bytes[value + 3] ?? 0) !== stop)
    return false;
  cursor.at = at + 2;
  const key = context.text(cursor, field);
  cursor.at = value + 3;
  attributes.push(key, context.text(cursor, field));
  return true;
}

/** Reads an AnyValue; of several values set, the last one counts. */
export function readAnyValue(context: ProtobufContext, field: string, depth: number): AttributeValue {
  const { cursor, budget } = context;
  if (depth > budget.limits.depth) {
    throw malformed(cursor, field, `values are nested deeper than ${budget.limits.depth} levels`);
  }
  budget.takeNode();
  let value: AttributeValue = null;
  readMessage(cursor, field, (number) => {
    if (number === 1) value = context.text(cursor, field);
    else if (number === 2) value = readVarint(cursor, field) !== 0;
    else if (number === 3) value = compactInteger(readInt64(cursor, field));
    else if (number === 4) value = readDouble(cursor, field);
    else if (number === 5) value = readList(context, field, depth);
    else if (number === 6) value = readMap(context, field, depth);
    else if (number === 7) value = textOfBytes(readBytes(cursor, field).subarray(0, budget.limits.textLength));
    else return false;
    return true;
  });
  return value;
}

function readList(context: ProtobufContext, field: string, depth: number): AttributeValue {
  const list: AttributeValue[] = [];
  readMessage(context.cursor, field, (number) => {
    if (number !== 1) return false;
    list.push(readAnyValue(context, field, depth + 1));
    return true;
  });
  return list;
}

function readMap(context: ProtobufContext, field: string, depth: number): AttributeValue {
  const entries: [string, AttributeValue][] = [];
  readMessage(context.cursor, field, (number) => {
    if (number !== 1) return false;
    entries.push(readEntry(context, field, depth));
    return true;
  });
  return Object.fromEntries(entries);
}

function readEntry(context: ProtobufContext, field: string, depth: number): [string, AttributeValue] {
  context.budget.takeNode();
  let key = '';
  let value: AttributeValue = null;
  readMessage(context.cursor, field, (number) => {
    if (number === 1) key = context.text(context.cursor, field);
    else if (number === 2) value = readAnyValue(context, field, depth + 1);
    else return false;
    return true;
  });
  return [key, value];
}

function compactInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
