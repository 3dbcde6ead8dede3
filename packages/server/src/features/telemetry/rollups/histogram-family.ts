import { STALE_HIGH, STALE_LOW } from '@belay/wire';
import type { RollupFamily, RollupTier } from './rollup-families.ts';

const keys = ['metric', 'fp', 'bounds'];
const POINT = ['ts', 'count', 'sum', 'counts'] as const;
const first = POINT.map((column) => `first_${column}`);
const last = POINT.map((column) => `last_${column}`);
const grown = ['grown_count', 'grown_sum', 'grown_counts'];

const cut = (column: string, seconds: number): string => `toStartOfInterval(${column}, toIntervalSecond(${seconds}))`;
const added = (lists: string): string => `arrayReduce('sumForEach', ${lists})`;
const pick = (tuple: string, from: number, names: readonly string[]): string =>
  names.map((name, index) => `${tuple}.${from + index} AS ${name}`).join(', ');

/** The end of a series is no measurement; the sum of a histogram may be missing. */
const isPoint = `reinterpretAsUInt64(sum) != ${(BigInt(STALE_HIGH) << 32n) | BigInt(STALE_LOW)}`;
const wholeSum = 'if(isFinite(sum), sum, 0)';

/**
 * Histograms with explicit bounds. `count`, `sum` and `counts` add up the points, which is what deltas have counted;
 * `grown_*` is what cumulative ones have counted from the first point to the last, and after a reset from zero.
 */
export function histogramFamily(tiers: readonly RollupTier[]): RollupFamily {
  return {
    name: 'histogram',
    tiers,
    keys,
    sums: ['n', 'count', 'sum', 'grown_count', 'grown_sum'],
    listSums: ['counts', 'grown_counts'],
    columns: ['bucket', ...keys, 'n', 'count', 'sum', 'counts', ...first, ...last, ...grown],
    fromRows: ({ source, bucketSeconds, where }) => `
      SELECT b AS bucket, metric, fp, edges AS bounds, points AS n, all_count AS count, all_sum AS sum, all_counts AS counts,
        ${pick('list[1]', 1, first)}, ${pick('list[-1]', 1, last)},
        arraySum(arrayMap(p -> p.2, ends)) - list[1].2 AS grown_count, arraySum(arrayMap(p -> p.3, ends)) - list[1].3 AS grown_sum,
        arrayMap((a, f) -> a - f, ${added('arrayMap(p -> p.4, ends)')}, list[1].4) AS grown_counts
      FROM (
        SELECT *, arrayFilter((p, q) -> q.2 < p.2, list, arrayPushBack(arrayPopFront(list), (list[-1].1, -1., 0., list[-1].4))) AS ends
        FROM (
          SELECT toDateTime(${cut('ts', bucketSeconds)}, 'UTC') AS b, metric, fp, bounds AS edges, toFloat64(count()) AS points, sum(count) AS all_count,
            sum(${wholeSum}) AS all_sum, sumForEach(counts) AS all_counts, arraySort(p -> p.1, groupArray((ts, count, ${wholeSum}, counts))) AS list
          FROM ${source} WHERE ${where} AND ${isPoint} GROUP BY b, metric, fp, edges
        )
      )`,
    fromRollup: ({ source, bucketSeconds, where }) => `
      SELECT b AS bucket, metric, fp, edges AS bounds, points AS n, all_count AS count, all_sum AS sum, all_counts AS counts,
        ${pick('parts[1]', 1, first)}, ${pick('arraySort(p -> p.5, parts)[-1]', 5, last)},
        arraySum(p -> p.9, parts) + arraySum(j -> j.2.2 - if(j.2.2 >= j.1.6, j.1.6, 0), joints) AS grown_count,
        arraySum(p -> p.10, parts) + arraySum(j -> j.2.3 - if(j.2.2 >= j.1.6, j.1.7, 0), joints) AS grown_sum,
        ${added('arrayConcat(arrayMap(p -> p.11, parts), arrayMap(j -> if(j.2.2 >= j.1.6, arrayMap((a, z) -> a - z, j.2.4, j.1.8), j.2.4), joints))')} AS grown_counts
      FROM (
        SELECT *, arrayFilter(j -> j.2.1 >= j.1.5, arrayZip(arrayPopBack(parts), arrayPopFront(parts))) AS joints
        FROM (
          SELECT toDateTime(${cut('r.bucket', bucketSeconds)}, 'UTC') AS b, metric, fp, r.bounds AS edges, sum(r.n) AS points, sum(r.count) AS all_count,
            sum(r.sum) AS all_sum, sumForEach(r.counts) AS all_counts,
            arraySort(p -> (p.1, p.5), groupArray((${[...first, ...last, ...grown].map((column) => `r.${column}`).join(', ')}))) AS parts
          FROM ${source} AS r WHERE ${where} GROUP BY b, metric, fp, edges
        )
      )`,
  };
}
