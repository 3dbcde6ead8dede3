import type { ExemplarPoint } from '@belay/wire';
import {
  bigUint64,
  dateTime,
  dateTimeMs,
  fixedString,
  flatMap,
  float64,
  lowCardinality,
} from '../../../platform/clickhouse/native-column.ts';
import { fingerprintOf } from './distribution-columns.ts';
import { type RowSet, rowSet } from './row-set.ts';
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

/** The rows of exemplars. */
export function exemplarRows(points: readonly ExemplarPoint[]): RowSet {
  type Columns = ReturnType<(typeof exemplarsTable)['newBlock']>;
  return rowSet<Columns>(exemplarsTable, { rows: points.length }, (c, arrival) => {
    for (const { series, timeMs, value, traceId, spanId, attributes } of points) {
      c._in.push(arrival.second);
      c._req.push(arrival.request);
      c.metric.push(series.metric);
      c.fp.push(fingerprintOf(series));
      c.ts.push(timeMs);
      c.value.push(value);
      c.trace_id.push(traceId);
      c.span_id.push(spanId);
      c.attributes.push(attributes);
    }
  });
}
