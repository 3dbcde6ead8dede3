import {
  bigUint64,
  dateTime,
  dateTimeMs,
  float64Bits,
  lowCardinality,
} from '../../../platform/clickhouse/native-column.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Points of gauges and sums. NaN is kept bit by bit, as Prometheus marks the end of a series with one of them. */
export const numberPointsTable = {
  name: 'm_num',
  columns: {
    ...arrivalColumns,
    metric: columnTypes.name,
    fp: 'UInt64',
    ts: "DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))",
    value: 'Float64 CODEC(Delta, ZSTD(1))',
  },
  orderBy: '(metric, fp, ts)',
  retentionDays: 30,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    metric: lowCardinality(),
    fp: bigUint64(),
    ts: dateTimeMs(),
    value: float64Bits(),
  }),
} satisfies RequestTable;
