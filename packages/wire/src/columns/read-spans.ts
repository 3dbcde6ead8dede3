import { readInt32, readVarint, skipBytes } from '../otlp/protobuf-cursor.ts';
import { readResourceScopes } from '../otlp/protobuf-resource.ts';
import { evaluationsOfSpans } from '../otlp/flag-evaluations.ts';
import type { EvaluationRow, ResourceFacts, SpanRow } from '../otlp/telemetry-batch.ts';
import { forgetValues } from './attribute-columns.ts';
import { appendRange, appendWord } from './byte-buffer.ts';
import {
  type FoundValues,
  nothingFound,
  pushTextRow,
  readFoundAttribute,
  readTime,
  type Time,
  withoutSecrets,
} from './item-reading.ts';
import { type ColumnContext, enterMessage, skipUnknown } from './read-key-value.ts';
import { emptySpanFields, finishSpan, pushFlag, type SpanFields, type SpanPlace, startSpan } from './span-row.ts';
import { offer } from './text-intake.ts';

const FIELD = 'spans';

/** Spans that tell of flags or exceptions, as rows, and the evaluations they tell of. */
export interface ToldSpans {
  readonly spans: readonly SpanRow[];
  readonly evaluations: readonly EvaluationRow[];
}

/** Reads an ExportTraceServiceRequest into columns. `given` takes the place of the resources that are in the request. */
export function readSpanColumns(
  context: ColumnContext,
  place: SpanPlace,
  given: readonly ResourceFacts[] = [],
): ToldSpans {
  const { cursor, intake } = context;
  const { draft } = place;
  const told: { spans: SpanRow[]; evaluations: EvaluationRow[] } = { spans: [], evaluations: [] };
  let sections = 0;
  let raw: ResourceFacts | undefined;
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, 'the trace request');
    if (tag !== 0x0a) {
      skipUnknown(cursor, tag, 'the trace request');
      continue;
    }
    readResourceScopes(context, 'resource_spans', (resource, scope) => {
      if (raw !== resource) {
        raw = resource;
        draft.resources.push(withoutSecrets(given[sections] ?? resource, intake));
      }
      const row = readSpan(context, place, scope);
      if (row === undefined) return;
      const evaluations = evaluationsOfSpans([row]);
      pushFlag(place, context, evaluations[0]);
      told.spans.push(row);
      told.evaluations.push(...evaluations);
    });
    sections += 1;
  }
  return told;
}

const fields: SpanFields = emptySpanFields();

function readSpan(context: ColumnContext, place: SpanPlace, scope: string): SpanRow | undefined {
  const { cursor, budget } = context;
  budget.takeItem();
  startSpan(place, fields);
  const outer = enterMessage(cursor, FIELD);
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, FIELD);
    if (tag === 0x4a) {
      readFoundAttribute(
        context,
        { draft: place.draft.attributes, found: fields.found, count: fields.attributes },
        'spans.attributes',
      );
      fields.attributes += 1;
    } else if (!readScalar(context, tag) && !readNested(context, place, tag)) skipUnknown(cursor, tag, FIELD);
  }
  cursor.end = outer;
  return finishSpan(context, place, { fields, scope });
}

function readScalar({ cursor }: ColumnContext, tag: number): boolean {
  if (tag === 0x0a) readRange(cursor, fields.traceId, 'spans.trace_id');
  else if (tag === 0x12) readRange(cursor, fields.spanId, 'spans.span_id');
  else if (tag === 0x22) readRange(cursor, fields.parentId, 'spans.parent_span_id');
  else if (tag === 0x2a) readRange(cursor, fields.name, 'spans.name');
  else if (tag === 0x30) fields.kind = readSmallInt(cursor, 'spans.kind');
  else if (tag === 0x39) readTime(cursor, fields.start, 'spans.start_time_unix_nano');
  else if (tag === 0x41) readTime(cursor, fields.stop, 'spans.end_time_unix_nano');
  else return false;
  return true;
}

function readNested(context: ColumnContext, place: SpanPlace, tag: number): boolean {
  if (tag === 0x5a) readEvent(context, place);
  else if (tag === 0x6a) readLink(context, place);
  else if (tag === 0x7a) readStatus(context);
  else return false;
  return true;
}

