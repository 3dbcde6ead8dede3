import type { RowBinary } from './row-binary.ts';

/** Buckets of one series, in columns, as a rollup has them. */
export interface NumberBuckets {
  /** Unix ms of the first and the last point of each bucket. */
  readonly firstAt: Float64Array;
  readonly lastAt: Float64Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly points: Float64Array;
  readonly sum: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly increase: Float64Array;
}

export interface Unfolding {
  /** The function around the selector; empty for a plain selector. */
  readonly call: string;
  /** Window of the selector, ms; 0 for a plain one. */
  readonly rangeMs: number;
  /** A plain selector is looked at in these times: the last one (Unix ms), and every step before it. */
  readonly endMs: number;
  readonly stepMs: number;
  /** A counter grows from bucket to bucket; of deltas the points of a bucket add up. */
  readonly kind: 'gauge' | 'counter' | 'delta';
}

export interface Unfolded {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** Columns behind `fp` and the times of the first points. */
export const NUMBER_BUCKET_COLUMNS = [
  'groupArray(toUInt32(toUnixTimestamp64Milli(last_ts) - toUnixTimestamp64Milli(first_ts)))',
  ...['first', 'last', 'n', 'sum', 'min', 'max', 'increase'].map((column) => `groupArray(toFloat64(${column}))`),
] as const;

export function readNumberBuckets(row: RowBinary, baseMs: number): NumberBuckets {
  const firstAt = row.offsets(baseMs);
  const lasting = row.offsets(0);
  const [first, last, points] = [row.floats(), row.floats(), row.floats()];
  const [sum, min, max, increase] = [row.floats(), row.floats(), row.floats(), row.floats()];
  const lastAt = firstAt.map((at, index) => at + (lasting[index] ?? 0));
  return { firstAt, lastAt, first, last, points, sum, min, max, increase };
}

/**
 * Points that stand for buckets, such that the function around them is answered as well as buckets can: averages, sums
 * and counts exactly, extremes exactly, growth exactly with the growth within a bucket spread evenly, and plain values
 * exactly at the first and the last point, on a straight line in between.
 */
export function unfold(buckets: NumberBuckets, unfolding: Unfolding): Unfolded {
  const times: number[] = [];
  const values: number[] = [];
  for (let index = 0; index < buckets.firstAt.length; index += 1) {
    const own = timesOf(buckets, index, unfolding);
    own.forEach((time, point) => {
      times.push(time);
      values.push(valueOf(buckets, index, { unfolding, point, times: own }));
    });
  }
  return { times: Float64Array.from(times), values: Float64Array.from(values) };
}

/** Functions under which a fall means that a counter began anew. */
export const OF_COUNTERS: ReadonlySet<string> = new Set(['rate', 'increase', 'irate', 'resets']);

/** Functions that look at how many points there are: each bucket gets as many as it had. */
const COUNTED: ReadonlySet<string> = new Set(
  'avg_over_time sum_over_time count_over_time stddev_over_time stdvar_over_time quantile_over_time mad_over_time'.split(
    ' ',
  ),
);
/** Points that a full window holds, unless there were fewer: the rest of a window is guessed from their distance. */
const PER_WINDOW = 60;
/** A bucket that stands for an absurd number of points is no reason to run out of memory. */
const MOST_POINTS = 100_000;

function timesOf(buckets: NumberBuckets, index: number, unfolding: Unfolding): number[] {
  const from = buckets.firstAt[index] ?? 0;
  const to = buckets.lastAt[index] ?? 0;
  const { call, rangeMs, endMs, stepMs, kind } = unfolding;
  if (COUNTED.has(call)) return evenly(from, to, Math.max(1, Math.round(buckets.points[index] ?? 1)));
  if (rangeMs > 0) {
    const count = Math.min(buckets.points[index] ?? 1, 1 + Math.ceil((PER_WINDOW * (to - from)) / rangeMs));
    return evenly(from, to, kind === 'counter' && hasReset(buckets, index) ? Math.max(4, count) : count);
  }
  const looked: number[] = from < to ? [from] : [];
  const step = Math.max(1, stepMs);
  for (let at = endMs - Math.floor((endMs - from) / step) * step; at < to; at += step) if (at > from) looked.push(at);
  return [...looked, to];
}

/** So many times from the first to the last; equal ones would be taken for one point. */
function evenly(from: number, to: number, count: number): number[] {
  const most = Math.min(MOST_POINTS, count, to - from + 1);
  if (most <= 1) return [to];
  return Array.from({ length: most }, (_, point) => Math.round(from + ((to - from) * point) / (most - 1)));
}

interface Place {
  readonly unfolding: Unfolding;
  readonly point: number;
  readonly times: readonly number[];
}

function valueOf(buckets: NumberBuckets, index: number, { unfolding, point, times }: Place): number {
  const { call, kind } = unfolding;
  const count = times.length;
  const [first, last] = [buckets.first[index] ?? 0, buckets.last[index] ?? 0];
  if (kind === 'delta') return (buckets.sum[index] ?? 0) / count;
  if (COUNTED.has(call)) return (buckets.sum[index] ?? 0) / (buckets.points[index] ?? 1);
  if (call === 'max_over_time') return buckets.max[index] ?? 0;
  if (call === 'min_over_time') return buckets.min[index] ?? 0;
  if (kind === 'counter' && hasReset(buckets, index) && count >= 4) {
    return resetValue({ first, last, increase: buckets.increase[index] ?? 0, point, count });
  }
  const [from, to, at] = [times[0] ?? 0, times[count - 1] ?? 0, times[point] ?? 0];
  return point === count - 1 ? last : first + ((last - first) * (at - from)) / (to - from);
}

function hasReset({ first, last, increase }: NumberBuckets, index: number): boolean {
  const [from, to, grown] = [first[index] ?? 0, last[index] ?? 0, increase[index] ?? 0];
  return grown > (to - from) * (1 + 1e-9) + 1e-9;
}

/** A counter that was set back grows to a peak, falls to zero, and grows to its last value: the growth is kept exactly. */
function resetValue(bucket: {
  readonly first: number;
  readonly last: number;
  readonly increase: number;
  readonly point: number;
  readonly count: number;
}): number {
  const { first, last, increase, point, count } = bucket;
  const peak = first + increase - last;
  const fall = Math.floor(count / 2);
  if (point < fall) return first + ((peak - first) * point) / (fall - 1);
  return (last * (point - fall)) / (count - 1 - fall);
}
