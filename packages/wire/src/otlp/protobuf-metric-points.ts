import type { DecodedMetrics, PointSink, TimeBounds } from '../metrics/metric-points.ts';
import { createPointSink } from '../metrics/metric-points.ts';
import type { SeriesIndex, SeriesPlace } from '../metrics/series-index.ts';
import type { SeriesKind, SeriesRef } from '../metrics/series.ts';
import type { DecodeLimits } from './decode-limits.ts';
import { contextOf, emitPoint, factsOf, headProblem, pointProblem, tooManySeries } from './metric-emitter.ts';
import type { MetricHead } from './metric-emitter.ts';
import type { Metric } from './metric-point.ts';
import { outcomesOfMetrics } from './outcome-metrics.ts';
import { type ProtobufContext, readAttribute } from './protobuf-attributes.ts';
import { openContext } from './protobuf-context.ts';
import {
  readBytes,
  readDouble,
  readFields,
  readInt32,
  readMessage,
  readSfixed64,
  readVarint,
  skipBytes,
} from './protobuf-cursor.ts';
import { readMetric } from './protobuf-metrics.ts';
import {
  attributesOfDraft,
  createPointDraft,
  keyOfDraft,
  millisecondsAt,
  type PointDraft,
  readExponentialPoint,
  readHistogramPoint,
  readNumberPoint,
  readSummaryPoint,
} from './protobuf-points.ts';
import { readResourceScopes } from './protobuf-resource.ts';
import type { ResourceFacts } from './telemetry-batch.ts';

/** What reading metrics needs besides the body. */
export interface MetricsReading {
  readonly limits: DecodeLimits;
  readonly index: SeriesIndex;
  readonly times: TimeBounds;
}

const KINDS: Readonly<Record<number, SeriesKind>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
  10: 'exponential',
  11: 'summary',
};

const READERS: Readonly<Record<SeriesKind, typeof readNumberPoint>> = {
  gauge: readNumberPoint,
  sum: readNumberPoint,
  histogram: readHistogramPoint,
  exponential: readExponentialPoint,
  summary: readSummaryPoint,
  // Counted and refused; any reader finds the end of a point.
  unknown: readNumberPoint,
};

interface Reading extends MetricsReading {
  readonly context: ProtobufContext;
  readonly sink: PointSink;
  readonly draft: PointDraft;
  readonly place: SeriesPlace & { readonly key: { bytes: Uint8Array; view: DataView; start: number; end: number } };
}

