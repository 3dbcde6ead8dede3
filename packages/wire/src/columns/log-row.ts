import { createUtf8Decoder } from '../otlp/utf8.ts';
import type { LogRow, ResourceFacts } from '../otlp/telemetry-batch.ts';
import { flatTexts, forgetValues, pushPlainValue, valueAt } from './attribute-columns.ts';
import { appendByte, appendRange, appendWord, appendZeros } from './byte-buffer.ts';
import { entryText } from './byte-dictionary.ts';
import {
  type FoundValues,
  isBeyondYear2262,
  nsOf,
  offerText,
  pushFound,
  pushTextRow,
  pushTime,
  type Time,
} from './item-reading.ts';
import type { LogDraft } from './log-columns.ts';
import type { ColumnContext } from './read-key-value.ts';
import type { TextDraft } from './span-columns.ts';
import { isZero, sentTimeKey } from './span-row.ts';
import { offer } from './text-intake.ts';

/** A stretch of the request's bytes. */
interface Stretch {
  start: number;
  end: number;
}

/** The fields of the record that is being read; its body and attributes are in the draft already. */
export interface LogFields {
  readonly time: Time;
  readonly observed: Time;
  readonly severityText: Stretch;
  readonly eventName: Stretch;
  readonly traceId: Stretch;
  readonly spanId: Stretch;
  readonly found: FoundValues;
  severity: number;
  attributes: number;
  hasBody: boolean;
}

/** Where the rows of a request go. */
export interface LogPlace {
  readonly draft: LogDraft;
  /** Times after `from` are stored as `instead`. */
  readonly bound: { readonly from: Time; readonly instead: Time };
  /** Lengths of the draft's buffers when the record began. */
  readonly marks: { keys: number; values: number; body: number };
  scope: { text: string; entry: number };
  /** Rows whose time was in the future. */
  ahead: number;
}

const MAX_SEVERITY = 24;
const NONE: Uint8Array = new Uint8Array(0);
const decoder = createUtf8Decoder();

/** Fields of a record without any. */
export function emptyLogFields(): LogFields {
  const stretch = (): Stretch => ({ start: 0, end: 0 });
  return {
    time: { low: 0, high: 0 },
    observed: { low: 0, high: 0 },
    severityText: stretch(),
    eventName: stretch(),
    traceId: stretch(),
    spanId: stretch(),
    found: { route: -1, status: -1, oldStatus: -1, flag: -1, variant: -1, eventName: -1, isTold: false },
    severity: 0,
    attributes: 0,
    hasBody: false,
  };
}

/** Forgets the record before, and marks where this one begins. */
export function startLog({ draft, marks }: LogPlace, fields: LogFields): void {
  for (const stretch of [fields.severityText, fields.eventName, fields.traceId, fields.spanId]) {
    stretch.start = stretch.end = 0;
  }
  fields.time.low = fields.time.high = fields.observed.low = fields.observed.high = 0;
  fields.severity = fields.attributes = 0;
  fields.hasBody = false;
  marks.keys = draft.attributes.keys.length;
  marks.values = draft.attributes.values.length;
  marks.body = draft.body.length;
}

/** Completes the row, or takes back what was read of it. Returns the record as a row where it tells of something. */
export function finishLog(
  context: ColumnContext,
  place: LogPlace,
  { fields, scope }: { readonly fields: LogFields; readonly scope: string },
): LogRow | undefined {
  const time = fields.time.low === 0 && fields.time.high === 0 ? fields.observed : fields.time;
  const problem = problemOf(fields, time);
  const { draft } = place;
  if (problem !== undefined) {
    context.budget.reject(problem);
    takeBack(place);
    return undefined;
  }
  const { intake, cursor } = context;
  appendWord(draft.resource, draft.resources.length - 1);
  pushLogTime(context, place, time);
  pushId(draft.traceId, cursor.bytes, fields.traceId, 16);
  pushId(draft.spanId, cursor.bytes, fields.spanId, 8);
  appendByte(draft.severity, fields.severity);
  if (!fields.hasBody) appendByte(draft.body, 0);
  pushScope(context, place, scope);
  offer(intake, cursor.bytes, fields.severityText.start, fields.severityText.end);
  pushTextRow(draft.severityText, intake, 'log_records.severity_text');
  pushEventName(context, draft, fields);
  pushFound(draft.flagKey, draft.attributes, fields.found.flag);
  pushFound(draft.variant, draft.attributes, fields.found.variant);
  appendWord(draft.attributes.counts, draft.attributes.keys.length - place.marks.keys);
  return fields.found.isTold ? rowOf(context, place, { fields, scope, time }) : undefined;
}