const eventFound: FoundValues = {
  route: -1,
  status: -1,
  oldStatus: -1,
  flag: -1,
  variant: -1,
  eventName: -1,
  isTold: false,
};
const eventTime: Time = { low: 0, high: 0 };
const eventName = { start: 0, end: 0 };

function readEvent(context: ColumnContext, { draft }: SpanPlace): void {
  const { cursor, budget, intake } = context;
  budget.takeNode();
  const isKept = fields.events < budget.limits.attributes;
  if (!isKept) {
    budget.cut(`spans.events beyond the first ${budget.limits.attributes} of a span were cut`);
  }
  const marks = { keys: draft.eventAttributes.keys.length, values: draft.eventAttributes.values.length };
  nothingFound(eventFound);
  eventTime.low = eventTime.high = eventName.start = eventName.end = 0;
  let count = 0;
  const outer = enterMessage(cursor, 'spans.events');
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, 'spans.events');
    if (tag === 0x09) readTime(cursor, eventTime, 'spans.events.time_unix_nano');
    else if (tag === 0x12) readRange(cursor, eventName, 'spans.events.name');
    else if (tag === 0x1a) {
      const at = { draft: draft.eventAttributes, found: eventFound, count };
      readFoundAttribute(context, at, 'spans.events.attributes');
      count += 1;
    } else skipUnknown(cursor, tag, 'spans.events');
  }
  cursor.end = outer;
  if (!isKept) {
    draft.eventAttributes.keys.length = marks.keys;
    draft.eventAttributes.values.length = marks.values;
    forgetValues(draft.eventAttributes);
    return;
  }
  fields.events += 1;
  if (eventFound.isTold) fields.found.isTold = true;
  appendWord(draft.eventTime, eventTime.low);
  appendWord(draft.eventTime, eventTime.high);
  offer(intake, cursor.bytes, eventName.start, eventName.end);
  pushTextRow(draft.eventName, intake, 'spans.events.name');
  appendWord(draft.eventAttributes.counts, draft.eventAttributes.keys.length - marks.keys);
}

function readLink({ cursor, budget }: ColumnContext, { draft }: SpanPlace): void {
  budget.takeNode();
  const trace = { start: 0, end: 0 };
  const span = { start: 0, end: 0 };
  const outer = enterMessage(cursor, 'spans.links');
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, 'spans.links');
    if (tag === 0x0a) readRange(cursor, trace, 'spans.links.trace_id');
    else if (tag === 0x12) readRange(cursor, span, 'spans.links.span_id');
    else skipUnknown(cursor, tag, 'spans.links');
  }
  cursor.end = outer;
  if (trace.end - trace.start !== 16 || span.end - span.start !== 8) {
    budget.warn('spans.links without a trace and span id were left out');
  } else if (fields.links >= budget.limits.attributes) {
    budget.cut(`spans.links beyond the first ${budget.limits.attributes} of a span were cut`);
  } else {
    fields.links += 1;
    appendRange(draft.linkTraceId, cursor.bytes, trace.start, trace.end);
    appendRange(draft.linkSpanId, cursor.bytes, span.start, span.end);
  }
}

function readStatus({ cursor }: ColumnContext): void {
  const outer = enterMessage(cursor, 'spans.status');
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, 'spans.status');
    if (tag === 0x12) readRange(cursor, fields.message, 'spans.status.message');
    else if (tag === 0x18) fields.status = readSmallInt(cursor, 'spans.status.code');
    else skipUnknown(cursor, tag, 'spans.status');
  }
  cursor.end = outer;
}

/** Reads an enum, nearly always one byte. */
function readSmallInt(cursor: ColumnContext['cursor'], field: string): number {
  const byte = cursor.bytes[cursor.at] ?? 0x80;
  if (byte >= 0x80 || cursor.at >= cursor.end) return readInt32(cursor, field);
  cursor.at += 1;
  return byte;
}

function readRange(cursor: ColumnContext['cursor'], range: { start: number; end: number }, field: string): void {
  const length = readVarint(cursor, field);
  range.start = skipBytes(cursor, length, field);
  range.end = cursor.at;
}
