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
