// What the rows said while they were there, kept beside the store, and what the rollups say of them a year later.
import { rollupQuantiles, type TelemetryReader } from '../../packages/server/src/features/telemetry/api.ts';
import type { RollupTestbed } from '../../packages/server/src/features/telemetry/testing.ts';

const QUANTILES = [0.5, 0.95, 0.99];
const exact = (list: string): string =>
  `arrayMap(q -> arraySort(${list})[toUInt32(ceil(q * count()))] / 1e6, [${QUANTILES.join(', ')}])`;

/** Tables of truths; they are no part of what is measured. */
export async function prepareTruth(bed: Pick<RollupTestbed, 'run'>): Promise<void> {
  for (const query of [
    `CREATE TABLE truth_span (step UInt32, at DateTime('UTC'), service String, name String, n Float64, errors Float64, dsum Float64, qs Array(Float64)) ENGINE = MergeTree ORDER BY at`,
    `CREATE TABLE truth_log (at DateTime('UTC'), service String, severity UInt8, n Float64) ENGINE = MergeTree ORDER BY at`,
    `CREATE TABLE truth_point (at DateTime('UTC'), fp UInt64, n Float64, sum Float64, lo Float64, hi Float64, increase Float64) ENGINE = MergeTree ORDER BY at`,
    `CREATE TABLE truth_hist (at DateTime('UTC'), fp UInt64, n Float64, grown Array(Float64)) ENGINE = MergeTree ORDER BY at`,
    `CREATE TABLE truth_outcome (at DateTime('UTC'), service String, units Float64, errors Float64) ENGINE = MergeTree ORDER BY at`,
  ])
    await bed.run(query);
}

