import type { ExponentialPoint } from '@belay/wire';
import { arrayOf, dateTimeMs, float64, int32, int8, nullable } from '../../../platform/clickhouse/native-column.ts';
import { distributionColumns, distributionTypes, pushDistribution } from './distribution-columns.ts';
import { type RowSet, rowSet } from './row-set.ts';
import { columnTypes, type RequestTable } from './table-definition.ts';

/** Points of exponential histograms: bucket i of `pos` counts values in (b^(o+i), b^(o+i+1)], b = 2^(2^-scale). */
export const exponentialPointsTable = {
  name: 'm_exp',
  columns: {
    ...distributionTypes,
    start_ts: columnTypes.milliseconds,
    min: 'Nullable(Float64) CODEC(ZSTD(1))',
    max: 'Nullable(Float64) CODEC(ZSTD(1))',
    scale: 'Int8',
    zero_count: 'Float64 CODEC(ZSTD(1))',
    zero_threshold: 'Float64 CODEC(ZSTD(1))',
    pos_offset: 'Int32 CODEC(ZSTD(1))',
    pos: 'Array(Float64) CODEC(ZSTD(1))',
    neg_offset: 'Int32 CODEC(ZSTD(1))',
    neg: 'Array(Float64) CODEC(ZSTD(1))',
  },
  orderBy: '(metric, fp, ts)',
  retentionDays: 30,
  newBlock: () => ({
    ...distributionColumns(),
    start_ts: dateTimeMs(),
    min: nullable(float64(), 0),
    max: nullable(float64(), 0),
    scale: int8(),
    zero_count: float64(),
    zero_threshold: float64(),
    pos_offset: int32(),
    pos: arrayOf(float64()),
    neg_offset: int32(),
    neg: arrayOf(float64()),
  }),
} satisfies RequestTable;

/** The rows of exponential histograms. */
export function exponentialPointRows(points: readonly ExponentialPoint[]): RowSet {
  type Columns = ReturnType<(typeof exponentialPointsTable)['newBlock']>;
  return rowSet<Columns>(exponentialPointsTable, { rows: points.length }, (c, arrival) => {
    for (const point of points) {
      pushDistribution(c, point, arrival);
      c.start_ts.push(point.startMs);
      c.min.push(point.min);
      c.max.push(point.max);
      c.scale.push(point.scale);
      c.zero_count.push(point.zeroCount);
      c.zero_threshold.push(point.zeroThreshold);
      c.pos_offset.push(point.positiveOffset);
      c.pos.push(point.positive);
      c.neg_offset.push(point.negativeOffset);
      c.neg.push(point.negative);
    }
  });
}
