import type { SummaryPoint } from '@belay/wire';
import { arrayOf, float64 } from '../../../platform/clickhouse/native-column.ts';
import { distributionColumns, distributionTypes, pushDistribution } from './distribution-columns.ts';
import { type RowSet, rowSet } from './row-set.ts';
import type { RequestTable } from './table-definition.ts';

/** Points of summaries: quantiles that the sender has computed. */
export const summaryPointsTable = {
  name: 'm_summary',
  columns: {
    ...distributionTypes,
    quantiles: 'Array(Float64) CODEC(ZSTD(1))',
    values: 'Array(Float64) CODEC(ZSTD(1))',
  },
  orderBy: '(metric, fp, ts)',
  retentionDays: 30,
  newBlock: () => ({ ...distributionColumns(), quantiles: arrayOf(float64()), values: arrayOf(float64()) }),
} satisfies RequestTable;

/** The rows of summaries. */
export function summaryPointRows(points: readonly SummaryPoint[]): RowSet {
  type Columns = ReturnType<(typeof summaryPointsTable)['newBlock']>;
  return rowSet<Columns>(summaryPointsTable, { rows: points.length }, (c, arrival) => {
    for (const point of points) {
      pushDistribution(c, point, arrival);
      c.quantiles.push(point.quantiles);
      c.values.push(point.values);
    }
  });
}
