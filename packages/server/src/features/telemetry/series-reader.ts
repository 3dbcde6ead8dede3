import type { ClickHouseClient } from '@clickhouse/client';
import {
  bucketUpperBound,
  type Histogram,
  type OutcomeBlock,
  type Side,
  type SideCounts,
  ZERO_BUCKET,
} from '@belay/core';
import { findSums, type Sums } from './rollup-reader.ts';
import { rollupQuantile } from './rollups/rollup-histogram.ts';
import type { Baseline, BaselineQuery, LastSeenQuery, Seen, SeriesPoint, ServiceSeriesQuery } from './api.ts';

/** Adds up the blocks of each side per step. */
export function seriesOfBlocks(
  blocks: readonly OutcomeBlock[],
  stepSeconds: number,
): Readonly<Record<Side, readonly SeriesPoint[]>> {
  return { canary: seriesOfSide(blocks, 'canary', stepSeconds), control: seriesOfSide(blocks, 'control', stepSeconds) };
}

interface StepDraft {
  units: number;
  errors: number;
  readonly duration: Map<number, number>;
  readonly values: Map<string, Map<number, number>>;
  /** Durations of a service that is known by its spans, in the finer buckets of rollups; ms. */
  spans?: { readonly histogram: Histogram; readonly min: number; readonly max: number };
}

function seriesOfSide(blocks: readonly OutcomeBlock[], side: Side, stepSeconds: number): SeriesPoint[] {
  const steps = new Map<number, StepDraft>();
  for (const block of blocks) {
    const start = block.second - (block.second % stepSeconds);
    const step = steps.get(start) ?? { units: 0, errors: 0, duration: new Map(), values: new Map() };
    steps.set(start, step);
    addSide(step, block[side]);
  }
  return [...steps].map(([start, step]) => pointOf(start, step));
}

function addSide(step: StepDraft, counts: SideCounts): void {
  step.units += counts.n;
  step.errors += counts.errors;
  addTo(step.duration, counts.duration);
  for (const [name, histogram] of counts.values) {
    const sum = step.values.get(name) ?? new Map<number, number>();
    step.values.set(name, sum);
    addTo(sum, histogram);
  }
}

function addTo(sum: Map<number, number>, histogram: Histogram): void {
  for (const [bucket, count] of histogram) sum.set(bucket, (sum.get(bucket) ?? 0) + count);
}

function pointOf(startSecond: number, step: StepDraft): SeriesPoint {
  const values = [...step.values].map(([name, histogram]) => [name, totalOf(histogram)] as const);
  return {
    at: startSecond * 1000,
    units: step.units,
    errors: step.errors,
    p95: step.spans === undefined ? quantileOf(step.duration, 0.95) : spanQuantile(step.spans),
    values: new Map(values),
  };
}

function spanQuantile({ histogram, min, max }: NonNullable<StepDraft['spans']>): number | null {
  return rollupQuantile(histogram, 0.95, { min, max });
}

function totalOf(histogram: Histogram): { count: number; sum: number } {
  let count = 0;
  let sum = 0;
  for (const [bucket, n] of histogram) {
    count += n;
    // The geometric middle of a bucket lies half a bucket below its upper bound.
    if (bucket !== ZERO_BUCKET) sum += n * bucketUpperBound(bucket) * 2 ** (-1 / 32);
  }
  return { count, sum };
}

/** Upper bound of the bucket that holds the quantile; null for an empty histogram. */
export function quantileOf(histogram: Histogram, quantile: number): number | null {
  const buckets = [...histogram].sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [bucket, count] of buckets) {
    passed += count;
    if (passed >= quantile * total) return bucketUpperBound(bucket);
  }
  return null;
}

interface SeriesRow {
  readonly service: string;
  readonly step: number;
  readonly value_name: string;
  readonly units: number;
  readonly errors: number;
  readonly hist: Readonly<Record<string, number>>;
  readonly is_span: number;
  /** Nanoseconds, of spans. */
  readonly dmin: number;
  readonly dmax: number;
}

/**
 * Units per step and service: from the SDK's totals of the whole service where it tells them, else from its outcomes of
 * the busiest flag (a unit may evaluate several), else from the spans of units. Outcomes are counted when they arrived,
 * spans when they began.
 */
export async function readServiceSeries(
  client: ClickHouseClient,
  query: ServiceSeriesQuery,
): Promise<ReadonlyMap<string, readonly SeriesPoint[]>> {
  const { service = '', fromMs, throughMs, stepSeconds } = query;
  const ask = async <Row>(text: string): Promise<Row[]> => {
    const result = await client.query({ query: text, query_params: { service }, format: 'JSONEachRow' });
    return result.json<Row>();
  };
  const range = { fromMs, toMs: throughMs, stepSeconds };
  const [outcomes, spans] = await Promise.all([
    findSums(ask, { family: 'outcome', ...range }),
    findSums(ask, { family: 'span', ...range }),
  ]);
  const services = new Map<string, Map<number, StepDraft>>();
  for (const row of await ask<SeriesRow>(serviceSeries(outcomes, spans))) addSeriesRow(services, row);
  return new Map(
    [...services].map(([name, steps]) => [
      name,
      [...steps].sort(([a], [b]) => a - b).map(([start, step]) => pointOf(start, step)),
    ]),
  );
}

