import { STALE_HIGH, STALE_LOW } from '@belay/wire';
import type { ExponentialPoint, HistogramPoint, SeriesRef, SummaryPoint } from '@belay/wire';
import { type DoubleColumn, doubles } from '../../../platform/clickhouse/native-chunks.ts';
import {
  bigUint64,
  dateTime,
  dateTimeMs,
  float64,
  lowCardinality,
  type NativeColumn,
} from '../../../platform/clickhouse/native-column.ts';
import type { Arrival } from './row-set.ts';
import { arrivalColumns, columnTypes } from './table-definition.ts';

/** Types of the columns that every kind of distribution has. Counts of float histograms are no whole numbers. */
export const distributionTypes = {
  ...arrivalColumns,
  metric: columnTypes.name,
  fp: 'UInt64',
  ts: "DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))",
  count: 'Float64 CODEC(Delta, ZSTD(1))',
  sum: 'Float64 CODEC(Delta, ZSTD(1))',
} as const;

/** Empty columns of {@link distributionTypes}. */
export function distributionColumns(): {
  _in: NativeColumn<number>;
  _req: NativeColumn<bigint>;
  metric: NativeColumn<string>;
  fp: NativeColumn<bigint>;
  ts: NativeColumn<number>;
  count: NativeColumn<number>;
  sum: DoubleColumn;
} {
  return {
    _in: dateTime(),
    _req: bigUint64(),
    metric: lowCardinality(),
    fp: bigUint64(),
    ts: dateTimeMs(),
    count: float64(),
    sum: doubles(),
  };
}

/** Pushes what every kind of distribution has. The sum of one that has ended has the bits of Prometheus' marker. */
export function pushDistribution(
  c: ReturnType<typeof distributionColumns>,
  point: HistogramPoint | ExponentialPoint | SummaryPoint,
  arrival: Arrival,
): void {
  c._in.push(arrival.second);
  c._req.push(arrival.request);
  c.metric.push(point.series.metric);
  c.fp.push(fingerprintOf(point.series));
  c.ts.push(point.timeMs);
  c.count.push(point.count);
  if (point.isStale) c.sum.pushWords(STALE_LOW, STALE_HIGH);
  else c.sum.push(point.sum);
}

/** The fingerprint of a series as one number. */
export function fingerprintOf({ fpLow, fpHigh }: Pick<SeriesRef, 'fpLow' | 'fpHigh'>): bigint {
  return (BigInt(fpHigh) << 32n) | BigInt(fpLow);
}
