import { textOfValue } from './attribute-value.ts';
import type { DecodeLimits } from './decode-limits.ts';
import { logRowOf, type LogDraft } from './log-draft.ts';
import { type ProtobufContext, readAnyValue, readAttribute } from './protobuf-attributes.ts';
import { openContext } from './protobuf-context.ts';
import { readBytes, readFields, readFixed64, readInt32, readMessage } from './protobuf-cursor.ts';
import { readResourceScopes } from './protobuf-resource.ts';
import { acceptLog } from './span-rules.ts';
import type { LogRow } from './telemetry-batch.ts';

/** Reads an ExportLogsServiceRequest in protobuf. */
export function readProtobufLogs(
  body: Uint8Array,
  limits: DecodeLimits,
): { logs: LogRow[]; budget: ProtobufContext['budget'] } {
  const context = openContext(body, limits);
  const logs: LogRow[] = [];
  readFields(context.cursor, 'the log request', (number, wire) => {
    if (number !== 1 || wire !== 2) return false;
    readResourceScopes(context, 'resource_logs', (resource, scope) => {
      const log = logRowOf(readLog(context), resource, scope);
      if (acceptLog(log, context.budget)) logs.push(log);
    });
    return true;
  });
  return { logs, budget: context.budget };
}

function readLog(context: ProtobufContext): LogDraft {
  const { cursor, budget } = context;
  budget.takeItem();
  const log: LogDraft = { attributes: [] };
  readMessage(cursor, 'log_records', (number, wire) => {
    if (number === 6 && wire === 2) readAttribute(context, log.attributes, 'log_records.attributes');
    else if (number === 5 && wire === 2) {
      log.body = budget.text(textOfValue(readAnyValue(context, 'log_records.body', 1)), 'log_records.body');
    } else return readScalar(context, log, number);
    return true;
  });
  return log;
}

function readScalar({ cursor, text }: ProtobufContext, log: LogDraft, number: number): boolean {
  if (number === 1) log.timeNs = readFixed64(cursor, 'log_records.time_unix_nano');
  else if (number === 2) log.severity = readInt32(cursor, 'log_records.severity_number');
  else if (number === 3) log.severityText = text(cursor, 'log_records.severity_text');
  else if (number === 9) log.traceId = readBytes(cursor, 'log_records.trace_id');
  else if (number === 10) log.spanId = readBytes(cursor, 'log_records.span_id');
  else if (number === 11) log.observedNs = readFixed64(cursor, 'log_records.observed_time_unix_nano');
  else if (number === 12) log.eventName = text(cursor, 'log_records.event_name');
  else return false;
  return true;
}
