import { hash } from 'node:crypto';
import { groupOf } from '@belay/core/flag';
import { attributeOf, type EvaluationRow, type LogRow, type SpanRow, type TelemetryBatch } from '@belay/wire';
import { encodeNativeBlock, type NativeColumns } from '../../platform/clickhouse/native-block.ts';
import {
  arrayOf,
  bigUint64,
  dateTime,
  dateTimeMs,
  dateTimeNs,
  fixedString,
  flatMap,
  int16,
  int8,
  lowCardinality,
  mapOf,
  string,
  uint16,
  uint64,
  uint8,
} from '../../platform/clickhouse/native-column.ts';
import type { TableName } from './telemetry-tables.ts';

/** A request whose rows go into a commit. */
export interface CommitRequest {
  readonly hash: bigint;
  readonly batch: TelemetryBatch;
}

export interface EncodedTable {
  readonly columns: readonly string[];
  readonly block: Uint8Array;
  readonly rows: number;
  /** Rows stored but not judged. */
  readonly late: number;
}

/** Points older than this when they were sent are stored but not judged: what they describe is over. */
const LATE_MS = 120_000;

/** Writes the rows that some requests bring for one table as one block. */
export function encodeTable(table: TableName, requests: readonly CommitRequest[], second: number): EncodedTable {
  if (table === 'outcomes') return encodeOutcomes(requests, second);
  if (table === 'evaluations') return encodeEvaluations(requests, second);
  if (table === 'spans') return encodeSpans(requests, second);
  return encodeLogs(requests, second);
}

function encodeOutcomes(requests: readonly CommitRequest[], second: number): EncodedTable {
  const c = {
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeMs(),
    late: uint8(),
    service: lowCardinality(),
    instance: lowCardinality(),
    sdk: lowCardinality(),
    sdk_version: lowCardinality(),
    rollout: lowCardinality(),
    flag: lowCardinality(),
    revision: uint64(),
    variant: lowCardinality(),
    arm: lowCardinality(),
    side: lowCardinality(),
    grp: int8(),
    units: uint64(),
    errors: uint64(),
    exposures: uint64(),
    distinct_bad: uint64(),
    value_name: lowCardinality(),
    hist: mapOf(int16(), uint64()),
  };
  let late = 0;
  for (const request of requests) {
    const newest = newestOf(request.batch.outcomes, (row) => row.timeMs);
    for (const row of request.batch.outcomes) {
      const isLate = (row.resource.sentAtMs ?? newest) - row.timeMs > LATE_MS;
      late += isLate ? 1 : 0;
      c._in.push(second);
      c._req.push(request.hash);
      c.ts.push(row.timeMs);
      c.late.push(isLate ? 1 : 0);
      c.service.push(row.resource.service);
      c.instance.push(row.resource.instance);
      c.sdk.push(row.resource.sdk);
      c.sdk_version.push(row.resource.sdkVersion);
      c.rollout.push(row.rolloutId);
      c.flag.push(row.flagKey);
      c.revision.push(row.revision);
      c.variant.push(row.variant);
      c.arm.push(row.arm);
      c.side.push(row.side);
      c.grp.push(row.group);
      c.units.push(row.units);
      c.errors.push(row.errors);
      c.exposures.push(row.exposures);
      c.distinct_bad.push(row.distinctBad);
      c.value_name.push(row.valueName);
      c.hist.push(row.histogram);
    }
  }
  return encoded(c, late);
}

/** Reasons under which no random split took place. */
const NOT_RANDOM: ReadonlySet<string> = new Set(['static', 'disabled', 'error', 'default']);

function encodeEvaluations(requests: readonly CommitRequest[], second: number): EncodedTable {
  const c = {
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeNs(),
    late: uint8(),
    service: lowCardinality(),
    instance: lowCardinality(),
    sdk: lowCardinality(),
    sdk_version: lowCardinality(),
    trace_id: fixedString(16),
    span_id: fixedString(8),
    flag: lowCardinality(),
    variant: lowCardinality(),
    revision: uint64(),
    key_hash: bigUint64(),
    grp: int8(),
    judged: uint8(),
  };
  let late = 0;
  for (const request of requests) {
    const rows = request.batch.evaluations;
    const newest = newestOf(rows, reportedMs);
    for (const row of rows) {
      const isLate = (row.resource.sentAtMs ?? newest) - reportedMs(row) > LATE_MS;
      late += isLate ? 1 : 0;
      c._in.push(second);
      c._req.push(request.hash);
      c.ts.push(row.timeNs);
      c.late.push(isLate ? 1 : 0);
      c.service.push(row.resource.service);
      c.instance.push(row.resource.instance);
      c.sdk.push(row.resource.sdk);
      c.sdk_version.push(row.resource.sdkVersion);
      c.trace_id.push(row.traceId);
      c.span_id.push(row.spanId);
      c.flag.push(row.flagKey);
      c.variant.push(row.variant);
      c.revision.push(row.revision);
      c.key_hash.push(row.contextId === '' ? 0n : keyHashOf(row.contextId));
      c.grp.push(row.contextId === '' ? -1 : groupOf(row.contextId));
      c.judged.push(NOT_RANDOM.has(row.reason) ? 0 : 1);
    }
  }
  return encoded(c, late);
}