/** What the rows of a day say, by the time that they carry: asked when all of them are there and none has gone. */
export async function rememberDay(bed: Pick<RollupTestbed, 'run'>, from: number): Promise<void> {
  const inDay = `ts >= toDateTime(${from}, 'UTC') AND ts < toDateTime(${from + 86_400}, 'UTC')`;
  for (const [step, name] of [
    [3600, `''`],
    [86_400, `''`],
    [86_400, 'toString(name)'],
  ] as const) {
    await bed.run(`INSERT INTO truth_span SELECT ${step}, toStartOfInterval(ts, toIntervalSecond(${step})) AS at, toString(service) AS service, ${name} AS name,
      count(), countIf(is_error = 1), sum(duration_ns), ${exact('groupArray(duration_ns)')} FROM spans WHERE ${inDay} GROUP BY at, service, name`);
  }
  await bed.run(
    `INSERT INTO truth_log SELECT toStartOfHour(ts) AS at, toString(service) AS service, severity, count() FROM logs WHERE ${inDay} GROUP BY at, service, severity`,
  );
  const grown = `arraySum((a, b) -> if(b >= a, b - a, b), arrayPopBack(vs), arrayPopFront(vs))`;
  await bed.run(`INSERT INTO truth_point SELECT at, fp, n, s, lo, hi, ${grown} FROM (
    SELECT toStartOfHour(ts) AS at, fp, count() AS n, sum(value) AS s, min(value) AS lo, max(value) AS hi, arraySort(p -> p.1, groupArray((ts, value))).2 AS vs
    FROM m_num WHERE ${inDay} GROUP BY at, fp)`);
  await bed.run(`INSERT INTO truth_hist SELECT at, fp, n,
    arrayMap(i -> arraySum((a, b) -> if(arraySum(b) >= arraySum(a), b[i] - a[i], b[i]), arrayPopBack(vs), arrayPopFront(vs)), arrayEnumerate(vs[1])) FROM (
    SELECT toStartOfHour(ts) AS at, fp, count() AS n, arraySort(p -> p.1, groupArray((ts, counts))).2 AS vs FROM m_hist WHERE ${inDay} GROUP BY at, fp)`);
  await bed.run(
    `INSERT INTO truth_outcome SELECT toStartOfHour(_in) AS at, toString(service) AS service, sum(units), sum(errors) FROM outcomes WHERE ${inDay} GROUP BY at, service`,
  );
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface Compared {
  readonly what: string;
  readonly groups: number;
  /** Groups whose counts, sums and extremes are not those of the rows. */
  readonly wrong: number;
}

/** Compares every group of the range; sums of floating-point numbers may differ in their last digits. */
export async function compareSums(reader: TelemetryReader, { from, to }: Range): Promise<Compared[]> {
  const range = { fromMs: from * 1000, toMs: to * 1000, stepSeconds: 3600 };
  const sums = async (family: 'span' | 'log' | 'point' | 'histogram' | 'outcome'): Promise<string> =>
    (await reader.sums({ family, ...range })).sql();
  const inRange = `at >= toDateTime(${from}, 'UTC') AND at < toDateTime(${to}, 'UTC')`;
  const near = (a: string, b: string): string => `abs(${a} - ${b}) <= 1e-9 * greatest(1, abs(${b}))`;
  const questions = {
    'spans by hour and service: count, errors, sum of durations': `SELECT count() AS groups, countIf(NOT (r.n = t.n AND r.errors = t.errors AND ${near('r.dsum', 't.dsum')})) AS wrong
      FROM (SELECT * FROM truth_span WHERE step = 3600 AND ${inRange}) AS t LEFT JOIN (SELECT bucket, service, sum(u.n) AS n, sum(u.errors) AS errors, sum(u.dsum) AS dsum
      FROM ${await sums('span')} AS u GROUP BY bucket, service) AS r ON t.at = r.bucket AND t.service = r.service`,
    'records by hour, service and severity: count': `SELECT count() AS groups, countIf(r.n != t.n) AS wrong
      FROM (SELECT * FROM truth_log WHERE ${inRange}) AS t LEFT JOIN (SELECT bucket, service, severity, sum(u.n) AS n FROM ${await sums('log')} AS u GROUP BY bucket, service, severity) AS r
      ON t.at = r.bucket AND t.service = r.service AND t.severity = r.severity`,
    'points by hour and series: count, sum, least, most, growth': `SELECT count() AS groups,
      countIf(NOT (r.n = t.n AND ${near('r.s', 't.sum')} AND r.lo = t.lo AND r.hi = t.hi AND ${near('r.grown', 't.increase')})) AS wrong
      FROM (SELECT * FROM truth_point WHERE ${inRange}) AS t LEFT JOIN (SELECT bucket, fp, sum(u.n) AS n, sum(u.sum) AS s, min(u.min) AS lo, max(u.max) AS hi, sum(u.increase) AS grown
      FROM ${await sums('point')} AS u GROUP BY bucket, fp) AS r ON t.at = r.bucket AND t.fp = r.fp`,
    'histograms by hour and series: points and growth of every bucket': `SELECT count() AS groups, countIf(NOT (r.n = t.n AND r.grown = t.grown)) AS wrong
      FROM (SELECT * FROM truth_hist WHERE ${inRange}) AS t LEFT JOIN (SELECT bucket, fp, sum(u.n) AS n, sumForEach(u.grown_counts) AS grown FROM ${await sums('histogram')} AS u GROUP BY bucket, fp) AS r
      ON t.at = r.bucket AND t.fp = r.fp`,
    'outcomes by hour and service: units, errors': `SELECT count() AS groups, countIf(NOT (r.units = t.units AND r.errors = t.errors)) AS wrong
      FROM (SELECT * FROM truth_outcome WHERE ${inRange}) AS t LEFT JOIN (SELECT bucket, service, sum(u.units) AS units, sum(u.errors) AS errors FROM ${await sums('outcome')} AS u GROUP BY bucket, service) AS r
      ON t.at = r.bucket AND t.service = r.service`,
  };
  const results: Compared[] = [];
  for (const [what, query] of Object.entries(questions)) {
    const [row] = await reader.rows<{ groups: number; wrong: number }>(query, {
      name: 'bench.sums',
      deadlineMs: 60_000,
    });
    results.push({ what, groups: row?.groups ?? 0, wrong: row?.wrong ?? -1 });
  }
  return results;
}

export interface QuantileErrors {
  readonly what: string;
  readonly groups: number;
  readonly medianError: number;
  readonly p99Error: number;
  readonly worstError: number;
}

/** Relative errors of p50, p95 and p99 from the rollups, against the nearest rank of all rows. */
export async function compareQuantiles(reader: TelemetryReader, { from, to }: Range): Promise<QuantileErrors[]> {
  const results: QuantileErrors[] = [];
  for (const [what, step, name] of [
    ['an hour of a service', 3600, `''`],
    ['a day of a service', 86_400, `''`],
    ['a day of an operation', 86_400, 'name'],
  ] as const) {
    const sums = await reader.sums({ family: 'span', fromMs: from * 1000, toMs: to * 1000, stepSeconds: step });
    const isNamed = name === 'name';
    const [row] = await reader.rows<Omit<QuantileErrors, 'what'>>(
      `SELECT count() AS groups, quantileExact(0.5)(error) AS medianError, quantileExact(0.99)(error) AS p99Error, max(error) AS worstError FROM (
        SELECT arrayJoin(arrayMap((a, b) -> abs(a / b - 1), r.found, t.qs)) AS error
        FROM (SELECT * FROM truth_span WHERE step = ${step} AND (name != '') = ${isNamed ? 1 : 0} AND at >= toDateTime(${from}, 'UTC') AND at < toDateTime(${to}, 'UTC')) AS t
        INNER JOIN (
          SELECT bucket, service, op, ${rollupQuantiles(QUANTILES, { hist: 'hist', min: 'lo', max: 'hi' })} AS found FROM (
            SELECT bucket, service, ${name} AS op, min(u.dmin) AS lo, max(u.dmax) AS hi, sumMap(u.hist) AS hist FROM ${sums.sql()} AS u GROUP BY bucket, service, op)
        ) AS r ON t.at = r.bucket AND t.service = r.service AND t.name = r.op)`,
      { name: 'bench.quantiles', deadlineMs: 60_000 },
    );
    if (row !== undefined) results.push({ what: `p50, p95 and p99 of ${what}`, ...row });
  }
  return results;
}
