import { createUtf8Decoder } from '../otlp/utf8.ts';
import type { ResourceFacts, SpanEvent, SpanLink, SpanRow } from '../otlp/telemetry-batch.ts';
import { flatTexts, forgetValues, pushPlainValue, valueAt } from './attribute-columns.ts';
import { appendByte, appendRange, appendWord, appendZeros, type ByteBuffer } from './byte-buffer.ts';
import { entryText, intern } from './byte-dictionary.ts';
import {
  type FoundValues,
  isBeyondYear2262,
  nothingFound,
  nsOf,
  offerText,
  pushFound,
  pushTextRow,
  pushTime,
  type Time,
} from './item-reading.ts';
import type { ColumnContext } from './read-key-value.ts';
import type { SpanDraft } from './span-columns.ts';
import { admit, appendAdmitted, offer, redactAdmitted } from './text-intake.ts';

/** A stretch of the request's bytes. */
interface Stretch {
  start: number;
  end: number;
}

/** The fields of the span that is being read; its attributes, events and links are in the draft already. */
export interface SpanFields {
  readonly traceId: Stretch;
  readonly spanId: Stretch;
  readonly parentId: Stretch;
  readonly name: Stretch;
  readonly message: Stretch;
  readonly start: Time;
  readonly stop: Time;
  readonly found: FoundValues;
  kind: number;
  status: number;
  attributes: number;
  events: number;
  links: number;
}

/** Where the rows of a request go. */
export interface SpanPlace {
  readonly draft: SpanDraft;
  /** Times after `from` are stored as `instead`. */
  readonly bound: { readonly from: Time; readonly instead: Time };
  /** Lengths of the draft's buffers when the span began. */
  readonly marks: {
    keys: number;
    values: number;
    events: number;
    eventKeys: number;
    eventValues: number;
    links: number;
    message: number;
  };
  scope: { text: string; entry: number };
  /** Rows whose time was in the future. */
  ahead: number;
}

const MAX_KIND = 5;
const MAX_STATUS = 2;
const decoder = createUtf8Decoder();

/** Fields of a span without any. */
export function emptySpanFields(): SpanFields {
  const stretch = (): Stretch => ({ start: 0, end: 0 });
  return {
    traceId: stretch(),
    spanId: stretch(),
    parentId: stretch(),
    name: stretch(),
    message: stretch(),
    start: { low: 0, high: 0 },
    stop: { low: 0, high: 0 },
    found: { route: -1, status: -1, oldStatus: -1, flag: -1, variant: -1, eventName: -1, isTold: false },
    kind: 0,
    status: 0,
    attributes: 0,
    events: 0,
    links: 0,
  };
}

/** Forgets the span before, and marks where this one begins. */
export function startSpan({ draft, marks }: SpanPlace, fields: SpanFields): void {
  for (const stretch of [fields.traceId, fields.spanId, fields.parentId, fields.name, fields.message]) {
    stretch.start = stretch.end = 0;
  }
  fields.start.low = fields.start.high = fields.stop.low = fields.stop.high = 0;
  fields.kind = fields.status = fields.attributes = fields.events = fields.links = 0;
  nothingFound(fields.found);
  marks.keys = draft.attributes.keys.length;
  marks.values = draft.attributes.values.length;
  marks.events = draft.eventTime.length / 2;
  marks.eventKeys = draft.eventAttributes.keys.length;
  marks.eventValues = draft.eventAttributes.values.length;
  marks.links = draft.linkSpanId.length / 8;
  marks.message = draft.statusMessage.length;
}

/** Completes the row, or takes back what was read of it. Returns the span as a row where it tells of something. */
export function finishSpan(
  context: ColumnContext,
  place: SpanPlace,
  { fields, scope }: { readonly fields: SpanFields; readonly scope: string },
): SpanRow | undefined {
  const problem = problemOf(context.cursor.bytes, fields);
  if (problem !== undefined) {
    context.budget.reject(problem);
    takeBack(place);
    return undefined;
  }
  const { draft } = place;
  pushIdentity(context, draft, fields);
  pushTimes(context, place, fields);
  pushTexts(context, place, { fields, scope });
  const httpStatus = httpStatusOf(draft, fields.found);
  appendWord(draft.httpStatus, httpStatus);
  appendByte(draft.kind, fields.kind);
  appendByte(draft.status, fields.status);
  const isRoot = fields.parentId.end - fields.parentId.start === 0 || isZero(context.cursor.bytes, fields.parentId);
  appendByte(draft.isUnit, fields.kind === 2 || fields.kind === 5 || (fields.kind < 2 && isRoot) ? 1 : 0);
  appendByte(draft.isError, fields.status === 2 || httpStatus >= 500 ? 1 : 0);
  appendWord(draft.attributes.counts, draft.attributes.keys.length - place.marks.keys);
  appendWord(draft.eventCounts, fields.events);
  appendWord(draft.linkCounts, fields.links);
  if (!fields.found.isTold) {
    appendWord(draft.flagKey.indices, 0);
    appendWord(draft.variant.indices, 0);
    return undefined;
  }
  return rowOf(context, place, { fields, scope });
}

