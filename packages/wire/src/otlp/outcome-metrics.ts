import { HISTOGRAM_SCALE, type Histogram, ZERO_BUCKET } from '@belay/core';
import { attributeOf } from './attribute-value.ts';
import type { DecodeBudget } from './decode-budget.ts';
import type { Metric, MetricPoint } from './metric-point.ts';
import type { OutcomeRow, ResourceFacts } from './telemetry-batch.ts';

type Draft = { -readonly [Key in keyof OutcomeRow]: OutcomeRow[Key] };

const DELTA = 1;
const MAX_COUNT = 2 ** 48;
const LOWEST_BUCKET = -16_000;
const HIGHEST_BUCKET = 16_000;
const SUMS: Readonly<Record<string, 'units' | 'errors' | 'exposures' | 'distinctBad'>> = {
  'belay.outcome.units': 'units',
  'belay.outcome.errors': 'errors',
  'belay.outcome.exposures': 'exposures',
  'belay.outcome.distinct_bad': 'distinctBad',
};
const DURATION = 'belay.outcome.duration';
const VALUE = 'belay.outcome.value';

/**
 * Joins the points of Belay's outcome metrics into one row per series and time. Other metrics, cumulative points,
 * negative or fractional counts and histograms coarser than scale 4 are refused and told to the sender.
 */
export function outcomesOfMetrics(metrics: readonly Metric[], budget: DecodeBudget): OutcomeRow[] {
  const rowsOf = new Map<ResourceFacts, Map<string, Draft>>();
  for (const metric of metrics) {
    const problem = metricProblem(metric);
    let rows = rowsOf.get(metric.resource);
    if (rows === undefined) rowsOf.set(metric.resource, (rows = new Map<string, Draft>()));
    for (const point of metric.points) {
      const wrong = problem ?? pointProblem(metric, point);
      if (wrong === undefined) addPoint(rows, metric, point);
      else budget.reject(wrong);
    }
  }
  return [...rowsOf.values()].flatMap((rows) => [...rows.values()]).filter((row) => isPlausible(row, budget));
}

/** Buckets of an exponential histogram at scale 4; exact, as 2^k finer buckets fall into one of ours. */
export function atGuardScale(point: MetricPoint): Histogram {
  const shift = point.scale - HISTOGRAM_SCALE;
  const histogram = new Map<number, number>();
  const add = (bucket: number, count: number): void => {
    histogram.set(bucket, (histogram.get(bucket) ?? 0) + count);
  };
  for (const [index, count] of point.positive) {
    const coarse = Math.floor(index / 2 ** shift);
    add(Math.max(LOWEST_BUCKET, Math.min(HIGHEST_BUCKET, coarse)), count);
  }
  if (point.zeroCount > 0) add(ZERO_BUCKET, point.zeroCount);
  for (const [, count] of point.negative) add(ZERO_BUCKET, count);
  return histogram;
}

function metricProblem(metric: Metric): string | undefined {
  const { name, kind, temporality } = metric;
  const isHistogram = name === DURATION || name === VALUE;
  if (!isHistogram && SUMS[name] === undefined) {
    return `metric "${name.slice(0, 80)}" is not stored: Belay takes only the belay.outcome.* metrics so far`;
  }
  const wanted = isHistogram ? 'exponential-histogram' : 'sum';
  if (kind !== wanted) return `metric "${name}" should be of kind ${wanted}, but is ${kind}`;
  if (temporality !== DELTA) return `metric "${name}" should have delta temporality (1), but has ${temporality}`;
  return undefined;
}

function pointProblem({ name }: Metric, point: MetricPoint): string | undefined {
  if (name !== DURATION && name !== VALUE) return countProblem(point.value, name);
  if (point.scale < HISTOGRAM_SCALE) return `metric "${name}" has scale ${point.scale}; the coarsest taken is 4`;
  if (point.scale > 20) return `metric "${name}" has scale ${point.scale}; the finest taken is 20`;
  const bad =
    [...point.positive, ...point.negative].find(([, count]) => !isCount(count))?.[1] ??
    (isCount(point.zeroCount) ? undefined : point.zeroCount);
  if (bad !== undefined) return countProblem(bad, name);
  if (name === VALUE && !attributeOf(point.attributes, 'belay.value.name')) {
    return `metric "${name}" needs the attribute belay.value.name`;
  }
  return undefined;
}

function isCount(count: number): boolean {
  return Number.isInteger(count) && count >= 0 && count <= MAX_COUNT;
}

function countProblem(count: number, name: string): string | undefined {
  if (isCount(count)) return undefined;
  return `metric "${name}" has the count ${count}; counts are whole numbers from 0 to 2^48`;
}

function addPoint(rows: Map<string, Draft>, metric: Metric, point: MetricPoint): void {
  const valueName = metric.name === VALUE ? (attributeOf(point.attributes, 'belay.value.name') ?? '') : '';
  const series = seriesOf(metric.resource, point, valueName);
  const { timeMs, flagKey, revision, variant, arm, side, rolloutId, group } = series;
  const key = [timeMs, flagKey, revision, variant, arm, side, rolloutId, group, valueName].join('\0');
  const row = rows.get(key) ?? series;
  rows.set(key, row);
  const count = SUMS[metric.name];
  if (count === undefined) row.histogram = merged(row.histogram, atGuardScale(point));
  else row[count] += point.value;
}

function seriesOf(resource: ResourceFacts, { attributes, timeNs }: MetricPoint, valueName: string): Draft {
  const arm = attributeOf(attributes, 'belay.arm');
  const side = attributeOf(attributes, 'belay.side');
  return {
    resource,
    timeMs: Number(timeNs / 1_000_000n),
    flagKey: attributeOf(attributes, 'feature_flag.key') ?? '',
    revision: revisionOf(attributeOf(attributes, 'feature_flag.version')),
    variant: attributeOf(attributes, 'feature_flag.result.variant') ?? '',
    arm: arm === 'randomised' || arm === 'forced' ? arm : '',
    side: side === 'canary' || side === 'control' ? side : '',
    rolloutId: attributeOf(attributes, 'belay.rollout') ?? '',
    group: groupOf(attributeOf(attributes, 'belay.group')),
    units: 0,
    errors: 0,
    exposures: 0,
    distinctBad: 0,
    valueName,
    histogram: new Map(),
  };
}

/** A flag-state revision told as text; 0 when it is not a whole number. */
export function revisionOf(text: string | undefined): number {
  const revision = Number(text ?? 0);
  return Number.isSafeInteger(revision) && revision >= 0 ? revision : 0;
}

function groupOf(text: string | undefined): number {
  const group = Number(text ?? -1);
  return Number.isInteger(group) && group >= 0 && group <= 31 ? group : -1;
}

function merged(a: Histogram, b: Histogram): Histogram {
  if (a.size === 0) return b;
  const sum = new Map(a);
  for (const [bucket, count] of b) sum.set(bucket, (sum.get(bucket) ?? 0) + count);
  return sum;
}

/** More bad units than units would make a guard's arithmetic meaningless. */
function isPlausible(row: OutcomeRow, budget: DecodeBudget): boolean {
  if (row.errors <= row.units && row.distinctBad <= row.errors) return true;
  budget.reject(
    `outcomes of flag "${row.flagKey.slice(0, 80)}" count ${row.units} units, ${row.errors} errors and ` +
      `${row.distinctBad} distinct: each may not exceed the one before`,
  );
  return false;
}
