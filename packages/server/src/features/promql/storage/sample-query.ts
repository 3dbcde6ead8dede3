import type { TelemetryReader } from '../../telemetry/api.ts';
import type { Budget } from '../evaluate/budget.ts';
import type { FoundSeries } from './find-series.ts';

/** What samples are wanted, of which series. */
export interface SampleQuery {
  readonly reader: TelemetryReader;
  readonly found: readonly FoundSeries[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly budget: Budget;
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

export interface TableQuery {
  readonly table: string;
  /** Expressions behind `fp` and the times. */
  readonly columns: readonly string[];
  /** Further grouping, e.g. by the bounds of a histogram. */
  readonly groupBy?: readonly string[];
  readonly decode: (bytes: Uint8Array, baseMs: number) => void;
}

/** Reads packed samples of a table: one row a series, its times as offsets in ms. */
export async function readSamples(
  query: SampleQuery,
  { table, columns, groupBy = [], decode }: TableQuery,
): Promise<void> {
  const { reader, found, budget, deadlineMs } = query;
  const metrics = [...new Set(found.map(({ series }) => series.metric))];
  const fps = found.length <= LISTED_SERIES ? [...new Set(found.map(({ series }) => series.fp))] : undefined;
  const isNamed = metrics.length <= NAMED_METRICS;
  const conditions = [
    ...(isNamed ? ['metric IN {metrics:Array(String)}'] : []),
    // Fingerprints are digits, so they may stand in the text.
    ...(fps === undefined ? [] : [`fp IN (${fps.join(',')})`]),
    'ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts <= fromUnixTimestamp64Milli({to:Int64})',
    '_in >= toDateTime({in:UInt32})',
  ];
  for (let fromMs = query.fromMs; fromMs <= query.toMs; fromMs += WINDOW_MS) {
    const toMs = Math.min(query.toMs, fromMs + WINDOW_MS - 1);
    const bytes = await reader.bytes(
      `SELECT ${['fp', ...groupBy].join(', ')},
         groupArray(toUInt32(toUnixTimestamp64Milli(ts) - {from:Int64})), ${columns.join(', ')}
       FROM ${table}
       WHERE ${conditions.join(' AND ')}
       GROUP BY ${['fp', ...groupBy].join(', ')}`,
      {
        name: `promql.${table}`,
        parameters: {
          ...(isNamed ? { metrics } : {}),
          from: fromMs,
          to: toMs,
          in: Math.max(0, Math.floor((fromMs - AHEAD_MS) / 1000)),
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
