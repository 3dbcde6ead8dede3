import { createUtf8Decoder } from '../otlp/utf8.ts';
import { invariant } from '@belay/core';
import type { AttributeColumns } from './attribute-columns.ts';
import { valueAt } from './attribute-columns.ts';
import type { TextColumn } from './byte-dictionary.ts';

import type { LogColumns } from './log-columns.ts';
import type { SpanColumns } from './span-columns.ts';

/** A row as columns tell it, with names of its own so that a test can write what it wants. */
export type PlainRow = Readonly<Record<string, unknown>>;

/** Rows of span columns; throws when columns are not equally long or point outside. */
export function spanRowsOf(spans: SpanColumns | undefined): PlainRow[] {
  if (spans === undefined) return [];
  const { rows } = spans;
  const attributes = attributesOf(spans.keys, spans.attributes);
  const eventAttributes = attributesOf(spans.keys, spans.eventAttributes);
  const messages = stringsOf(spans.statusMessage);
  const names = textsOf(spans.name);
  const scopes = textsOf(spans.scope);
  const eventNames = textsOf(spans.eventName);
  const singles = [spans.kind, spans.status, spans.isUnit, spans.isError, spans.httpStatus, spans.eventCounts];
  const lengths = [...singles, spans.linkCounts, spans.resource, attributes, messages, names, scopes];
  for (const column of [...lengths, spans.route.indices, spans.flagKey.indices, spans.variant.indices]) {
    invariant(column.length === rows, `a column has ${column.length} rows instead of ${rows}`);
  }
  let event = 0;
  let link = 0;
  const all = Array.from({ length: rows }, (_, row): PlainRow => {
    const events = Array.from({ length: spans.eventCounts[row] ?? 0 }, () => {
      event += 1;
      return [longAt(spans.eventTime, event - 1), eventNames[event - 1], eventAttributes[event - 1]];
    });
    const links = Array.from({ length: spans.linkCounts[row] ?? 0 }, () => {
      link += 1;
      return [hexAt(spans.linkTraceId, link - 1, 16), hexAt(spans.linkSpanId, link - 1, 8)];
    });
    return {
      scope: scopes[row],
      time: longAt(spans.time, row),
      duration: longAt(spans.duration, row),
      traceId: hexAt(spans.traceId, row, 16),
      spanId: hexAt(spans.spanId, row, 8),
      parentId: hexAt(spans.parentId, row, 8),
      name: names[row],
      kind: spans.kind[row],
      status: spans.status[row],
      statusMessage: messages[row],
      attributes: attributes[row],
      events,
      links,
    };
  });
  invariant(event === eventNames.length && event === eventAttributes.length, `${event} events are all there are`);
  invariant(8 * link === spans.linkSpanId.length, `${link} links are all there are`);
  return all;
}

/** Rows of log columns; throws when columns are not equally long or point outside. */
export function logRowsOf(logs: LogColumns | undefined): PlainRow[] {
  if (logs === undefined) return [];
  const { rows } = logs;
  const attributes = attributesOf(logs.keys, logs.attributes);
  const bodies = stringsOf(logs.body);
  const [scopes, severityTexts, eventNames] = [logs.scope, logs.severityText, logs.eventName].map(textsOf);
  for (const column of [attributes, bodies, logs.severity, logs.resource, logs.flagKey.indices, logs.variant.indices]) {
    invariant(column.length === rows, `a column has ${column.length} rows instead of ${rows}`);
  }
  return Array.from({ length: rows }, (_, row): PlainRow => ({
    scope: scopes?.[row],
    time: longAt(logs.time, row),
    traceId: hexAt(logs.traceId, row, 16),
    spanId: hexAt(logs.spanId, row, 8),
    severity: logs.severity[row],
    severityText: severityTexts?.[row],
    eventName: eventNames?.[row],
    body: bodies[row],
    attributes: attributes[row],
  }));
}

function attributesOf(keys: readonly string[], columns: AttributeColumns): string[][] {
  const values = stringsOf(columns.values);
  invariant(values.length === columns.keys.length, 'each key has a value');
  let at = 0;
  const items = Array.from(columns.counts, (count) => {
    const flat = Array.from({ length: count }, (_, i) => [keys[columns.keys[at + i] ?? 0] ?? '', values[at + i] ?? '']);
    at += count;
    return flat.flat();
  });
  invariant(at === values.length, `${at} attributes are all there are`);
  return items;
}

function stringsOf(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const { start, end } = valueAt({ bytes, length: bytes.length }, at);
    invariant(end <= bytes.length, 'a string ends within its column');
    texts.push(createUtf8Decoder().decode(bytes.subarray(start, end)));
    at = end;
  }
  return texts;
}

function textsOf({ texts, indices }: TextColumn): string[] {
  return Array.from(indices, (index) => {
    invariant(index < texts.length, 'an index points at a text');
    return texts[index] ?? '';
  });
}

function longAt(words: Uint32Array, row: number): bigint {
  return (BigInt(words[2 * row + 1] ?? 0) << 32n) | BigInt(words[2 * row] ?? 0);
}

function hexAt(bytes: Uint8Array, row: number, size: number): string {
  const own = bytes.subarray(size * row, size * row + size);
  invariant(own.length === size, 'ids are as long as they must be');
  return Array.from(own, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