/** Sets the flag of the row that was finished last. */
export function pushFlag(
  { draft }: SpanPlace,
  context: ColumnContext,
  flag: { flagKey: string; variant: string } | undefined,
): void {
  offerText(context.intake, flag?.flagKey ?? '');
  pushTextRow(draft.flagKey, context.intake, 'feature_flag.key');
  offerText(context.intake, flag?.variant ?? '');
  pushTextRow(draft.variant, context.intake, 'feature_flag.result.variant');
}

function pushIdentity(
  { cursor: { bytes } }: ColumnContext,
  draft: SpanDraft,
  { traceId, spanId, parentId }: SpanFields,
): void {
  appendWord(draft.resource, draft.resources.length - 1);
  appendRange(draft.traceId, bytes, traceId.start, traceId.end);
  appendRange(draft.spanId, bytes, spanId.start, spanId.end);
  if (parentId.end === parentId.start) appendZeros(draft.parentId, 8);
  else appendRange(draft.parentId, bytes, parentId.start, parentId.end);
}

function pushTimes(context: ColumnContext, place: SpanPlace, { start, stop }: SpanFields): void {
  const { draft } = place;
  if (pushTime(draft.time, start, place.bound)) {
    place.ahead += 1;
    context.budget.warn('a span begins more than 10 minutes in the future; it was stored with the time of arrival');
    pushSentTime(context, draft, start);
  }
  const isForward = stop.high > start.high || (stop.high === start.high && stop.low > start.low);
  const borrow = stop.low < start.low ? 1 : 0;
  appendWord(draft.duration, isForward ? (stop.low - start.low) >>> 0 : 0);
  appendWord(draft.duration, isForward ? stop.high - start.high - borrow : 0);
}

/** The time that the sender told is kept as an attribute. */
function pushSentTime(context: ColumnContext, draft: SpanDraft, start: Time): void {
  offerText(context.intake, 'belay.sent_time_unix_nano');
  pushPlainValue(draft.attributes, sentTimeKey(context), String(nsOf(start)));
}

/** Entry of the key under which a time that was not believed is kept. */
export function sentTimeKey({ keys, intake }: ColumnContext): number {
  const entry = intern(keys.dictionary, intake.admitted);
  if (entry >= keys.roles.length) {
    keys.roles.push(0);
    keys.rules.push(undefined);
  }
  return entry;
}

function pushTexts(
  context: ColumnContext,
  place: SpanPlace,
  { fields, scope }: { readonly fields: SpanFields; readonly scope: string },
): void {
  const { draft } = place;
  const { intake, cursor } = context;
  if (scope !== place.scope.text || draft.scope.indices.length === 0) {
    offerText(intake, scope);
    pushTextRow(draft.scope, intake, 'the scope name');
    place.scope = { text: scope, entry: draft.scope.indices.words[draft.scope.indices.length - 1] ?? 0 };
  } else appendWord(draft.scope.indices, place.scope.entry);
  offer(intake, cursor.bytes, fields.name.start, fields.name.end);
  pushTextRow(draft.name, intake, 'spans.name');
  offer(intake, cursor.bytes, fields.message.start, fields.message.end);
  admit(intake, 'spans.status.message');
  redactAdmitted(intake);
  appendAdmitted(draft.statusMessage, intake);
  pushFound(draft.route, draft.attributes, fields.found.route);
}

function httpStatusOf({ attributes }: SpanDraft, { status, oldStatus }: FoundValues): number {
  const at = status >= 0 ? status : oldStatus;
  if (at < 0) return 0;
  const { start, end } = valueAt(attributes.values, at);
  if (end - start > 3 || end === start) return 0;
  let value = 0;
  for (let i = start; i < end; i += 1) {
    const digit = (attributes.values.bytes[i] ?? 0) - 48;
    if (digit < 0 || digit > 9) return 0;
    value = 10 * value + digit;
  }
  return value;
}

