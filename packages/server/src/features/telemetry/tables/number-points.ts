import type { NumberPoints } from '@belay/wire';
import { chunks } from '../../../platform/clickhouse/native-chunks.ts';
import { lowCardinality } from '../../../platform/clickhouse/native-column.ts';
import { type RowSet, rowSet } from './row-set.ts';
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
    _in: chunks("DateTime('UTC')", 4),
    _req: chunks('UInt64', 8),
    metric: lowCardinality(),
    fp: chunks('UInt64', 8),
    ts: chunks("DateTime64(3, 'UTC')", 8),
    value: chunks('Float64', 8),
  }),
} satisfies RequestTable;

/** The rows of numbers, copied column by column. */
export function numberPointRows(numbers: NumberPoints): RowSet {
  const { length } = numbers;
  return rowSet<ReturnType<(typeof numberPointsTable)['newBlock']>>(
    numberPointsTable,
    { rows: length },
    (c, arrival) => {
      const fingerprints = new Uint32Array(2 * length);
      const times = new Uint32Array(2 * length);
      for (let i = 0; i < length; i += 1) {
        const series = numbers.series[i];
        if (series === undefined) continue;
        c.metric.push(series.metric);
        fingerprints[2 * i] = series.fpLow;
        fingerprints[2 * i + 1] = series.fpHigh;
        const time = numbers.times[i] ?? 0;
        const high = Math.floor(time / 2 ** 32);
        times[2 * i] = time - high * 2 ** 32;
        times[2 * i + 1] = high;
      }
      c._in.fill(length, arrival.second);
      c._req.fill(length, Number(arrival.request & 0xffff_ffffn), Number(arrival.request >> 32n));
      c.fp.push(fingerprints);
      c.ts.push(times);
      c.value.push(numbers.bits.subarray(0, 2 * length));
    },
  );
}
