import type { MetricKind } from '@belay/protocol';
import { prometheusLabelOf } from '@belay/wire';
import { labelsOf } from '../evaluate/labels.ts';
import type { Labels } from '../evaluate/labels.ts';

/** A row of the table `series`. */
export interface StoredSeries {
  /** Fingerprint, decimal. */
  readonly fp: string;
  readonly metric: string;
  readonly prom: string;
  readonly kind: MetricKind;
  /** 0 none, 1 delta, 2 cumulative. */
  readonly temporality: number;
  /** As PromQL sees them, without the metric's name. */
  readonly labels: Labels;
}

/** What PromQL sees of a stored series: itself, or a part of a histogram or summary. */
export type Part = 'self' | 'bucket' | 'sum' | 'count';

const SUFFIXES: Readonly<Record<Part, string>> = { self: '', bucket: '_bucket', sum: '_sum', count: '_count' };
const PARTS: Readonly<Record<MetricKind, readonly Part[]>> = {
  gauge: ['self'],
  sum: ['self'],
  unknown: ['self'],
  histogram: ['bucket', 'sum', 'count'],
  exponential: ['self', 'sum', 'count'],
  summary: ['self', 'sum', 'count'],
};

/** A name under which PromQL finds a metric, and the part that it stands for. */
export interface PartName {
  readonly part: Part;
  readonly name: string;
  /** The name as sent is found only when it is asked for; Prometheus' name is the usual one. */
  readonly isAsSent: boolean;
}

export interface MetricNames {
  readonly metric: string;
  readonly prom: string;
  readonly kind: MetricKind;
}

export function partNames({ metric, prom, kind }: MetricNames): PartName[] {
  return PARTS[kind].flatMap((part) => {
    const usual = { part, name: `${prom}${SUFFIXES[part]}`, isAsSent: false };
    return metric === prom ? [usual] : [usual, { part, name: `${metric}${SUFFIXES[part]}`, isAsSent: true }];
  });
}

/** Names that a metric may have whose part is called `name`. */
export function possibleMetrics(name: string): string[] {
  const base = /^(.+)_(?:bucket|sum|count)$/s.exec(name)?.[1];
  return base === undefined ? [name] : [name, base];
}

export interface RawLabels {
  readonly source: string;
  readonly service: string;
  readonly instance: string;
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

/**
 * Labels as PromQL writes them. Series of Prometheus keep exactly theirs; of others the service is `job` and `service`,
 * and attributes take the spelling that Prometheus gives them (`http.route` is `http_route`).
 */
export function promLabels({ source, service, instance, keys, values }: RawLabels): Labels {
  const entries = new Map<string, string>();
  if (source === 'remote-write') {
    keys.forEach((key, index) => entries.set(key, values[index] ?? ''));
    return labelsOf(entries);
  }
  keys.forEach((key, index) => {
    const label = prometheusLabelOf(key);
    const known = entries.get(label);
    const value = values[index] ?? '';
    // Several attributes may become one label; Prometheus joins their values.
    entries.set(label, known === undefined || known === '' ? value : `${known};${value}`);
  });
  entries.set('job', service);
  entries.set('service', service);
  if (instance !== '') entries.set('instance', instance);
  return labelsOf(entries);
}
