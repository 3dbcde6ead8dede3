import { createPointSink, type DecodedMetrics, type PointSink } from '../metrics/metric-points.ts';
import type { SeriesRef } from '../metrics/series.ts';
import { createDecodeBudget, type DecodeBudget } from './decode-budget.ts';
import { attributesAt, eachItem } from './json-attributes.ts';
import { KINDS, metricAt } from './json-metrics.ts';
import { timeAt } from './json-requests.ts';
import {
  idAt,
  integerAt,
  type JsonObject,
  listAt,
  numberAt,
  objectAt,
  parseJson,
  smallIntegerAt,
  textAt,
  wrong,
} from './json-value.ts';
import { emitPoint, factsOf, headProblem, pointProblem, tooManySeries } from './metric-emitter.ts';
import type { MetricHead } from './metric-emitter.ts';
import type { Metric } from './metric-point.ts';
import { outcomesOfMetrics } from './outcome-metrics.ts';
import type { MetricsReading } from './protobuf-metric-points.ts';
import { createPointDraft, type PointDraft, setBits } from './protobuf-points.ts';
import type { ResourceFacts } from './telemetry-batch.ts';

interface Place {
  readonly path: string;
  readonly budget: DecodeBudget;
}

/** Reads an ExportMetricsServiceRequest in JSON. */
export function readJsonPoints(body: Uint8Array, { limits, index, times }: MetricsReading): DecodedMetrics {
  const budget = createDecodeBudget(limits);
  const sink = createPointSink(budget, times);
  const outcomes: Metric[] = [];
  const resources = new Set<ResourceFacts>();
  const names = { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' };
  eachItem(parseJson(body), names, {
    budget,
    item(item, resource, { path }) {
      budget.takeNode();
      const name = textAt(item['name'], `${path}.name`);
      if (name.startsWith('belay.outcome.')) {
        outcomes.push(metricAt(item, resource, { path, budget }));
        return;
      }
      resources.add(resource);
      addMetric(sink, item, { head: { resource, name }, path, find: (told) => findSeries(sink, index.registry, told) });
    },
  });
  return {
    points: sink.points,
    outcomes: outcomesOfMetrics(outcomes, budget),
    resources: [...resources],
    rejected: budget.rejected(),
    refusals: sink.refusals,
    message: budget.message(),
  };
}

type Facts = ReturnType<typeof factsOf>;

function findSeries(
  sink: PointSink,
  registry: MetricsReading['index']['registry'],
  facts: Facts,
): SeriesRef | undefined {
  const series = registry.find(facts);
  if (series === undefined) return undefined;
  series.heardAt = sink.nowSecond;
  if (series.dueAt <= sink.nowSecond) sink.points.due.set(series, facts);
  return series;
}

interface MetricPlace {
  readonly head: Pick<MetricHead, 'resource' | 'name'>;
  readonly path: string;
  readonly find: (facts: Facts) => SeriesRef | undefined;
}

function addMetric(sink: PointSink, item: JsonObject, { head: start, path, find }: MetricPlace): void {
  const { budget } = sink;
  const [field, sent] = KINDS.find(([name]) => item[name] !== undefined && item[name] !== null) ?? ['', 'none'];
  const data = objectAt(item[field], `${path}.${field}`) ?? {};
  const head: MetricHead = {
    ...start,
    description: budget.text(textAt(item['description'], `${path}.description`), 'metrics.description'),
    unit: textAt(item['unit'], `${path}.unit`),
    kind: sent === 'exponential-histogram' ? 'exponential' : sent === 'none' ? 'unknown' : sent,
    temporality: smallIntegerAt(data['aggregationTemporality'], `${path}.${field}.aggregationTemporality`),
    monotonic: field === 'sum' && data['isMonotonic'] === true,
  };
  const problem = headProblem(head);
  for (const [i, value] of listAt(data['dataPoints'], `${path}.${field}.dataPoints`).entries()) {
    budget.takeItem();
    const place = { path: `${path}.${field}.dataPoints[${i}]`, budget };
    const point = objectAt(value, place.path) ?? {};
    const draft = draftOf(point, place);
    const reason = problem ?? pointProblem(head, draft);
    if (reason !== undefined) {
      sink.refuse('invalid', reason);
      continue;
    }
    if (!sink.isInTime(draft.timeMs)) continue;
    const series = find(factsOf(head, attributesAt(point['attributes'], `${place.path}.attributes`, budget)));
    if (series === undefined) {
      sink.refuse('series', tooManySeries(head));
      continue;
    }
    emitPoint(sink, head, draft, series);
    addExemplars(sink, point, { ...place, series, fallbackMs: draft.timeMs });
  }
}

function draftOf(point: JsonObject, place: Place): PointDraft {
  const { path } = place;
  const draft = createPointDraft();
  draft.timeMs = millisecondsOf(point['timeUnixNano'], `${path}.timeUnixNano`);
  draft.startMs = millisecondsOf(point['startTimeUnixNano'], `${path}.startTimeUnixNano`);
  draft.flags = smallIntegerAt(point['flags'], `${path}.flags`);
  setBits(draft, valueOf(point, path));
  draft.count = countAt(point['count'], `${path}.count`);
  if (isTold(point['sum'])) draft.sum = numberAt(point['sum'], `${path}.sum`);
  if (isTold(point['min'])) draft.min = numberAt(point['min'], `${path}.min`);
  if (isTold(point['max'])) draft.max = numberAt(point['max'], `${path}.max`);
  draft.bounds = numbersAt(point['explicitBounds'], { ...place, path: `${path}.explicitBounds` }, numberAt);
  draft.counts = numbersAt(point['bucketCounts'], { ...place, path: `${path}.bucketCounts` }, countAt);
  draft.scale = smallIntegerAt(point['scale'], `${path}.scale`);
  draft.zeroCount = countAt(point['zeroCount'], `${path}.zeroCount`);
  draft.zeroThreshold = numberAt(point['zeroThreshold'], `${path}.zeroThreshold`);
  [draft.positiveOffset, draft.positive] = bucketsAt(point['positive'], { ...place, path: `${path}.positive` });
  [draft.negativeOffset, draft.negative] = bucketsAt(point['negative'], { ...place, path: `${path}.negative` });
  for (const [i, entry] of listAt(point['quantileValues'], `${path}.quantileValues`).entries()) {
    const at = `${path}.quantileValues[${i}]`;
    const quantile = objectAt(entry, at) ?? {};
    draft.quantiles.push(numberAt(quantile['quantile'], `${at}.quantile`));
    draft.values.push(numberAt(quantile['value'], `${at}.value`));
  }
  return draft;
}

function valueOf(point: JsonObject, path: string): number {
  return isTold(point['asInt'])
    ? Number(integerAt(point['asInt'], `${path}.asInt`))
    : numberAt(point['asDouble'], `${path}.asDouble`);
}

function isTold(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function countAt(value: unknown, path: string): number {
  const count = Number(integerAt(value, path));
  if (count < 0) throw wrong(path, 'a count, which is not negative', value);
  return count;
}

function millisecondsOf(value: unknown, path: string): number {
  return Number(timeAt(value, path) / 1_000_000n);
}

function numbersAt(value: unknown, { path, budget }: Place, read: (item: unknown, at: string) => number): number[] {
  const list = listAt(value, path);
  if (list.length > budget.limits.buckets) {
    throw wrong(path, `a list of at most ${budget.limits.buckets} numbers`, list.length);
  }
  return list.map((item, i) => read(item, `${path}[${i}]`));
}

function bucketsAt(value: unknown, place: Place): [offset: number, counts: number[]] {
  const buckets = objectAt(value, place.path) ?? {};
  const offset = smallIntegerAt(buckets['offset'], `${place.path}.offset`);
  return [offset, numbersAt(buckets['bucketCounts'], { ...place, path: `${place.path}.bucketCounts` }, countAt)];
}

interface ExemplarPlace extends Place {
  readonly series: SeriesRef;
  readonly fallbackMs: number;
}

function addExemplars(sink: PointSink, point: JsonObject, { path, budget, series, fallbackMs }: ExemplarPlace): void {
  for (const [i, value] of listAt(point['exemplars'], `${path}.exemplars`).entries()) {
    const at = `${path}.exemplars[${i}]`;
    budget.takeNode();
    const exemplar = objectAt(value, at) ?? {};
    const traceId = idAt(exemplar['traceId'], `${at}.traceId`);
    const spanId = idAt(exemplar['spanId'], `${at}.spanId`);
    sink.points.exemplars.push({
      series,
      timeMs: millisecondsOf(exemplar['timeUnixNano'], `${at}.timeUnixNano`) || fallbackMs,
      value: valueOf(exemplar, at),
      traceId: traceId.length === 16 ? traceId : new Uint8Array(0),
      spanId: spanId.length === 8 ? spanId : new Uint8Array(0),
      attributes: attributesAt(exemplar['filteredAttributes'], `${at}.filteredAttributes`, budget),
    });
  }
}
