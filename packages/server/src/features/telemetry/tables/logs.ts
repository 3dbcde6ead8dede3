import type { LogColumns } from '@belay/wire';
import { attributeMaps, dictionary, fixed, texts } from '../../../platform/clickhouse/native-bulk.ts';
import { rowSet, type RowSet } from './row-set.ts';
import { appendSender, senderBlock } from './sender-columns.ts';
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
    ...senderBlock(),
    ts: fixed("DateTime64(9, 'UTC')", 8),
    trace_id: fixed('FixedString(16)', 16),
    span_id: fixed('FixedString(8)', 8),
    scope: dictionary(),
    severity: fixed('UInt8', 1),
    severity_text: dictionary(),
    event_name: dictionary(),
    body: texts(),
    flag_key: dictionary(),
    variant: dictionary(),
    attributes: attributeMaps(),
  }),
} satisfies RequestTable;

type Columns = ReturnType<(typeof logsTable)['newBlock']>;

/** Log records of one request. */
export function logRows(logs: LogColumns): RowSet {
  return rowSet<Columns>(logsTable, { rows: logs.rows }, (c, arrival) => {
    appendSender(c, logs, arrival);
    c.ts.append(logs.time);
    c.trace_id.append(logs.traceId);
    c.span_id.append(logs.spanId);
    c.scope.append(logs.scope.texts, logs.scope.indices);
    c.severity.append(logs.severity);
    c.severity_text.append(logs.severityText.texts, logs.severityText.indices);
    c.event_name.append(logs.eventName.texts, logs.eventName.indices);
    c.body.append(logs.body, logs.rows);
    c.flag_key.append(logs.flagKey.texts, logs.flagKey.indices);
    c.variant.append(logs.variant.texts, logs.variant.indices);
    c.attributes.append({ keys: logs.keys, columns: logs.attributes });
  });
}