function addSeriesRow(services: Map<string, Map<number, StepDraft>>, row: SeriesRow): void {
  const steps = services.get(row.service) ?? new Map<number, StepDraft>();
  services.set(row.service, steps);
  const step: StepDraft = steps.get(row.step) ?? { units: 0, errors: 0, duration: new Map(), values: new Map() };
  steps.set(row.step, step);
  step.units += row.units;
  step.errors += row.errors;
  const histogram = histogramOf(row.hist);
  if (row.is_span === 1) step.spans = { histogram, min: row.dmin / 1e6, max: row.dmax / 1e6 };
  else if (row.value_name === '') addTo(step.duration, histogram);
  else step.values.set(row.value_name, new Map(histogram));
}

const ONE_SERVICE = `({service:String} = '' OR service = {service:String})`;

function serviceSeries(outcomes: Sums, spans: Sums): string {
  return `
WITH
  told AS (
    SELECT service, toUnixTimestamp(bucket) AS step, flag, value_name, sum(o.units) AS units, sum(o.errors) AS errors, sumMap(o.hist) AS hist
    FROM ${outcomes.sql(ONE_SERVICE)} AS o GROUP BY service, step, flag, value_name
  ),
  flagged AS (
    SELECT service, argMax(flag, tuple(flag = '', units)) AS best
    FROM (SELECT service, flag, sum(units) AS units FROM told GROUP BY service, flag) GROUP BY service
  ),
  span_steps AS (
    SELECT service, toUnixTimestamp(bucket) AS step, sum(s.n) AS units, sum(s.errors) AS errors, min(s.dmin) AS lo, max(s.dmax) AS hi,
      sumMap(s.hist) AS hist
    FROM ${spans.sql(`is_unit = 1 AND ${ONE_SERVICE}`)} AS s
    WHERE service NOT IN (SELECT service FROM flagged) GROUP BY service, step
  )
SELECT service, step, value_name, units, errors, hist, 0 AS is_span, toUInt64(0) AS dmin, toUInt64(0) AS dmax FROM told
WHERE (service, flag) IN (SELECT service, best FROM flagged)
UNION ALL SELECT service, step, '' AS value_name, units, errors, hist, 1 AS is_span, lo AS dmin, hi AS dmax FROM span_steps
ORDER BY service, step, value_name`;
}

interface BaselineRow {
  readonly value_name: string;
  readonly units: number;
  readonly errors: number;
  readonly hist: Readonly<Record<string, number>>;
  readonly first: number;
  readonly last: number;
  readonly windows: number;
}