/** Reads an ExportMetricsServiceRequest in protobuf. */
export function readProtobufPoints(body: Uint8Array, options: MetricsReading): DecodedMetrics {
  const context = openContext(body, options.limits);
  const { cursor, budget } = context;
  const sink = createPointSink(budget, options.times);
  const key = { bytes: cursor.bytes, view: cursor.view, start: 0, end: 0 };
  const reading = { ...options, context, sink, draft: createPointDraft(), place: { scope: 0, key } };
  const outcomes: Metric[] = [];
  const resources = new Set<ResourceFacts>();
  readFields(cursor, 'the metric request', (number, wire) => {
    if (number !== 1 || wire !== 2) return false;
    readResourceScopes(context, 'resource_metrics', (resource) => {
      const outcome = readPointsOfMetric(reading, resource);
      if (outcome === undefined) resources.add(resource);
      else outcomes.push(outcome);
    });
    return true;
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

/** Reads one metric; an outcome of Belay's SDK is returned instead. */
function readPointsOfMetric(reading: Reading, resource: ResourceFacts): Metric | undefined {
  const { context } = reading;
  const { cursor, budget, text } = context;
  const start = cursor.at;
  let name = '';
  let description = '';
  let unit = '';
  let data: { readonly kind: SeriesKind; readonly at: number } | undefined;
  readMessage(cursor, 'metrics', (number, wire) => {
    if (number === 1 && wire === 2) name = text(cursor, 'metrics.name');
    else if (number === 2 && wire === 2) description = text(cursor, 'metrics.description');
    else if (number === 3 && wire === 2) unit = text(cursor, 'metrics.unit');
    else if (KINDS[number] !== undefined && wire === 2) {
      data = { kind: KINDS[number] ?? 'unknown', at: cursor.at };
      readBytes(cursor, `metrics.${data.kind}`);
    } else return false;
    return true;
  });
  const after = cursor.at;
  if (name.startsWith('belay.outcome.')) {
    cursor.at = start;
    return readMetric(context, resource);
  }
  budget.takeNode();
  if (data !== undefined) {
    const { kind, at } = data;
    cursor.at = at;
    const head = readHead(context, { resource, name, description, unit, kind, temporality: 0, monotonic: false });
    cursor.at = at;
    readPoints(reading, head);
  }
  cursor.at = after;
  return undefined;
}

/** Reads what stands beside the points, which may come after them. */
function readHead({ cursor }: ProtobufContext, empty: MetricHead): MetricHead {
  let { temporality, monotonic } = empty;
  readMessage(cursor, 'metrics', (number, wire) => {
    if (number === 2 && wire === 0) temporality = readInt32(cursor, 'metrics.aggregation_temporality');
    else if (number === 3 && wire === 0 && empty.kind === 'sum')
      monotonic = readVarint(cursor, 'metrics.is_monotonic') !== 0;
    else return false;
    return true;
  });
  return { ...empty, temporality, monotonic };
}

function readPoints(reading: Reading, head: MetricHead): void {
  const { context, sink, index, place, draft } = reading;
  const { cursor, budget } = context;
  const problem = headProblem(head);
  const read = READERS[head.kind];
  place.scope = index.scopeOf(contextOf(head));
  const facts = () => factsOf(head, attributesOfDraft(context, draft));
  readMessage(cursor, 'metrics', (number, wire) => {
    if (number !== 1 || wire !== 2) return false;
    budget.takeItem();
    read(context, draft);
    const wrong = problem ?? pointProblem(head, draft);
    if (wrong !== undefined) sink.refuse('invalid', wrong);
    else if (sink.isInTime(draft.timeMs)) {
      keyOfDraft(cursor, draft, place.key);
      const series = index.find(place, sink, facts);
      if (series === undefined) sink.refuse('series', tooManySeries(head));
      else {
        emitPoint(sink, head, draft, series);
        if (draft.exemplars.length > 0) readExemplars(reading, series);
      }
    }
    return true;
  });
}

const NONE = new Uint8Array(0);

function readExemplars({ context, sink, draft }: Reading, series: SeriesRef): void {
  const { cursor } = context;
  const { at, end } = cursor;
  for (let i = 0; i < draft.exemplars.length; i += 2) {
    cursor.at = draft.exemplars[i] ?? 0;
    cursor.end = draft.exemplars[i + 1] ?? 0;
    context.budget.takeNode();
    readExemplar(context, sink, { series, fallbackMs: draft.timeMs });
  }
  cursor.at = at;
  cursor.end = end;
}

function readExemplar(
  context: ProtobufContext,
  sink: PointSink,
  { series, fallbackMs }: { readonly series: SeriesRef; readonly fallbackMs: number },
): void {
  const { cursor } = context;
  const field = 'metrics.data_points.exemplars';
  let timeMs = 0;
  let value = 0;
  let traceId: Uint8Array = NONE;
  let spanId: Uint8Array = NONE;
  const attributes: string[] = [];
  readFields(cursor, field, (number) => {
    if (number === 2) timeMs = millisecondsAt(cursor, skipBytes(cursor, 8, field));
    else if (number === 3) value = readDouble(cursor, field);
    else if (number === 4) spanId = readBytes(cursor, field);
    else if (number === 5) traceId = readBytes(cursor, field);
    else if (number === 6) value = Number(readSfixed64(cursor, field));
    else if (number === 7) readAttribute(context, attributes, `${field}.filtered_attributes`);
    else return false;
    return true;
  });
  sink.points.exemplars.push({
    series,
    timeMs: timeMs || fallbackMs,
    value,
    traceId: traceId.length === 16 ? traceId.slice() : NONE,
    spanId: spanId.length === 8 ? spanId.slice() : NONE,
    attributes,
  });
}
