import { textOfValue } from '../otlp/attribute-value.ts';
import { evaluationsOfLogs } from '../otlp/flag-evaluations.ts';
import { readAnyValue } from '../otlp/protobuf-attributes.ts';
import { type ProtobufCursor, readInt32, readVarint, skipBytes } from '../otlp/protobuf-cursor.ts';
import { readResourceScopes } from '../otlp/protobuf-resource.ts';
import type { EvaluationRow, LogRow, ResourceFacts } from '../otlp/telemetry-batch.ts';
import { appendAdmitted, admit, offer, redactAdmitted } from './text-intake.ts';
import { nothingFound, offerText, readFoundAttribute, readTime, withoutSecrets } from './item-reading.ts';
import { finishLog, type LogFields, type LogPlace, startLog, emptyLogFields } from './log-row.ts';
import { type ColumnContext, enterMessage, skipUnknown } from './read-key-value.ts';

const FIELD = 'log_records';

/** Log records that tell of flags or exceptions, as rows, and the evaluations they tell of. */
export interface ToldLogs {
  readonly logs: readonly LogRow[];
  readonly evaluations: readonly EvaluationRow[];
}

/** Reads an ExportLogsServiceRequest into columns. `given` takes the place of the resources that are in the request. */
export function readLogColumns(
  context: ColumnContext,
  place: LogPlace,
  given: readonly ResourceFacts[] = [],
): ToldLogs {
  const { cursor, intake } = context;
  const told: { logs: LogRow[]; evaluations: EvaluationRow[] } = { logs: [], evaluations: [] };
  let sections = 0;
  let raw: ResourceFacts | undefined;
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, 'the log request');
    if (tag !== 0x0a) {
      skipUnknown(cursor, tag, 'the log request');
      continue;
    }
    readResourceScopes(context, 'resource_logs', (resource, scope) => {
      if (raw !== resource) {
        raw = resource;
        place.draft.resources.push(withoutSecrets(given[sections] ?? resource, intake));
      }
      const row = readLog(context, place, scope);
      if (row === undefined) return;
      told.logs.push(row);
      told.evaluations.push(...evaluationsOfLogs([row]));
    });
    sections += 1;
  }
  return told;
}

const fields: LogFields = emptyLogFields();

function readLog(context: ColumnContext, place: LogPlace, scope: string): LogRow | undefined {
  const { cursor, budget } = context;
  budget.takeItem();
  startLog(place, fields);
  nothingFound(fields.found);
  const outer = enterMessage(cursor, FIELD);
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, FIELD);
    if (tag === 0x32) {
      const at = { draft: place.draft.attributes, found: fields.found, count: fields.attributes };
      readFoundAttribute(context, at, 'log_records.attributes');
      fields.attributes += 1;
    } else if (tag === 0x2a) readBody(context, place);
    else if (!readScalar(cursor, tag)) skipUnknown(cursor, tag, FIELD);
  }
  cursor.end = outer;
  return finishLog(context, place, { fields, scope });
}

function readScalar(cursor: ProtobufCursor, tag: number): boolean {
  if (tag === 0x09) readTime(cursor, fields.time, 'log_records.time_unix_nano');
  else if (tag === 0x59) readTime(cursor, fields.observed, 'log_records.observed_time_unix_nano');
  else if (tag === 0x10) fields.severity = readInt32(cursor, 'log_records.severity_number');
  else if (tag === 0x1a) readRange(cursor, fields.severityText, 'log_records.severity_text');
  else if (tag === 0x4a) readRange(cursor, fields.traceId, 'log_records.trace_id');
  else if (tag === 0x52) readRange(cursor, fields.spanId, 'log_records.span_id');
  else if (tag === 0x62) readRange(cursor, fields.eventName, 'log_records.event_name');
  else return false;
  return true;
}

/** Writes the body at once; of several, the last one counts. */
function readBody(context: ColumnContext, { draft, marks }: LogPlace): void {
  const { cursor, intake, budget } = context;
  draft.body.length = marks.body;
  const text = textBody(cursor);
  if (text === undefined) offerText(intake, textOfValue(readAnyValue(context, 'log_records.body', 1)));
  else {
    budget.takeNode();
    offer(intake, cursor.bytes, text.start, text.end);
    cursor.at = text.end;
  }
  admit(intake, 'log_records.body');
  redactAdmitted(intake);
  appendAdmitted(draft.body, intake);
  fields.hasBody = true;
}

/** Where the text of a body that is nothing but a text stands; undefined leaves the cursor where it was. */
function textBody(cursor: ProtobufCursor): { start: number; end: number } | undefined {
  const { at } = cursor;
  const length = readVarint(cursor, FIELD);
  const stop = cursor.at + length;
  if (stop <= cursor.end && cursor.bytes[cursor.at] === 0x0a) {
    cursor.at += 1;
    const count = readVarint(cursor, FIELD);
    const start = cursor.at;
    if (start + count === stop) return { start, end: stop };
  }
  cursor.at = at;
  return undefined;
}

function readRange(cursor: ProtobufCursor, range: { start: number; end: number }, field: string): void {
  const length = readVarint(cursor, field);
  range.start = skipBytes(cursor, length, field);
  range.end = cursor.at;
}