/** What a variant did in a stretch of history, by its SDK outcomes and by the spans that evaluated it. */
export async function readBaseline(client: ClickHouseClient, query: BaselineQuery): Promise<Baseline> {
  const result = await client.query({
    query: BASELINE,
    query_params: {
      flag: query.flagKey,
      variant: query.variant,
      from: Math.floor(query.fromMs / 1000),
      through: Math.floor(query.throughMs / 1000),
    },
    format: 'JSONEachRow',
  });
  const rows = await result.json<BaselineRow>();
  const duration = new Map<number, number>();
  const values = new Map<string, Map<number, number>>();
  for (const row of rows) {
    const histogram = row.value_name === '' ? duration : (values.get(row.value_name) ?? new Map<number, number>());
    addTo(histogram, histogramOf(row.hist));
    if (row.value_name !== '') values.set(row.value_name, histogram);
  }
  const sum = (pick: (row: BaselineRow) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  return {
    units: sum((row) => row.units),
    errors: sum((row) => row.errors),
    duration,
    values,
    firstAt: rows.length === 0 ? null : 1000 * Math.min(...rows.map((row) => row.first)),
    lastAt: rows.length === 0 ? null : 1000 * Math.max(...rows.map((row) => row.last)),
    activeMs: activeMsOf(rows),
  };
}

/** Quiet hours are no traffic: only windows in which something arrived count, and never more than the whole span. */
function activeMsOf(rows: readonly BaselineRow[]): number {
  if (rows.length === 0) return 0;
  const spanSeconds = Math.max(...rows.map((row) => row.last)) - Math.min(...rows.map((row) => row.first));
  const seenSeconds = ACTIVE_WINDOW_S * Math.max(...rows.map((row) => row.windows));
  return 1000 * Math.min(spanSeconds, seenSeconds);
}

/** Long enough that one request a few minutes does not look like many, short enough that a break is a break. */
const ACTIVE_WINDOW_S = 300;

const BASELINE = `
SELECT toString(value_name) AS value_name, sum(units) AS units, sum(errors) AS errors, sumMap(hist) AS hist,
  toUnixTimestamp(min(_in)) AS first, toUnixTimestamp(max(_in)) AS last,
  uniqExact(intDiv(toUnixTimestamp(_in), ${ACTIVE_WINDOW_S})) AS windows
FROM outcomes
WHERE flag = {flag:String} AND variant = {variant:String} AND arm != 'forced'
  AND _in >= toDateTime({from:UInt32}, 'UTC') AND _in < toDateTime({through:UInt32}, 'UTC')
GROUP BY value_name
UNION ALL
SELECT '' AS value_name, count() AS units, countIf(is_error = 1) AS errors,
  sumMap(map(toInt16(if(duration_ns = 0, -32768, ceil(log2(duration_ns / 1000000) * 16) - 1)), toUInt64(1))) AS hist,
  toUnixTimestamp(min(_in)) AS first, toUnixTimestamp(max(_in)) AS last,
  uniqExact(intDiv(toUnixTimestamp(_in), ${ACTIVE_WINDOW_S})) AS windows
FROM spans
WHERE is_unit = 1 AND _in >= toDateTime({from:UInt32}, 'UTC') AND _in < toDateTime({through:UInt32}, 'UTC')
  AND (trace_id, toString(service)) IN (
    SELECT trace_id, toString(service) FROM evaluations WHERE flag = {flag:String} AND variant = {variant:String}
      AND judged = 1 AND _in >= toDateTime({from:UInt32}, 'UTC') AND _in < toDateTime({through:UInt32}, 'UTC')
      AND service NOT IN (
        SELECT service FROM outcomes WHERE flag = {flag:String}
          AND _in >= toDateTime({from:UInt32}, 'UTC') AND _in < toDateTime({through:UInt32}, 'UTC')
      )
  )
HAVING units > 0
ORDER BY value_name`;

interface SeenRow {
  readonly service: string;
  readonly instance: string;
  readonly sdk: string;
  readonly sdk_version: string;
  readonly outcome_second: number;
  readonly telemetry_second: number;
  readonly units: number;
}

/** Instances heard of since a time. Outcomes are narrowed to the rollout or flag; spans and logs only to the service. */
export async function readLastSeen(client: ClickHouseClient, query: LastSeenQuery): Promise<readonly Seen[]> {
  const result = await client.query({
    query: LAST_SEEN,
    query_params: {
      rollout: query.rolloutId ?? '',
      flag: query.flagKey ?? '',
      service: query.service ?? '',
      since: Math.floor(query.sinceMs / 1000),
    },
    format: 'JSONEachRow',
  });
  const rows = await result.json<SeenRow>();
  return rows.map((row) => ({
    service: row.service,
    instance: row.instance,
    sdk: row.sdk,
    sdkVersion: row.sdk_version,
    outcomeAt: row.outcome_second === 0 ? null : row.outcome_second * 1000,
    telemetryAt: row.telemetry_second === 0 ? null : row.telemetry_second * 1000,
    units: row.units,
  }));
}

const IN_WINDOW = `_in >= toDateTime({since:UInt32}, 'UTC') AND ({service:String} = '' OR service = {service:String})`;
const LAST_SEEN = `
SELECT service, instance, max(sdk) AS sdk, max(sdk_version) AS sdk_version, max(o) AS outcome_second, max(t) AS telemetry_second,
  sum(n) AS units
FROM (
  SELECT toString(service) AS service, toString(instance) AS instance, toString(sdk) AS sdk, toString(sdk_version) AS sdk_version,
    toUnixTimestamp(_in) * (({rollout:String} = '' OR rollout = {rollout:String}) AND ({flag:String} = '' OR flag = {flag:String})) AS o,
    toUnixTimestamp(_in) AS t, if(o > 0, units, 0) AS n
  FROM outcomes WHERE ${IN_WINDOW}
  UNION ALL
  SELECT toString(service), toString(instance), toString(sdk), toString(sdk_version),
    toUnixTimestamp(_in) * ({flag:String} = '' OR flag = {flag:String}), toUnixTimestamp(_in), 0
  FROM evaluations WHERE ${IN_WINDOW}
  UNION ALL SELECT toString(service), toString(instance), '', '', 0, toUnixTimestamp(_in), 0 FROM spans WHERE ${IN_WINDOW}
  UNION ALL SELECT toString(service), toString(instance), '', '', 0, toUnixTimestamp(_in), 0 FROM logs WHERE ${IN_WINDOW}
)
GROUP BY service, instance ORDER BY service, instance`;

function histogramOf(row: Readonly<Record<string, number>>): Histogram {
  return new Map(Object.entries(row).map(([bucket, count]) => [Number(bucket), count]));
}