function encodeSpans(requests: readonly CommitRequest[], second: number): EncodedTable {
  const c = spanColumns();
  for (const request of requests) {
    const flags = flagBySpan(request.batch.evaluations);
    for (const span of request.batch.spans) {
      const httpStatus = httpStatusOf(span.attributes);
      const flag = flags.get(idText(span.spanId));
      c._in.push(second);
      c._req.push(request.hash);
      c.ts.push(span.startNs);
      c.trace_id.push(span.traceId);
      c.span_id.push(span.spanId);
      c.parent_id.push(span.parentId);
      c.service.push(span.resource.service);
      c.instance.push(span.resource.instance);
      c.scope.push(span.scope);
      c.name.push(span.name);
      c.kind.push(span.kind);
      c.status.push(span.statusCode);
      c.status_message.push(span.statusMessage);
      c.duration_ns.push(span.endNs > span.startNs ? span.endNs - span.startNs : 0n);
      c.is_unit.push(isUnit(span) ? 1 : 0);
      c.is_error.push(span.statusCode === 2 || httpStatus >= 500 ? 1 : 0);
      c.http_status.push(httpStatus);
      c.route.push(attributeOf(span.attributes, 'http.route') ?? '');
      c.flag_key.push(flag?.flagKey ?? '');
      c.variant.push(flag?.variant ?? '');
      c.attributes.push(span.attributes);
      c.resource.push(span.resource.attributes);
      c.event_ts.push(span.events.map((event) => event.timeNs));
      c.event_name.push(span.events.map((event) => event.name));
      c.event_attributes.push(span.events.map((event) => event.attributes));
    }
  }
  return encoded(c, 0);
}

// The columns' types tell what may be pushed.
function spanColumns() {
  return {
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeNs(),
    trace_id: fixedString(16),
    span_id: fixedString(8),
    parent_id: fixedString(8),
    service: lowCardinality(),
    instance: lowCardinality(),
    scope: lowCardinality(),
    name: lowCardinality(),
    kind: uint8(),
    status: uint8(),
    status_message: string(),
    duration_ns: bigUint64(),
    is_unit: uint8(),
    is_error: uint8(),
    http_status: uint16(),
    route: lowCardinality(),
    flag_key: lowCardinality(),
    variant: lowCardinality(),
    attributes: flatMap(),
    resource: flatMap(),
    event_ts: arrayOf(dateTimeNs()),
    event_name: arrayOf(lowCardinality()),
    event_attributes: arrayOf(flatMap()),
  };
}

function encodeLogs(requests: readonly CommitRequest[], second: number): EncodedTable {
  const c = {
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeNs(),
    trace_id: fixedString(16),
    span_id: fixedString(8),
    service: lowCardinality(),
    instance: lowCardinality(),
    scope: lowCardinality(),
    severity: uint8(),
    severity_text: lowCardinality(),
    event_name: lowCardinality(),
    body: string(),
    flag_key: lowCardinality(),
    variant: lowCardinality(),
    attributes: flatMap(),
    resource: flatMap(),
  };
  for (const request of requests) {
    for (const log of request.batch.logs) pushLog(c, log, { second, hash: request.hash });
  }
  return encoded(c, 0);

  function pushLog(columns: typeof c, log: LogRow, arrival: { second: number; hash: bigint }): void {
    columns._in.push(arrival.second);
    columns._req.push(arrival.hash);
    columns.ts.push(log.timeNs);
    columns.trace_id.push(log.traceId);
    columns.span_id.push(log.spanId);
    columns.service.push(log.resource.service);
    columns.instance.push(log.resource.instance);
    columns.scope.push(log.scope);
    columns.severity.push(log.severity);
    columns.severity_text.push(log.severityText);
    columns.event_name.push(log.eventName);
    columns.body.push(log.body);
    columns.flag_key.push(attributeOf(log.attributes, 'feature_flag.key') ?? '');
    columns.variant.push(attributeOf(log.attributes, 'feature_flag.result.variant') ?? '');
    columns.attributes.push(log.attributes);
    columns.resource.push(log.resource.attributes);
  }
}

/** A span that stands for one unit of work: it serves or consumes something, or nothing called it. */
function isUnit(span: SpanRow): boolean {
  return span.kind === 2 || span.kind === 5 || (span.kind < 2 && span.parentId.length === 0);
}

function httpStatusOf(attributes: readonly string[]): number {
  const text = attributeOf(attributes, 'http.response.status_code') ?? attributeOf(attributes, 'http.status_code');
  const status = Number(text ?? 0);
  return Number.isInteger(status) && status >= 0 && status <= 999 ? status : 0;
}

function flagBySpan(evaluations: readonly EvaluationRow[]): ReadonlyMap<string, EvaluationRow> {
  const flags = new Map<string, EvaluationRow>();
  for (const evaluation of evaluations) {
    const id = idText(evaluation.spanId);
    if (!flags.has(id)) flags.set(id, evaluation);
  }
  return flags;
}

function idText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
}

function keyHashOf(key: string): bigint {
  return hash('sha256', key, 'buffer').readBigUInt64LE() | 1n;
}

function reportedMs(row: EvaluationRow): number {
  return Number(row.reportedNs / 1_000_000n);
}

function newestOf<Row>(rows: readonly Row[], timeOf: (row: Row) => number): number {
  let newest = 0;
  for (const row of rows) newest = Math.max(newest, timeOf(row));
  return newest;
}

function encoded(columns: NativeColumns & { readonly _in: { rows(): number } }, late: number): EncodedTable {
  return { columns: Object.keys(columns), block: encodeNativeBlock(columns), rows: columns._in.rows(), late };
}

/** Rows that a batch brings for a table. */
export function rowCount(table: TableName, batch: TelemetryBatch): number {
  return batch[table].length;
}
