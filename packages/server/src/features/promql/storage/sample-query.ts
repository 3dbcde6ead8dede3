import type { Stretch, TelemetryReader } from '../../telemetry/api.ts';
import type { SelectHints } from '../evaluate/evaluation.ts';
import type { FoundSeries } from './find-series.ts';

/** What samples are wanted, of which series. */
export interface SampleQuery {
  readonly reader: TelemetryReader;
  readonly found: readonly FoundSeries[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly hints: SelectHints;
  readonly deadlineMs: number;
}

/** Rows that arrive late are found; those that come from clocks that run ahead by more than this are not. */
const AHEAD_MS = 3_600_000;
/** Beyond this many metrics the series alone tell which are meant: parameters go in the address, which has a limit. */
const NAMED_METRICS = 100;
/** Beyond this many series their list is longer than the scan it saves. */
const LISTED_SERIES = 20_000;
/** Offsets of 32 bits reach 49 days; longer windows are asked for in parts. */
const WINDOW_MS = 2 ** 32 - 1;
/** Bytes of the answer for one sample at most, on average. */
const BYTES_PER_SAMPLE = 16;
const LEAST_BYTES = 65_536;

/** Rollups are made for whatever is this wide and this coarse; what is not is read as it came in, where it still is. */
const WIDE_MS = 2 * 86_400_000;
const BUCKETS_MS = [3_600_000, 300_000];
/** These look at each point. */
const POINT_BY_POINT: ReadonlySet<string> = new Set(
  'irate idelta changes resets timestamp quantile_over_time mad_over_time stddev_over_time stdvar_over_time'.split(' '),
);

/** Which tables have the samples: points, and from when they have gone, or are too many, what was summed up of them. */
export function sampleStretches(query: SampleQuery, family: 'point' | 'histogram'): Promise<readonly Stretch[]> {
  const { reader, fromMs, toMs, hints, deadlineMs } = query;
  const { call, rangeMs, stepMs, budget } = hints;
  const coarse = rangeMs === 0 ? stepMs : Math.min(stepMs, rangeMs / 2);
  const isWide = toMs - fromMs > WIDE_MS && !POINT_BY_POINT.has(call);
  const bucketMs = isWide ? (BUCKETS_MS.find((bucket) => bucket <= coarse) ?? 0) : 0;
  return reader.stretches(
    { family, fromSecond: Math.floor(fromMs / 1000), stepSeconds: bucketMs / 1000 },
    { deadlineMs, ...(budget.signal === undefined ? {} : { signal: budget.signal }) },
  );
}

export interface TableQuery {
  /** The table, and which arrivals it is asked about; all of a table of points by default. */
  readonly table: string;
  readonly stretch?: Stretch;
  /** Expressions behind `fp` and the times. */
  readonly columns: readonly string[];
  /** Further grouping, e.g. by the bounds of a histogram. */
  readonly groupBy?: readonly string[];
  readonly decode: (bytes: Uint8Array, baseMs: number) => void;
}

/** Reads packed samples of a table: one row a series, its times as offsets in ms. */
export async function readSamples(
  query: SampleQuery,
  { table, stretch, columns, groupBy = [], decode }: TableQuery,
): Promise<void> {
  const { reader, found, hints, deadlineMs } = query;
  const { budget } = hints;
  const metrics = [...new Set(found.map(({ series }) => series.metric))];
  const fps = found.length <= LISTED_SERIES ? [...new Set(found.map(({ series }) => series.fp))] : undefined;
  const isNamed = metrics.length <= NAMED_METRICS;
  const bucketMs = 1000 * (stretch?.bucketSeconds ?? 0);
  const end = stretch === undefined || !Number.isFinite(stretch.toSecond) ? undefined : stretch.toSecond;
  const conditions = [
    ...(isNamed ? ['metric IN {metrics:Array(String)}'] : []),
    // Fingerprints are digits, so they may stand in the text.
    ...(fps === undefined ? [] : [`fp IN (${fps.join(',')})`]),
    ...(bucketMs === 0
      ? ['ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts <= fromUnixTimestamp64Milli({to:Int64})']
      : ['bucket >= toDateTime(intDiv({from:Int64}, 1000)) AND bucket <= toDateTime(intDiv({to:Int64}, 1000))']),
    '_in >= toDateTime({in:UInt32})',
    ...(end === undefined ? [] : [`_in < toDateTime(${end})`]),
  ];
  const time = bucketMs === 0 ? 'ts' : 'first_ts';
  // A bucket that began before has points that are wanted.
  const start = bucketMs === 0 ? query.fromMs : Math.floor(query.fromMs / bucketMs) * bucketMs;
  for (let fromMs = start; fromMs <= query.toMs; fromMs += WINDOW_MS) {
    const toMs = Math.min(query.toMs, fromMs + WINDOW_MS - 1);
    const bytes = await reader.bytes(
      `SELECT ${['fp', ...groupBy].join(', ')},
         groupArray(toUInt32(toUnixTimestamp64Milli(${time}) - {from:Int64})), ${columns.join(', ')}
       FROM ${table}
       WHERE ${conditions.join(' AND ')}
       GROUP BY ${['fp', ...groupBy].join(', ')}`,
      {
        name: `promql.${table}`,
        parameters: {
          ...(isNamed ? { metrics } : {}),
          from: fromMs,
          to: toMs,
          in: stretch?.fromSecond ?? Math.max(0, Math.floor((fromMs - AHEAD_MS) / 1000)),
        },
        deadlineMs,
        maxResultBytes: Math.max(LEAST_BYTES, budget.remaining * BYTES_PER_SAMPLE),
        ...(budget.signal === undefined ? {} : { signal: budget.signal }),
      },
    );
    decode(bytes, fromMs);
    await budget.breathe();
  }
}