function pushLogTime(context: ColumnContext, place: LogPlace, time: Time): void {
  const { draft } = place;
  if (!pushTime(draft.time, time, place.bound)) return;
  place.ahead += 1;
  context.budget.warn('a log record is more than 10 minutes in the future; it was stored with the time of arrival');
  offerText(context.intake, 'belay.sent_time_unix_nano');
  pushPlainValue(draft.attributes, sentTimeKey(context), String(nsOf(time)));
}

function pushScope({ intake }: ColumnContext, place: LogPlace, scope: string): void {
  const { indices } = place.draft.scope;
  if (scope === place.scope.text && indices.length > 0) {
    appendWord(indices, place.scope.entry);
    return;
  }
  offerText(intake, scope);
  pushTextRow(place.draft.scope, intake, 'the scope name');
  place.scope = { text: scope, entry: indices.words[indices.length - 1] ?? 0 };
}

/** The event's name falls back to the older attribute. */
function pushEventName({ intake, cursor }: ColumnContext, draft: LogDraft, { eventName, found }: LogFields): void {
  if (eventName.start === eventName.end && found.eventName >= 0) {
    pushFound(draft.eventName, draft.attributes, found.eventName);
    return;
  }
  offer(intake, cursor.bytes, eventName.start, eventName.end);
  pushTextRow(draft.eventName, intake, 'log_records.event_name');
}

function pushId(ids: LogDraft['traceId'], bytes: Uint8Array, { start, end }: Stretch, size: number): void {
  if (start === end) appendZeros(ids, size);
  else appendRange(ids, bytes, start, end);
}

function problemOf({ traceId, spanId, severity }: LogFields, time: Time): string | undefined {
  const trace = traceId.end - traceId.start;
  const span = spanId.end - spanId.start;
  if (trace !== 0 && trace !== 16) return `log_records.trace_id has ${trace} bytes instead of 16`;
  if (span !== 0 && span !== 8) return `log_records.span_id has ${span} bytes instead of 8`;
  if (severity < 0 || severity > MAX_SEVERITY) {
    return `log_records.severity_number ${severity} is not one of 0 to ${MAX_SEVERITY}`;
  }
  if (isBeyondYear2262(time)) return 'a log time lies beyond the year 2262';
  return undefined;
}

function takeBack({ draft, marks }: LogPlace): void {
  draft.attributes.keys.length = marks.keys;
  draft.attributes.values.length = marks.values;
  forgetValues(draft.attributes);
  draft.body.length = marks.body;
}

/** The row that was pushed last, as it is stored; only for the few that something else is made of. */
function rowOf(
  context: ColumnContext,
  { draft, marks }: LogPlace,
  { fields, scope, time }: { readonly fields: LogFields; readonly scope: string; readonly time: Time },
): LogRow {
  const { bytes } = context.cursor;
  const body = valueAt(draft.body, marks.body);
  const idOf = (stretch: Stretch): Uint8Array =>
    isZero(bytes, stretch) ? NONE : bytes.slice(stretch.start, stretch.end);
  return {
    resource: draft.resources.at(-1) as ResourceFacts,
    scope,
    timeNs: nsOf(time),
    traceId: idOf(fields.traceId),
    spanId: idOf(fields.spanId),
    severity: fields.severity,
    severityText: lastText(draft.severityText),
    eventName: lastText(draft.eventName),
    body: decoder.decode(draft.body.bytes.subarray(body.start, body.end)),
    attributes: flatTexts(draft.attributes, context.keys, { from: marks.keys, at: marks.values }),
  };
}

function lastText({ dictionary, indices }: TextDraft): string {
  return entryText(dictionary, indices.words[indices.length - 1] ?? 0);
}
