import { dateTime, dateTimeMs, float64, lowCardinality } from '../../../platform/clickhouse/native-column.ts';
import { columnTypes, type TableDefinition } from './table-definition.ts';

/**
 * Values of signals, one a slot of five minutes; a slot without data has no row. `n` is the number of events behind the
 * value, -1 where there is none. A slot may be computed again, and the newest `seen` counts.
 */
export const signalPointsTable = {
  name: 'signal_5m',
  columns: {
    signal: columnTypes.name,
    ts: "DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))",
    value: 'Float64 CODEC(Delta, ZSTD(1))',
    n: 'Float64 CODEC(Delta, ZSTD(1))',
    seen: "DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))",
  },
  engine: 'ReplacingMergeTree(seen)',
  partitionBy: 'toYYYYMM(ts)',
  orderBy: '(signal, ts)',
  agesBy: 'ts',
  retentionDays: 400,
} satisfies TableDefinition;

/** Empty columns of a block of points. */
export function newSignalPoints() {
  return { signal: lowCardinality(), ts: dateTime(), value: float64(), n: float64(), seen: dateTimeMs() };
}
