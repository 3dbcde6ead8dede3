import { type PointSink, STALE_HIGH, STALE_LOW } from '../metrics/metric-points.ts';
import { prometheusNameOf } from '../metrics/prometheus-name.ts';
import { type SeriesFacts, type SeriesKind, type SeriesRef, sortedLabels } from '../metrics/series.ts';
import type { PointDraft } from './protobuf-points.ts';
import type { ResourceFacts } from './telemetry-batch.ts';

/** What the points of one OTLP metric share. */
export interface MetricHead {
  readonly resource: ResourceFacts;
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: SeriesKind;
  /** 0 unspecified, 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly monotonic: boolean;
}

const LONGEST_NAME = 1024;
const NO_RECORDED_VALUE = 1;
const COARSEST_SCALE = -10;
const FINEST_SCALE = 20;

/** Why no point of this metric can be stored; undefined when points can be. */
export function headProblem({ name, kind, temporality }: MetricHead): string | undefined {
  const shown = name.slice(0, 80);
  if (name === '') return 'a metric has no name';
  if (name.length > LONGEST_NAME) return `the metric name "${shown}..." is longer than ${LONGEST_NAME} characters`;
  if (kind === 'unknown') return `metric "${shown}" is of no kind that is known: gauge, sum, histogram ...`;
  if (kind === 'gauge' || kind === 'summary') return undefined;
  if (temporality === 1 || temporality === 2) return undefined;
  return `metric "${shown}" has the aggregation temporality ${temporality}; it should be delta (1) or cumulative (2)`;
}

/** The context within which the label bytes of a metric's points tell series apart. */
export function contextOf({ resource, name, description, unit, kind, temporality, monotonic }: MetricHead): string {
  return [resource.service, resource.instance, name, unit, kind, temporality, monotonic, description].join('\0');
}

/** The series of a point with these attributes. */
export function factsOf(head: MetricHead, attributes: readonly string[]): SeriesFacts {
  const { resource, name, description, unit, kind, temporality, monotonic } = head;
  return {
    source: 'otlp',
    metric: name,
    prom: prometheusNameOf({ name, unit, kind, monotonic }),
    kind,
    temporality: kind === 'gauge' || kind === 'summary' ? 0 : temporality,
    monotonic,
    unit,
    description,
    service: resource.service,
    instance: resource.instance,
    labels: sortedLabels(attributes),
  };
}

/** The reason that a sender is told when a series is one too many. */
export function tooManySeries({ name, resource }: MetricHead): string {
  return (
    `metric "${name.slice(0, 80)}" of service "${resource.service.slice(0, 80)}" has too many new series: ` +
    'see GET /api/v1/metrics/cardinality for the label that makes them'
  );
}

/** Why a point cannot be stored; undefined when it can be. */
export function pointProblem({ name, kind }: MetricHead, draft: PointDraft): string | undefined {
  const shown = name.slice(0, 80);
  if (kind === 'histogram') {
    const { bounds, counts } = draft;
    if (counts.length !== bounds.length + 1 && (counts.length > 0 || bounds.length > 0)) {
      return `metric "${shown}" has ${counts.length} bucket counts for ${bounds.length} bounds; it should be one more`;
    }
    if (!isRising(bounds)) return `metric "${shown}" has bucket bounds that do not rise`;
  }
  if (kind === 'exponential' && (draft.scale < COARSEST_SCALE || draft.scale > FINEST_SCALE)) {
    return `metric "${shown}" has the scale ${draft.scale}; it should be from ${COARSEST_SCALE} to ${FINEST_SCALE}`;
  }
  return undefined;
}

/** Adds a point to what is stored. */
export function emitPoint(sink: PointSink, { kind }: MetricHead, draft: PointDraft, series: SeriesRef): void {
  const isStale = (draft.flags & NO_RECORDED_VALUE) !== 0;
  if (kind === 'gauge' || kind === 'sum') {
    if (isStale) sink.addNumber(series, draft.timeMs, STALE_LOW, STALE_HIGH);
    else sink.addNumber(series, draft.timeMs, draft.low, draft.high);
    return;
  }
  const { timeMs, startMs, count, sum, min, max } = draft;
  const common = isStale
    ? { series, timeMs, startMs, count: 0, sum: Number.NaN, min: null, max: null, isStale }
    : { series, timeMs, startMs, count, sum, min, max, isStale };
  if (kind === 'summary') {
    sink.points.summaries.push({ ...common, quantiles: draft.quantiles, values: draft.values });
  } else if (kind === 'histogram') {
    sink.points.histograms.push({ ...common, bounds: draft.bounds, counts: draft.counts });
  } else {
    const { scale, zeroCount, zeroThreshold } = draft;
    const [positiveOffset, positive] = trimmed(draft.positiveOffset, draft.positive);
    const [negativeOffset, negative] = trimmed(draft.negativeOffset, draft.negative);
    const buckets = { positiveOffset, positive, negativeOffset, negative };
    sink.points.exponentials.push({ ...common, scale, zeroCount, zeroThreshold, ...buckets });
  }
}

function isRising(bounds: readonly number[]): boolean {
  let before = Number.NEGATIVE_INFINITY;
  for (const [index, bound] of bounds.entries()) {
    if (Number.isNaN(bound) || (index > 0 && bound <= before)) return false;
    before = bound;
  }
  return true;
}

/** Empty buckets at either end say nothing. */
export function trimmed(offset: number, counts: readonly number[]): [offset: number, counts: readonly number[]] {
  let first = 0;
  let last = counts.length;
  while (first < last && counts[first] === 0) first += 1;
  while (last > first && counts[last - 1] === 0) last -= 1;
  if (first === last) return [0, []];
  return first === 0 && last === counts.length ? [offset, counts] : [offset + first, counts.slice(first, last)];
}