function problemOf(
  bytes: Uint8Array,
  { traceId, spanId, parentId, kind, status, start, stop }: SpanFields,
): string | undefined {
  if (traceId.end - traceId.start !== 16)
    return `spans.trace_id has ${traceId.end - traceId.start} bytes instead of 16`;
  if (spanId.end - spanId.start !== 8) return `spans.span_id has ${spanId.end - spanId.start} bytes instead of 8`;
  if (isZero(bytes, traceId)) return 'spans.trace_id is all zeros';
  if (isZero(bytes, spanId)) return 'spans.span_id is all zeros';
  const parent = parentId.end - parentId.start;
  if (parent !== 0 && parent !== 8) return `spans.parent_span_id has ${parent} bytes instead of 8`;
  if (kind < 0 || kind > MAX_KIND) return `spans.kind ${kind} is not one of 0 to ${MAX_KIND}`;
  if (status < 0 || status > MAX_STATUS) return `spans.status.code ${status} is not one of 0 to ${MAX_STATUS}`;
  if (isBeyondYear2262(start) || isBeyondYear2262(stop)) return 'a span time lies beyond the year 2262';
  return undefined;
}

/** Whether every byte is zero, which OTLP declares to be no id. */
export function isZero(bytes: Uint8Array, { start, end }: Stretch): boolean {
  for (let i = start; i < end; i += 1) if (bytes[i] !== 0) return false;
  return true;
}

function takeBack({ draft, marks }: SpanPlace): void {
  const { attributes, eventAttributes, eventTime, eventName, linkTraceId, linkSpanId } = draft;
  attributes.keys.length = marks.keys;
  attributes.values.length = marks.values;
  forgetValues(attributes);
  eventTime.length = 2 * marks.events;
  eventName.indices.length = marks.events;
  eventAttributes.counts.length = marks.events;
  eventAttributes.keys.length = marks.eventKeys;
  eventAttributes.values.length = marks.eventValues;
  forgetValues(eventAttributes);
  linkTraceId.length = 16 * marks.links;
  linkSpanId.length = 8 * marks.links;
}

/** The row that was pushed last, as it is stored; only for the few that something else is made of. */
function rowOf(
  context: ColumnContext,
  { draft, marks }: SpanPlace,
  { fields, scope }: { readonly fields: SpanFields; readonly scope: string },
): SpanRow {
  const { bytes } = context.cursor;
  const resource = draft.resources.at(-1) as ResourceFacts;
  const name = draft.name.indices.words[draft.name.indices.length - 1] ?? 0;
  return {
    resource,
    scope,
    traceId: bytes.slice(fields.traceId.start, fields.traceId.end),
    spanId: bytes.slice(fields.spanId.start, fields.spanId.end),
    parentId: bytes.slice(fields.parentId.start, fields.parentId.end),
    name: entryText(draft.name.dictionary, name),
    kind: fields.kind,
    startNs: nsOf(fields.start),
    endNs: nsOf(fields.stop),
    statusCode: fields.status,
    statusMessage: lastText(draft.statusMessage, marks.message),
    attributes: flatTexts(draft.attributes, context.keys, { from: marks.keys, at: marks.values }),
    events: eventsOf(context, draft, marks),
    links: linksOf(draft, marks.links),
  };
}

function eventsOf(context: ColumnContext, draft: SpanDraft, marks: SpanPlace['marks']): SpanEvent[] {
  const events: SpanEvent[] = [];
  const all = flatTexts(draft.eventAttributes, context.keys, { from: marks.eventKeys, at: marks.eventValues });
  let from = 0;
  for (let event = marks.events; event < draft.eventTime.length / 2; event += 1) {
    const count = draft.eventAttributes.counts.words[event] ?? 0;
    const { words } = draft.eventTime;
    events.push({
      timeNs: nsOf({ low: words[2 * event] ?? 0, high: words[2 * event + 1] ?? 0 }),
      name: entryText(draft.eventName.dictionary, draft.eventName.indices.words[event] ?? 0),
      attributes: all.slice(from, from + 2 * count),
    });
    from += 2 * count;
  }
  return events;
}

function lastText(buffer: ByteBuffer, at: number): string {
  const { start, end } = valueAt(buffer, at);
  return decoder.decode(buffer.bytes.subarray(start, end));
}

function linksOf({ linkTraceId, linkSpanId }: SpanDraft, first: number): SpanLink[] {
  const links: SpanLink[] = [];
  for (let link = first; link < linkSpanId.length / 8; link += 1) {
    links.push({
      traceId: linkTraceId.bytes.slice(16 * link, 16 * link + 16),
      spanId: linkSpanId.bytes.slice(8 * link, 8 * link + 8),
    });
  }
  return links;
}
