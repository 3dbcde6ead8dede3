import {
  arrayOf,
  bigUint64,
  dateTime,
  dateTimeMs,
  float64,
  lowCardinality,
  uint64,
} from '../../../platform/clickhouse/native-column.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Points of summaries: quantiles that the sender has computed. */
export const summaryPointsTable = {
  name: 'm_summary',
  columns: {
    ...arrivalColumns,
    metric: columnTypes.name,
    fp: 'UInt64',
    ts: "DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))",
    count: 'UInt64 CODEC(Delta, ZSTD(1))',
    sum: 'Float64 CODEC(Delta, ZSTD(1))',
    quantiles: 'Array(Float64) CODEC(ZSTD(1))',
    values: 'Array(Float64) CODEC(ZSTD(1))',
  },
  orderBy: '(metric, fp, ts)',
  retentionDays: 30,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    metric: lowCardinality(),
    fp: bigUint64(),
    ts: dateTimeMs(),
    count: uint64(),
    sum: float64(),
    quantiles: arrayOf(float64()),
    values: arrayOf(float64()),
  }),
} satisfies RequestTable;
