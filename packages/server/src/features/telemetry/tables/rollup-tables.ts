import { columnTypes, type TableDefinition } from './table-definition.ts';

const bucketColumns = {
  /** First second of the stretch of arrival that the row sums up. */
  _in: "DateTime('UTC') CODEC(Delta, ZSTD(1))",
  /** Start of the bucket, by the time that the rows themselves carry. */
  bucket: "DateTime('UTC') CODEC(Delta, ZSTD(1))",
} as const;

const number = 'Float64 CODEC(ZSTD(1))';
const histogram = 'Map(Int16, UInt64) CODEC(ZSTD(1))';

const spanColumns = {
  ...bucketColumns,
  service: columnTypes.name,
  name: columnTypes.name,
  kind: 'UInt8',
  is_unit: 'UInt8',
  is_error: 'UInt8',
  route: columnTypes.name,
  flag_key: columnTypes.name,
  variant: columnTypes.name,
  n: number,
  errors: number,
  /** Nanoseconds. */
  dsum: 'UInt64 CODEC(ZSTD(1))',
  dmin: 'UInt64 CODEC(ZSTD(1))',
  dmax: 'UInt64 CODEC(ZSTD(1))',
  /** Durations by log2 bucket, 32 a doubling; see rollup-histogram.ts. */
  hist: histogram,
} as const;

const pointColumns = {
  ...bucketColumns,
  metric: columnTypes.name,
  fp: 'UInt64',
  n: number,
  sum: number,
  min: number,
  max: number,
  first: number,
  first_ts: columnTypes.milliseconds,
  last: number,
  last_ts: columnTypes.milliseconds,
  /** Growth of a counter from the first to the last point, resets included. */
  increase: number,
  resets: 'UInt32 CODEC(ZSTD(1))',
} as const;

const numbers = 'Array(Float64) CODEC(ZSTD(1))';

const histogramColumns = {
  ...bucketColumns,
  metric: columnTypes.name,
  fp: 'UInt64',
  bounds: numbers,
  n: number,
  /** Over all points: what deltas have counted. */
  count: number,
  sum: number,
  counts: numbers,
  first_ts: columnTypes.milliseconds,
  first_count: number,
  first_sum: number,
  first_counts: numbers,
  last_ts: columnTypes.milliseconds,
  last_count: number,
  last_sum: number,
  last_counts: numbers,
  /** From the first to the last point, resets included: what cumulative histograms have counted. */
  grown_count: number,
  grown_sum: number,
  grown_counts: numbers,
} as const;

const logColumns = {
  ...bucketColumns,
  service: columnTypes.name,
  severity: 'UInt8',
  pattern: 'UInt64',
  n: number,
} as const;

const outcomeColumns = {
  ...bucketColumns,
  service: columnTypes.name,
  rollout: columnTypes.name,
  flag: columnTypes.name,
  variant: columnTypes.name,
  arm: columnTypes.name,
  side: columnTypes.name,
  value_name: columnTypes.name,
  units: 'UInt64 CODEC(ZSTD(1))',
  errors: 'UInt64 CODEC(ZSTD(1))',
  exposures: 'UInt64 CODEC(ZSTD(1))',
  hist: histogram,
} as const;

const spanOrder = '(bucket, service, name, kind, is_unit, is_error)';
const pointOrder = '(metric, fp, bucket)';
const logOrder = '(bucket, service, severity, pattern)';
const outcomeOrder = '(bucket, service, flag, rollout, value_name)';

/** Sums of rows by bucket; made from closed stretches of arrival, see docs/adr/0012-rollups-follow-arrival.md. */
export const rollupTables = [
  { name: 'span_1m', columns: spanColumns, orderBy: spanOrder, retentionDays: 30 },
  { name: 'span_1h', columns: spanColumns, orderBy: spanOrder, retentionDays: 400 },
  { name: 'span_1d', columns: spanColumns, orderBy: spanOrder, retentionDays: 1830 },
  { name: 'm_5m', columns: pointColumns, orderBy: pointOrder, retentionDays: 30 },
  { name: 'm_1h', columns: pointColumns, orderBy: pointOrder, retentionDays: 400 },
  { name: 'm_1d', columns: pointColumns, orderBy: pointOrder, retentionDays: 1830 },
  { name: 'hist_5m', columns: histogramColumns, orderBy: pointOrder, retentionDays: 30 },
  { name: 'hist_1h', columns: histogramColumns, orderBy: pointOrder, retentionDays: 400 },
  { name: 'hist_1d', columns: histogramColumns, orderBy: pointOrder, retentionDays: 1830 },
  { name: 'log_1m', columns: logColumns, orderBy: logOrder, retentionDays: 30 },
  { name: 'log_1h', columns: logColumns, orderBy: logOrder, retentionDays: 400 },
  { name: 'outcome_1m', columns: outcomeColumns, orderBy: outcomeOrder, retentionDays: 400 },
  { name: 'outcome_1h', columns: outcomeColumns, orderBy: outcomeOrder, retentionDays: 1830 },
] as const satisfies readonly TableDefinition[];

export type RollupTableName = (typeof rollupTables)[number]['name'];

/** How far each rollup has come. It lies beside the rollups, so that a copy of the store is right in itself. */
export const marksTable = {
  name: 'storage_marks',
  columns: { name: 'String', through: "DateTime('UTC')", at: "DateTime64(3, 'UTC')" },
  engine: 'ReplacingMergeTree(at)',
  partitionBy: '',
  orderBy: 'name',
  agesBy: 'at',
  retentionDays: 36_500,
} as const satisfies TableDefinition;
