import {
  arrayOf,
  bigUint64,
  dateTime,
  dateTimeMs,
  float64,
  lowCardinality,
  nullable,
  uint64,
} from '../../../platform/clickhouse/native-column.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Points of histograms with explicit bounds. */
export const histogramPointsTable = {
  name: 'm_hist',
  columns: {
    ...arrivalColumns,
    metric: columnTypes.name,
    fp: 'UInt64',
    ts: "DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))",
    start_ts: columnTypes.milliseconds,
    count: 'UInt64 CODEC(Delta, ZSTD(1))',
    sum: 'Float64 CODEC(Delta, ZSTD(1))',
    min: 'Nullable(Float64) CODEC(ZSTD(1))',
    max: 'Nullable(Float64) CODEC(ZSTD(1))',
    bounds: 'Array(Float64) CODEC(ZSTD(1))',
    counts: 'Array(UInt64) CODEC(ZSTD(1))',
  },
  orderBy: '(metric, fp, ts)',
  retentionDays: 30,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    metric: lowCardinality(),
    fp: bigUint64(),
    ts: dateTimeMs(),
    start_ts: dateTimeMs(),
    count: uint64(),
    sum: float64(),
    min: nullable(float64(), 0),
    max: nullable(float64(), 0),
    bounds: arrayOf(float64()),
    counts: arrayOf(uint64()),
  }),
} satisfies RequestTable;
