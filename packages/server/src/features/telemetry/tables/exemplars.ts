import {
  bigUint64,
  dateTime,
  dateTimeMs,
  fixedString,
  flatMap,
  float64,
  lowCardinality,
} from '../../../platform/clickhouse/native-column.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Measurements that stand for a point of a metric, with the trace in which they were taken. */
export const exemplarsTable = {
  name: 'exemplars',
  columns: {
    ...arrivalColumns,
    metric: columnTypes.name,
    fp: 'UInt64',
    ts: columnTypes.milliseconds,
    value: 'Float64 CODEC(ZSTD(1))',
    trace_id: columnTypes.traceId,
    span_id: columnTypes.spanId,
    attributes: columnTypes.attributes,
  },
  orderBy: '(metric, fp, ts)',
  retentionDays: 7,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    metric: lowCardinality(),
    fp: bigUint64(),
    ts: dateTimeMs(),
    value: float64(),
    trace_id: fixedString(16),
    span_id: fixedString(8),
    attributes: flatMap(),
  }),
} satisfies RequestTable;
