import { logsTable } from '../tables/logs.ts';
import type { RollupTableName } from '../tables/rollup-tables.ts';
import { histogramFamily } from './histogram-family.ts';
import { durationBucket } from './rollup-histogram.ts';

export interface RollupTier {
  readonly table: RollupTableName;
  /** Table that it is made from: rows as they came in, or the finer rollup. */
  readonly source: string;
  readonly bucketSeconds: number;
  /** Least stretch of arrival that is summed up at once. */
  readonly chunkSeconds: number;
}

/** Rollups of one kind of rows, from fine to coarse. */
export interface RollupFamily {
  readonly name: 'span' | 'point' | 'histogram' | 'log' | 'outcome';
  readonly tiers: readonly RollupTier[];
  readonly keys: readonly string[];
  /** Columns that add up, and arrays that add up item by item. */
  readonly sums: readonly string[];
  readonly listSums?: readonly string[];
  /** Columns in the order in which both selects give them, after `_in`. */
  readonly columns: readonly string[];
  /** SELECT of all columns but `_in` from raw rows `WHERE ${where}`; `bucket` cuts `ts`. */
  fromRows(options: SelectOptions): string;
  /** The same from rows of a finer rollup, or of the same one to put rows of the same bucket together. */
  fromRollup(options: SelectOptions): string;
}

export interface SelectOptions {
  readonly source: string;
  readonly bucketSeconds: number;
  readonly where: string;
}

const MINUTES = 60;
const HOURS = 3600;
const DAYS = 86_400;
/** Names of operations and patterns a service may bring into one chunk; what is beyond is counted together. */
const MOST_NAMES = 1000;
/** Not much more than ten buckets are cut in two by the edges of arrival, and no more than this is read raw. */
const CHUNK = 300;

const tier = (table: RollupTableName, source: string, bucketSeconds: number): RollupTier => ({
  table,
  source,
  bucketSeconds,
  chunkSeconds: Math.max(CHUNK, bucketSeconds),
});

const spanKeys = ['service', 'name', 'kind', 'is_unit', 'is_error', 'route', 'flag_key', 'variant'];
const pointKeys = ['metric', 'fp'];
const logKeys = ['service', 'severity', 'pattern'];
const outcomeKeys = ['service', 'rollout', 'flag', 'variant', 'arm', 'side', 'value_name'];

const cut = (column: string, seconds: number): string => `toStartOfInterval(${column}, toIntervalSecond(${seconds}))`;

const spans: RollupFamily = {
  name: 'span',
  tiers: [tier('span_1m', 'spans', MINUTES), tier('span_1h', 'span_1m', HOURS), tier('span_1d', 'span_1h', DAYS)],
  keys: spanKeys,
  sums: ['n', 'errors', 'dsum'],
  columns: ['bucket', ...spanKeys, 'n', 'errors', 'dsum', 'dmin', 'dmax', 'hist'],
  // Grouping by duration bucket first is cheaper than adding up maps of one entry.
  fromRows: ({ source, bucketSeconds, where }) => `
    WITH busy AS (SELECT toString(service) AS s, toString(name) AS o FROM ${source} WHERE ${where}
      GROUP BY s, o ORDER BY count() DESC LIMIT ${MOST_NAMES} BY s)
    SELECT b AS bucket, ${spanKeys.map((key) => `k_${key} AS ${key}`).join(', ')}, sum(w) AS n, if(k_is_error = 1, sum(w), 0) AS errors,
      sum(d) AS dsum, min(lo) AS dmin, max(hi) AS dmax,
      CAST((groupArray(i), groupArray(toUInt64(round(w)))), 'Map(Int16, UInt64)') AS hist
    FROM (
      SELECT toDateTime(${cut('ts', bucketSeconds)}, 'UTC') AS b, toString(service) AS k_service,
        (k_service, toString(name)) IN (SELECT s, o FROM busy) AS is_busy,
        if(is_busy, toString(name), '(other)') AS k_name, kind AS k_kind, is_unit AS k_is_unit, is_error AS k_is_error,
        if(is_busy, toString(route), '') AS k_route, toString(flag_key) AS k_flag_key, toString(variant) AS k_variant,
        ${durationBucket('duration_ns')} AS i,
        sum(weight) AS w, if(min(weight) = 1 AND max(weight) = 1, sum(duration_ns), toUInt64(round(sum(duration_ns * weight)))) AS d,
        min(duration_ns) AS lo, max(duration_ns) AS hi
      FROM ${source} WHERE ${where}
      GROUP BY b, is_busy, ${spanKeys.map((key) => `k_${key}`).join(', ')}, i
    ) GROUP BY bucket, ${spanKeys.map((key) => `k_${key}`).join(', ')}`,
  fromRollup: ({ source, bucketSeconds, where }) => `
    SELECT toDateTime(${cut('r.bucket', bucketSeconds)}, 'UTC') AS bucket, ${spanKeys.join(', ')}, sum(r.n) AS n, sum(r.errors) AS errors,
      sum(r.dsum) AS dsum, min(r.dmin) AS dmin, max(r.dmax) AS dmax, sumMap(r.hist) AS hist
    FROM ${source} AS r WHERE ${where} GROUP BY bucket, ${spanKeys.join(', ')}`,
};

