import type { Column } from './distribution-samples.ts';
import { type NumberBuckets, unfold, type Unfolding } from './rolled-numbers.ts';
import type { RowBinary } from './row-binary.ts';

const VALUES = ['first', 'last', 'grown', 'all'] as const;
const nameOf = (value: (typeof VALUES)[number], column: string): string =>
  value === 'all' ? column : `${value}_${column}`;

/** Columns behind `fp`, the bounds and the times of the first points; without counts of buckets unless wanted. */
export function histogramBucketColumns(wantsBuckets: boolean): string[] {
  const numbers = ['count', 'sum'].flatMap((column) =>
    VALUES.map((value) => `groupArray(toFloat64(${nameOf(value, column)}))`),
  );
  const lists = VALUES.map((value) =>
    wantsBuckets ? `groupArrayArray(${nameOf(value, 'counts')})` : 'CAST([] AS Array(Float64))',
  );
  return [
    'groupArray(toUInt32(toUnixTimestamp64Milli(last_ts) - toUnixTimestamp64Milli(first_ts)))',
    'groupArray(toFloat64(n))',
    ...numbers,
    ...lists,
  ];
}

type Values = Readonly<Record<(typeof VALUES)[number], Float64Array>>;

/** Rows of a rollup of histograms of one series and one set of bounds, in columns. */
export interface HistogramBuckets {
  readonly firstAt: Float64Array;
  readonly lastAt: Float64Array;
  readonly points: Float64Array;
  readonly count: Values;
  readonly sum: Values;
  /** Counts of single buckets, one after the other, row by row. */
  readonly counts: Values;
}

export function readHistogramBuckets(row: RowBinary, baseMs: number): HistogramBuckets {
  const firstAt = row.offsets(baseMs);
  const lasting = row.offsets(0);
  const points = row.floats();
  const values = (): Values => ({ first: row.floats(), last: row.floats(), grown: row.floats(), all: row.floats() });
  const lastAt = firstAt.map((at, index) => at + (lasting[index] ?? 0));
  return { firstAt, lastAt, points, count: values(), sum: values(), counts: values() };
}

/** Points that stand for what a part of the histograms was, as {@link unfold} makes them. */
export function unfoldPart(
  { firstAt, lastAt, points }: HistogramBuckets,
  { first, last, grown, all }: Values,
  unfolding: Unfolding,
): Column {
  const means = points.map((count, index) => (count * ((first[index] ?? 0) + (last[index] ?? 0))) / 2);
  const numbers: NumberBuckets = {
    firstAt,
    lastAt,
    points,
    first,
    last,
    sum: unfolding.kind === 'delta' ? all : means,
    min: first,
    max: last,
    increase: grown,
  };
  return { ...unfold(numbers, unfolding), stale: undefined };
}

/** What lies at or below each bound in turn, as a classic histogram counts; none when no buckets were read. */
export function* belowEachBound({ points, counts }: HistogramBuckets, bounds: Float64Array): Generator<Values> {
  const width = bounds.length + 1;
  if (counts.first.length !== points.length * width) return;
  let below: Values = { first: zeros(points), last: zeros(points), grown: zeros(points), all: zeros(points) };
  for (let at = 0; at < bounds.length; at += 1) {
    const plus = (value: keyof Values): Float64Array =>
      below[value].map((sum, index) => sum + (counts[value][index * width + at] ?? 0));
    below = { first: plus('first'), last: plus('last'), grown: plus('grown'), all: plus('all') };
    yield below;
  }
}

function zeros(like: Float64Array): Float64Array {
  return new Float64Array(like.length);
}
