import type { HistogramPoint } from '@belay/wire';
import { arrayOf, dateTimeMs, float64, nullable } from '../../../platform/clickhouse/native-column.ts';
import { distributionColumns, distributionTypes, pushDistribution } from './distribution-columns.ts';
import { type RowSet, rowSet } from './row-set.ts';
import { columnTypes, type RequestTable } from './table-definition.ts';

/** Points of histograms with explicit bounds; `counts` has one entry more than `bounds`, or both are empty. */
export const histogramPointsTable = {
  name: 'm_hist',
  columns: {
    ...distributionTypes,
    start_ts: columnTypes.milliseconds,
    min: 'Nullable(Float64) CODEC(ZSTD(1))',
    max: 'Nullable(Float64) CODEC(ZSTD(1))',
    bounds: 'Array(Float64) CODEC(ZSTD(1))',
    counts: 'Array(Float64) CODEC(ZSTD(1))',
  },
  orderBy: '(metric, fp, ts)',
  retentionDays: 30,
  newBlock: () => ({
    ...distributionColumns(),
    start_ts: dateTimeMs(),
    min: nullable(float64(), 0),
    max: nullable(float64(), 0),
    bounds: arrayOf(float64()),
    counts: arrayOf(float64()),
  }),
} satisfies RequestTable;

/** The rows of histograms. */
export function histogramPointRows(points: readonly HistogramPoint[]): RowSet {
  type Columns = ReturnType<(typeof histogramPointsTable)['newBlock']>;
  return rowSet<Columns>(histogramPointsTable, { rows: points.length }, (c, arrival) => {
    for (const point of points) {
      pushDistribution(c, point, arrival);
      c.start_ts.push(point.startMs);
      c.min.push(point.min);
      c.max.push(point.max);
      c.bounds.push(point.bounds);
      c.counts.push(point.counts);
    }
  });
}
