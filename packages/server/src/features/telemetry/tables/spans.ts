import type { SpanColumns } from '@belay/wire';
import { attributeMaps, dictionary, fixed, listsOf, texts } from '../../../platform/clickhouse/native-bulk.ts';
import { rowSet, type RowSet } from './row-set.ts';
import { appendSender, senderBlock } from './sender-columns.ts';
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
    ...senderBlock(),
    ts: fixed("DateTime64(9, 'UTC')", 8),
    trace_id: fixed('FixedString(16)', 16),
    span_id: fixed('FixedString(8)', 8),
    parent_id: fixed('FixedString(8)', 8),
    scope: dictionary(),
    name: dictionary(),
    kind: fixed('UInt8', 1),
    status: fixed('UInt8', 1),
    status_message: texts(),
    duration_ns: fixed('UInt64', 8),
    is_unit: fixed('UInt8', 1),
    is_error: fixed('UInt8', 1),
    http_status: fixed('UInt16', 2),
    route: dictionary(),
    flag_key: dictionary(),
    variant: dictionary(),
    attributes: attributeMaps(),
    event_ts: listsOf(fixed("DateTime64(9, 'UTC')", 8)),
    event_name: listsOf(dictionary()),
    event_attributes: listsOf(attributeMaps()),
    link_trace_id: listsOf(fixed('FixedString(16)', 16)),
    link_span_id: listsOf(fixed('FixedString(8)', 8)),
  }),
} satisfies RequestTable;

type Columns = ReturnType<(typeof spansTable)['newBlock']>;

/** Spans of one request. */
export function spanRows(spans: SpanColumns): RowSet {
  return rowSet<Columns>(spansTable, { rows: spans.rows }, (c, arrival) => {
    appendSender(c, spans, arrival);
    appendSpans(c, spans);
    appendEvents(c, spans);
  });
}

function appendSpans(c: Columns, spans: SpanColumns): void {
  c.ts.append(spans.time);
  c.trace_id.append(spans.traceId);
  c.span_id.append(spans.spanId);
  c.parent_id.append(spans.parentId);
  c.scope.append(spans.scope.texts, spans.scope.indices);
  c.name.append(spans.name.texts, spans.name.indices);
  c.kind.append(spans.kind);
  c.status.append(spans.status);
  c.status_message.append(spans.statusMessage, spans.rows);
  c.duration_ns.append(spans.duration);
  c.is_unit.append(spans.isUnit);
  c.is_error.append(spans.isError);
  c.http_status.append(spans.httpStatus);
  c.route.append(spans.route.texts, spans.route.indices);
  c.flag_key.append(spans.flagKey.texts, spans.flagKey.indices);
  c.variant.append(spans.variant.texts, spans.variant.indices);
  c.attributes.append({ keys: spans.keys, columns: spans.attributes });
}

function appendEvents(c: Columns, spans: SpanColumns): void {
  for (const events of [c.event_ts, c.event_name, c.event_attributes]) events.counts.append(spans.eventCounts);
  c.event_ts.inner.append(spans.eventTime);
  c.event_name.inner.append(spans.eventName.texts, spans.eventName.indices);
  c.event_attributes.inner.append({ keys: spans.keys, columns: spans.eventAttributes });
  for (const links of [c.link_trace_id, c.link_span_id]) links.counts.append(spans.linkCounts);
  c.link_trace_id.inner.append(spans.linkTraceId);
  c.link_span_id.inner.append(spans.linkSpanId);
}
