import type { DecodeLimits } from './decode-limits.ts';
import type { Metric, MetricPoint } from './metric-point.ts';
import { type ProtobufContext, readAttribute } from './protobuf-attributes.ts';
import { openContext } from './protobuf-context.ts';
import {
  malformed,
  readDouble,
  readFields,
  readFixed64,
  readInt32,
  readMessage,
  readSfixed64,
  readSint32,
  readVarint,
} from './protobuf-cursor.ts';
import { readResourceScopes } from './protobuf-resource.ts';
import type { ResourceFacts } from './telemetry-batch.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type MetricDraft = Writable<Metric> & { points: MetricPoint[] };
type PointDraft = Writable<MetricPoint> & { attributes: string[] };

const KINDS: Readonly<Record<number, Metric['kind']>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
  10: 'exponential-histogram',
  11: 'summary',
};

/** Reads an ExportMetricsServiceRequest in protobuf. */
export function readProtobufMetrics(
  body: Uint8Array,
  limits: DecodeLimits,
): { metrics: Metric[]; budget: ProtobufContext['budget'] } {
  const context = openContext(body, limits);
  const metrics: Metric[] = [];
  readFields(context.cursor, 'the metric request', (number, wire) => {
    if (number !== 1 || wire !== 2) return false;
    readResourceScopes(context, 'resource_metrics', (resource) => metrics.push(readMetric(context, resource)));
    return true;
  });
  return { metrics, budget: context.budget };
}

/** Reads one Metric with the points that outcomes are made of. */
export function readMetric(context: ProtobufContext, resource: ResourceFacts): Metric {
  const { cursor, budget, text } = context;
  budget.takeNode();
  const metric: MetricDraft = { resource, name: '', unit: '', kind: 'none', temporality: 0, points: [] };
  readMessage(cursor, 'metrics', (number, wire) => {
    const kind = KINDS[number];
    if (number === 1) metric.name = text(cursor, 'metrics.name');
    else if (number === 3) metric.unit = text(cursor, 'metrics.unit');
    else if (kind !== undefined && wire === 2) readData(context, metric, kind);
    else return false;
    return true;
  });
  return metric;
}

function readData(context: ProtobufContext, metric: MetricDraft, kind: Metric['kind']): void {
  const { cursor } = context;
  metric.kind = kind;
  readMessage(cursor, `metrics.${kind}`, (number, wire) => {
    if (number === 1 && wire === 2) metric.points.push(readPoint(context, kind));
    else if (number === 2 && wire === 0) metric.temporality = readInt32(cursor, 'metrics.aggregation_temporality');
    else return false;
    return true;
  });
}

function readPoint(context: ProtobufContext, kind: Metric['kind']): MetricPoint {
  context.budget.takeItem();
  const point: PointDraft = {
    timeNs: 0n,
    attributes: [],
    value: 0,
    scale: 0,
    count: 0,
    zeroCount: 0,
    positive: [],
    negative: [],
  };
  const field = 'metrics.data_points';
  readMessage(context.cursor, field, (number, wire) => {
    if (kind === 'exponential-histogram') return readExponentialField(context, point, number);
    if (kind === 'sum' || kind === 'gauge') return readNumberField(context, point, number);
    // Points of other kinds are only counted.
    return wire < 0;
  });
  return point;
}

function readNumberField(context: ProtobufContext, point: PointDraft, number: number): boolean {
  const { cursor } = context;
  if (number === 3) point.timeNs = readFixed64(cursor, 'metrics.data_points.time_unix_nano');
  else if (number === 4) point.value = readDouble(cursor, 'metrics.data_points.as_double');
  else if (number === 6) point.value = Number(readSfixed64(cursor, 'metrics.data_points.as_int'));
  else if (number === 7) readAttribute(context, point.attributes, 'metrics.data_points.attributes');
  else return false;
  return true;
}

function readExponentialField(context: ProtobufContext, point: PointDraft, number: number): boolean {
  const { cursor } = context;
  if (number === 1) readAttribute(context, point.attributes, 'metrics.data_points.attributes');
  else if (number === 3) point.timeNs = readFixed64(cursor, 'metrics.data_points.time_unix_nano');
  else if (number === 4) point.count = Number(readFixed64(cursor, 'metrics.data_points.count'));
  else if (number === 6) point.scale = readSint32(cursor, 'metrics.data_points.scale');
  else if (number === 7) point.zeroCount = Number(readFixed64(cursor, 'metrics.data_points.zero_count'));
  else if (number === 8) point.positive = readBuckets(context, 'metrics.data_points.positive');
  else if (number === 9) point.negative = readBuckets(context, 'metrics.data_points.negative');
  else return false;
  return true;
}

function readBuckets({ cursor, budget }: ProtobufContext, field: string): [number, number][] {
  let offset = 0;
  const counts: [number, number][] = [];
  let position = 0;
  const take = (): void => {
    if (position >= budget.limits.buckets) {
      throw malformed(cursor, field, `there are more than ${budget.limits.buckets} buckets`);
    }
    const count = readVarint(cursor, `${field}.bucket_counts`);
    if (count !== 0) counts.push([position, count]);
    position += 1;
  };
  readMessage(cursor, field, (number, wire) => {
    if (number === 1) offset = readSint32(cursor, `${field}.offset`);
    else if (number === 2 && wire === 0) take();
    else if (number === 2 && wire === 2) readPacked(cursor, `${field}.bucket_counts`, take);
    else return false;
    return true;
  });
  return counts.map(([index, count]) => [offset + index, count]);
}

function readPacked(cursor: ProtobufContext['cursor'], field: string, take: () => void): void {
  const outer = cursor.end;
  const length = readVarint(cursor, field);
  if (length > outer - cursor.at) throw malformed(cursor, field, 'the message ends early');
  cursor.end = cursor.at + length;
  while (cursor.at < cursor.end) take();
  cursor.end = outer;
}
