import { type FamilyFacts, type SeriesFacts, sortedLabels } from './series.ts';

/** Facts of a series that Prometheus sends, or what is wrong with its labels. */
export type PrometheusSeries = { readonly facts: SeriesFacts } | { readonly problem: string };

/** Options of {@link prometheusSeriesOf}. */
export interface PrometheusSeriesOptions {
  /** Labels that name the service; the first that is there counts. */
  readonly serviceLabels: readonly string[];
  /** Whether its first point is a native histogram. */
  readonly isNative: boolean;
  readonly family?: FamilyFacts;
}

const LONGEST_NAME = 1024;
const COUNTER_NAME = /_(total|bucket|count|sum)$/;

/**
 * Reads the labels of a series (key, value, ... with `__name__`). An empty value is the same as no label. Without
 * metadata the kind is told by the customs of names: what ends in `_total`, `_bucket`, `_count` or `_sum` only rises.
 */
export function prometheusSeriesOf(labels: readonly string[], options: PrometheusSeriesOptions): PrometheusSeries {
  const kept: string[] = [];
  let metric = '';
  for (let i = 0; i + 1 < labels.length; i += 2) {
    const key = labels[i] ?? '';
    const value = labels[i + 1] ?? '';
    if (key === '') return { problem: 'a label has no name' };
    if (key === '__name__') metric = value;
    else if (value !== '') kept.push(key, value);
  }
  if (metric === '') return { problem: `a series has no label __name__ (its labels: ${shown(kept)})` };
  if (metric.length > LONGEST_NAME) {
    return { problem: `the metric name "${metric.slice(0, 80)}..." is longer than ${LONGEST_NAME} characters` };
  }
  const sorted = sortedLabels(kept);
  const facts: SeriesFacts = {
    source: 'remote-write',
    metric,
    prom: metric,
    kind: options.isNative ? 'exponential' : 'unknown',
    temporality: options.isNative ? 2 : 0,
    monotonic: false,
    unit: '',
    description: '',
    service: serviceOf(sorted, options.serviceLabels),
    instance: valueOf(sorted, 'instance') ?? '',
    labels: sorted,
  };
  return { facts: describedBy(facts, options.family) };
}

/** Names of the families that a metric may be part of: its own, and the one without the suffix. */
export function familyNamesOf(metric: string): readonly string[] {
  const without = metric.replace(/_(total|bucket|count|sum|created)$/, '');
  return without === metric ? [metric] : [metric, without];
}

/** What a series is, given what Prometheus tells of its family, or else by the customs of names. */
export function describedBy(facts: SeriesFacts, family: FamilyFacts | undefined): SeriesFacts {
  if (facts.source !== 'remote-write') return facts;
  const told = family === undefined ? facts : { ...facts, unit: family.unit, description: family.description };
  if (facts.kind === 'exponential') return told;
  const isCounter = COUNTER_NAME.test(facts.metric);
  const kind = family?.kind ?? 'unknown';
  if (kind === 'counter' || (kind !== 'gauge' && isCounter)) {
    return { ...told, kind: 'sum', temporality: 2, monotonic: true };
  }
  return kind === 'gauge' || kind === 'summary' ? { ...told, kind: 'gauge' } : told;
}

function serviceOf(labels: readonly string[], serviceLabels: readonly string[]): string {
  for (const name of serviceLabels) {
    const value = valueOf(labels, name);
    if (value !== undefined) return value;
  }
  return 'unknown_service';
}

function valueOf(labels: readonly string[], key: string): string | undefined {
  for (let i = 0; i + 1 < labels.length; i += 2) if (labels[i] === key) return labels[i + 1];
  return undefined;
}

function shown(labels: readonly string[]): string {
  const pairs: string[] = [];
  for (let i = 0; i + 1 < labels.length && pairs.length < 4; i += 2) pairs.push(`${labels[i]}="${labels[i + 1]}"`);
  return pairs.join(', ').slice(0, 120);
}