/** Growth over points in the order of time: after a reset a counter has grown from zero. */
const grown = (list: string): string =>
  `arraySum((a, b) -> if(b >= a, b - a, b), arrayPopBack(${list}), arrayPopFront(${list}))`;
const fallen = (list: string): string => `arrayCount((a, b) -> b < a, arrayPopBack(${list}), arrayPopFront(${list}))`;

const points: RollupFamily = {
  name: 'point',
  tiers: [tier('m_5m', 'm_num', CHUNK), tier('m_1h', 'm_5m', HOURS), tier('m_1d', 'm_1h', DAYS)],
  keys: pointKeys,
  sums: ['n', 'sum', 'increase'],
  columns: [
    'bucket',
    ...pointKeys,
    'n',
    'sum',
    'min',
    'max',
    'first',
    'first_ts',
    'last',
    'last_ts',
    'increase',
    'resets',
  ],
  // Stale markers and other numbers that cannot be added up are no measurements.
  fromRows: ({ source, bucketSeconds, where }) => `
    SELECT b AS bucket, metric, fp, c AS n, s AS sum, lo AS min, hi AS max, vs[1] AS first, list[1].1 AS first_ts, vs[-1] AS last,
      list[-1].1 AS last_ts, ${grown('vs')} AS increase, toUInt32(${fallen('vs')}) AS resets
    FROM (
      SELECT toDateTime(${cut('ts', bucketSeconds)}, 'UTC') AS b, metric, fp, toFloat64(count()) AS c, sum(value) AS s, min(value) AS lo,
        max(value) AS hi, arraySort(p -> p.1, groupArray((ts, value))) AS list, list.2 AS vs
      FROM ${source} WHERE ${where} AND isFinite(value) GROUP BY b, metric, fp
    )`,
  fromRollup: ({ source, bucketSeconds, where }) => `
    SELECT b AS bucket, metric, fp, sn AS n, ss AS sum, lo AS min, hi AS max, parts[1].2 AS first, parts[1].1 AS first_ts,
      latest.2 AS last, latest.1 AS last_ts,
      arraySum(p -> p.5, parts) + arraySum((p, q) -> multiIf(q.1 < p.3, 0, q.2 >= p.4, q.2 - p.4, q.2), arrayPopBack(parts), arrayPopFront(parts)) AS increase,
      toUInt32(arraySum(p -> p.6, parts) + arrayCount((p, q) -> q.1 >= p.3 AND q.2 < p.4, arrayPopBack(parts), arrayPopFront(parts))) AS resets
    FROM (
      SELECT toDateTime(${cut('r.bucket', bucketSeconds)}, 'UTC') AS b, metric, fp, sum(r.n) AS sn, sum(r.sum) AS ss, min(r.min) AS lo,
        max(r.max) AS hi, max((r.last_ts, r.last)) AS latest,
        arraySort(p -> (p.1, p.3), groupArray((r.first_ts, r.first, r.last_ts, r.last, r.increase, r.resets))) AS parts
      FROM ${source} AS r WHERE ${where} GROUP BY b, metric, fp
    )`,
};

