import { attributeOf, type LogRow } from '@belay/wire';
import {
  bigUint64,
  dateTime,
  dateTimeNs,
  fixedString,
  flatMap,
  lowCardinality,
  string,
  uint8,
} from '../../../platform/clickhouse/native-column.ts';
import { resourceIdOf } from './resources.ts';
import { type Arrival, rowSet, type RowSet } from './row-set.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/**
 * Lines alike have the same pattern: quoted text and words with two digits, or that begin with one, count as equal in
 * the first 512 bytes. What differs in other words is merged when patterns are asked for (`@belay/core/logs`).
 */
const PATTERN_OF_BODY = String.raw`cityHash64(replaceRegexpAll(substring(body, 1, 512), '"[^"]*"|\\B\'[^\']*\'|[0-9A-Za-z_-]*[0-9][A-Za-z_-]*[0-9][0-9A-Za-z_.:-]*|\\b[0-9][0-9A-Za-z_.:-]*', '?'))`;

/** Log records; `resource` has the attributes of the resource in rows of Belay 0.2 and before, `res_id` in newer ones. */
export const logsTable = {
  name: 'logs',
  columns: {
    ...arrivalColumns,
    ts: columnTypes.nanoseconds,
    trace_id: columnTypes.traceId,
    span_id: columnTypes.spanId,
    service: columnTypes.name,
    instance: columnTypes.name,
    scope: columnTypes.name,
    severity: 'UInt8',
    severity_text: columnTypes.name,
    event_name: columnTypes.name,
    body: columnTypes.text,
    flag_key: columnTypes.name,
    variant: columnTypes.name,
    attributes: columnTypes.attributes,
    resource: columnTypes.attributes,
    res_id: 'UInt64',
    version: columnTypes.name,
    environment: columnTypes.name,
    weight: columnTypes.weight,
    pattern: `UInt64 MATERIALIZED ${PATTERN_OF_BODY} CODEC(ZSTD(1))`,
  },
  indexes: {
    by_arrival: '_in TYPE minmax GRANULARITY 1',
    by_time: 'ts TYPE minmax GRANULARITY 1',
    by_trace: 'trace_id TYPE bloom_filter(0.01) GRANULARITY 1',
    by_value: 'mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1',
    by_word: "lower(body) TYPE text(tokenizer = 'splitByNonAlpha')",
    by_pattern: 'pattern TYPE bloom_filter(0.01) GRANULARITY 1',
  },
  orderBy: '(toStartOfFiveMinutes(ts), service, severity, ts)',
  retentionDays: 3,
  newBlock: () => ({
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
    res_id: bigUint64(),
    version: lowCardinality(),
    environment: lowCardinality(),
  }),
} satisfies RequestTable;

type Columns = ReturnType<(typeof logsTable)['newBlock']>;

/** Log records of one request. */
export function logRows(logs: readonly LogRow[]): RowSet {
  return rowSet<Columns>(logsTable, { rows: logs.length }, (c, arrival) => {
    for (const log of logs) pushLog(c, log, arrival);
  });
}

function pushLog(c: Columns, log: LogRow, arrival: Arrival): void {
  const { resource } = log;
  c._in.push(arrival.second);
  c._req.push(arrival.request);
  c.ts.push(log.timeNs);
  c.trace_id.push(log.traceId);
  c.span_id.push(log.spanId);
  c.service.push(resource.service);
  c.instance.push(resource.instance);
  c.res_id.push(resourceIdOf(resource));
  c.version.push(resource.version);
  c.environment.push(resource.environment);
  c.scope.push(log.scope);
  c.severity.push(log.severity);
  c.severity_text.push(log.severityText);
  c.event_name.push(log.eventName);
  c.body.push(log.body);
  c.flag_key.push(attributeOf(log.attributes, 'feature_flag.key') ?? '');
  c.variant.push(attributeOf(log.attributes, 'feature_flag.result.variant') ?? '');
  c.attributes.push(log.attributes);
}
