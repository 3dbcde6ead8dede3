import { attributeOf, type EvaluationRow, type SpanRow } from '@belay/wire';
import {
  arrayOf,
  bigUint64,
  dateTime,
  dateTimeNs,
  fixedString,
  flatMap,
  lowCardinality,
  string,
  uint16,
  uint8,
} from '../../../platform/clickhouse/native-column.ts';
import { resourceIdOf } from './resources.ts';
import { type Arrival, rowSet, type RowSet } from './row-set.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Spans; `resource` has the attributes of the resource in rows of Belay 0.2 and before, `res_id` in newer ones. */
export const spansTable = {
  name: 'spans',
  columns: {
    ...arrivalColumns,
    ts: columnTypes.nanoseconds,
    trace_id: columnTypes.traceId,
    span_id: columnTypes.spanId,
    parent_id: columnTypes.spanId,
    service: columnTypes.name,
    instance: columnTypes.name,
    scope: columnTypes.name,
    name: columnTypes.name,
    kind: 'UInt8',
    status: 'UInt8',
    status_message: columnTypes.text,
    duration_ns: 'UInt64 CODEC(ZSTD(1))',
    is_unit: 'UInt8',
    is_error: 'UInt8',
    http_status: 'UInt16',
    route: columnTypes.name,
    flag_key: columnTypes.name,
    variant: columnTypes.name,
    attributes: columnTypes.attributes,
    resource: columnTypes.attributes,
    event_ts: "Array(DateTime64(9, 'UTC'))",
    event_name: 'Array(LowCardinality(String))',
    event_attributes: 'Array(Map(LowCardinality(String), String))',
    res_id: 'UInt64',
    version: columnTypes.name,
    environment: columnTypes.name,
    weight: columnTypes.weight,
    link_trace_id: 'Array(FixedString(16))',
    link_span_id: 'Array(FixedString(8))',
  },
  indexes: {
    by_arrival: '_in TYPE minmax GRANULARITY 1',
    by_time: 'ts TYPE minmax GRANULARITY 1',
    by_trace: 'trace_id TYPE bloom_filter(0.01) GRANULARITY 1',
    by_value: 'mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1',
  },
  orderBy: '(toStartOfFiveMinutes(ts), service, name, ts)',
  retentionDays: 3,
  newBlock: () => ({
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
    event_ts: arrayOf(dateTimeNs()),
    event_name: arrayOf(lowCardinality()),
    event_attributes: arrayOf(flatMap()),
    res_id: bigUint64(),
    version: lowCardinality(),
    environment: lowCardinality(),
    link_trace_id: arrayOf(fixedString(16)),
    link_span_id: arrayOf(fixedString(8)),
  }),
} satisfies RequestTable;

type Columns = ReturnType<(typeof spansTable)['newBlock']>;

/** Spans of one request, with the first flag that each one tells of. */
export function spanRows(spans: readonly SpanRow[], evaluations: readonly EvaluationRow[]): RowSet {
  const flags = flagBySpan(evaluations);
  return rowSet<Columns>(spansTable, { rows: spans.length }, (c, arrival) => {
    for (const span of spans) {
      pushPlace(c, span, arrival);
      pushFacts(c, span, flags.get(idText(span.spanId)));
    }
  });
}

function pushPlace(c: Columns, span: SpanRow, arrival: Arrival): void {
  const { resource } = span;
  c._in.push(arrival.second);
  c._req.push(arrival.request);
  c.ts.push(span.startNs);
  c.trace_id.push(span.traceId);
  c.span_id.push(span.spanId);
  c.parent_id.push(span.parentId);
  c.service.push(resource.service);
  c.instance.push(resource.instance);
  c.res_id.push(resourceIdOf(resource));
  c.version.push(resource.version);
  c.environment.push(resource.environment);
  c.scope.push(span.scope);
  c.link_trace_id.push(span.links.map((link) => link.traceId));
  c.link_span_id.push(span.links.map((link) => link.spanId));
}

function pushFacts(c: Columns, span: SpanRow, flag: EvaluationRow | undefined): void {
  const httpStatus = httpStatusOf(span.attributes);
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
  c.event_ts.push(span.events.map((event) => event.timeNs));
  c.event_name.push(span.events.map((event) => event.name));
  c.event_attributes.push(span.events.map((event) => event.attributes));
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