const histograms = histogramFamily([
  tier('hist_5m', 'm_hist', CHUNK),
  tier('hist_1h', 'hist_5m', HOURS),
  tier('hist_1d', 'hist_1h', DAYS),
]);

const pattern = 'pattern' in logsTable.columns ? 'pattern' : 'toUInt64(0)';

const logs: RollupFamily = {
  name: 'log',
  tiers: [tier('log_1m', 'logs', MINUTES), tier('log_1h', 'log_1m', HOURS)],
  keys: logKeys,
  sums: ['n'],
  columns: ['bucket', ...logKeys, 'n'],
  fromRows: ({ source, bucketSeconds, where }) => `
    WITH busy AS (SELECT toString(service) AS s, ${pattern} AS o FROM ${source} WHERE ${where}
      GROUP BY s, o ORDER BY count() DESC LIMIT ${MOST_NAMES} BY s)
    SELECT b AS bucket, k_service AS service, k_severity AS severity, k_pattern AS pattern, sum(weight) AS n
    FROM (
      SELECT toDateTime(${cut('ts', bucketSeconds)}, 'UTC') AS b, toString(service) AS k_service, severity AS k_severity,
        if((k_service, ${pattern}) IN (SELECT s, o FROM busy), ${pattern}, toUInt64(0)) AS k_pattern, weight
      FROM ${source} WHERE ${where}
    ) GROUP BY b, k_service, k_severity, k_pattern`,
  fromRollup: ({ source, bucketSeconds, where }) => `
    SELECT toDateTime(${cut('r.bucket', bucketSeconds)}, 'UTC') AS bucket, service, severity, pattern, sum(r.n) AS n
    FROM ${source} AS r WHERE ${where} GROUP BY bucket, service, severity, pattern`,
};

const outcomeSums = (row: string): string =>
  ['units', 'errors', 'exposures'].map((column) => `sum(${row}.${column}) AS ${column}`).join(', ');

const outcomes: RollupFamily = {
  name: 'outcome',
  tiers: [tier('outcome_1m', 'outcomes', MINUTES), tier('outcome_1h', 'outcome_1m', HOURS)],
  keys: outcomeKeys,
  sums: ['units', 'errors', 'exposures'],
  columns: ['bucket', ...outcomeKeys, 'units', 'errors', 'exposures', 'hist'],
  // Outcomes are judged by when they arrive, so their buckets are buckets of arrival, too.
  fromRows: ({ source, bucketSeconds, where }) => `
    SELECT toDateTime(${cut('r._in', bucketSeconds)}, 'UTC') AS bucket, ${outcomeKeys.join(', ')}, ${outcomeSums('r')}, sumMap(r.hist) AS hist
    FROM ${source} AS r WHERE ${where} GROUP BY bucket, ${outcomeKeys.join(', ')}`,
  fromRollup: ({ source, bucketSeconds, where }) => `
    SELECT toDateTime(${cut('r.bucket', bucketSeconds)}, 'UTC') AS bucket, ${outcomeKeys.join(', ')}, ${outcomeSums('r')}, sumMap(r.hist) AS hist
    FROM ${source} AS r WHERE ${where} GROUP BY bucket, ${outcomeKeys.join(', ')}`,
};

export const rollupFamilies: readonly RollupFamily[] = [spans, points, histograms, logs, outcomes];
