import { createDecodeBudget, type DecodeBudget } from './decode-budget.ts';
import type { DecodeLimits } from './decode-limits.ts';
import { attributesAt, eachItem } from './json-attributes.ts';
import { timeAt } from './json-requests.ts';
import {
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
import type { Metric, MetricPoint } from './metric-point.ts';
import type { ResourceFacts } from './telemetry-batch.ts';

/** Fields of a metric that tell its kind. */
export const KINDS: readonly (readonly [field: string, kind: Metric['kind']])[] = [
  ['gauge', 'gauge'],
  ['sum', 'sum'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'exponential-histogram'],
  ['summary', 'summary'],
];

/** Reads an ExportMetricsServiceRequest in JSON. */
export function readJsonMetrics(body: Uint8Array, limits: DecodeLimits): { metrics: Metric[]; budget: DecodeBudget } {
  const budget = createDecodeBudget(limits);
  const metrics: Metric[] = [];
  const names = { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' };
  eachItem(parseJson(body), names, {
    budget,
    item(item, resource, { path }) {
      budget.takeNode();
      metrics.push(metricAt(item, resource, { path, budget }));
    },
  });
  return { metrics, budget };
}

interface Place {
  readonly path: string;
  readonly budget: DecodeBudget;
}

/** Reads one metric with the points that outcomes are made of. */
export function metricAt(item: JsonObject, resource: ResourceFacts, { path, budget }: Place): Metric {
  const [field, kind] = KINDS.find(([name]) => item[name] !== undefined && item[name] !== null) ?? ['', 'none'];
  const data = objectAt(item[field], `${path}.${field}`) ?? {};
  const points = listAt(data['dataPoints'], `${path}.${field}.dataPoints`);
  return {
    resource,
    name: textAt(item['name'], `${path}.name`),
    unit: textAt(item['unit'], `${path}.unit`),
    kind,
    temporality: smallIntegerAt(data['aggregationTemporality'], `${path}.${field}.aggregationTemporality`),
    points: points.map((point, index) => pointAt(point, { path: `${path}.${field}.dataPoints[${index}]`, budget })),
  };
}

function pointAt(value: unknown, { path, budget }: Place): MetricPoint {
  budget.takeItem();
  const point = objectAt(value, path) ?? {};
  return {
    timeNs: timeAt(point['timeUnixNano'], `${path}.timeUnixNano`),
    attributes: attributesAt(point['attributes'], `${path}.attributes`, budget),
    value:
      point['asInt'] === undefined
        ? numberAt(point['asDouble'], `${path}.asDouble`)
        : Number(integerAt(point['asInt'], `${path}.asInt`)),
    scale: smallIntegerAt(point['scale'], `${path}.scale`),
    count: Number(integerAt(point['count'], `${path}.count`)),
    zeroCount: Number(integerAt(point['zeroCount'], `${path}.zeroCount`)),
    positive: bucketsAt(point['positive'], { path: `${path}.positive`, budget }),
    negative: bucketsAt(point['negative'], { path: `${path}.negative`, budget }),
  };
}

function bucketsAt(value: unknown, { path, budget }: Place): (readonly [number, number])[] {
  const buckets = objectAt(value, path) ?? {};
  const offset = smallIntegerAt(buckets['offset'], `${path}.offset`);
  const counts = listAt(buckets['bucketCounts'], `${path}.bucketCounts`);
  if (counts.length > budget.limits.buckets) {
    throw wrong(`${path}.bucketCounts`, `a list of at most ${budget.limits.buckets} counts`, counts.length);
  }
  return counts.flatMap((item, index) => {
    const count = Number(integerAt(item, `${path}.bucketCounts[${index}]`));
    return count === 0 ? [] : [[offset + index, count] as const];
  });
}
