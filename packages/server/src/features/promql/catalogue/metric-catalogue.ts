import type { MetricKind, MetricLabels, MetricView } from '@belay/protocol';
import type { TelemetryReader } from '../../telemetry/api.ts';
import { labelValue } from '../evaluate/labels.ts';
import { createLabelMatcher } from '../parse/label-matcher.ts';
import type { SeriesFinder } from '../storage/find-series.ts';
import { possibleMetrics } from '../storage/stored-series.ts';
import { suggestionsFor } from './metric-suggestions.ts';

/** What metrics there are. */
export interface MetricCatalogue {
  list(question: ListQuestion): Promise<{ items: MetricView[]; next: string | null }>;
  labels(question: LabelsQuestion): Promise<MetricLabels>;
  /** The metric that a name in a query belongs to, by any of its names. */
  byName(name: string): Promise<MetricView | undefined>;
}

export interface ListQuestion {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly q?: string | undefined;
  readonly service?: string | undefined;
  readonly kind?: MetricKind | undefined;
  /** Unix ms. */
  readonly since?: number | undefined;
}

export interface LabelsQuestion {
  readonly metric: string;
  readonly service?: string | undefined;
  readonly values: number;
}

interface MetricRow {
  readonly metric: string;
  readonly prom: string;
  readonly kind: MetricKind;
  readonly temporality: number;
  readonly monotonic: number;
  readonly unit: string;
  readonly description: string;
  readonly services: string[];
  readonly series: number;
  readonly last: number;
}

const SERVICES = 20;
const WORDS = 8;
const CURSOR_LENGTH = 256;
/** Labels are counted over this many series. */
const COUNTED_SERIES = 100_000;
const DEADLINE_MS = 10_000;

export interface MetricCatalogueOptions {
  readonly reader: TelemetryReader;
  readonly finder: SeriesFinder;
}

export function createMetricCatalogue({ reader, finder }: MetricCatalogueOptions): MetricCatalogue {
  const read = (conditions: readonly string[], parameters: Readonly<Record<string, unknown>>): Promise<MetricRow[]> =>
    reader.rows<MetricRow>(
      `SELECT toString(s.metric) AS metric, toString(argMax(s.prom, s.last_seen)) AS prom,
         toString(argMax(s.kind, s.last_seen)) AS kind, argMax(s.temporality, s.last_seen) AS temporality,
         argMax(s.monotonic, s.last_seen) AS monotonic, toString(argMax(s.unit, s.last_seen)) AS unit,
         argMax(s.description, s.last_seen) AS description,
         arraySort(groupUniqArray(${SERVICES})(toString(s.service))) AS services,
         uniqExact(s.fp) AS series, toUnixTimestamp(max(s.last_seen)) AS last
       FROM series AS s WHERE ${conditions.join(' AND ')} GROUP BY s.metric ORDER BY s.metric LIMIT {limit:UInt32}`,
      { name: 'metrics.catalogue', parameters },
    );
  return {
    async list(question) {
      const { limit } = question;
      const { conditions, parameters } = conditionsOf(question);
      const rows = await read(conditions, { ...parameters, limit: limit + 1 });
      const items = rows.slice(0, limit).map(viewOf);
      const last = items.at(-1)?.metric ?? '';
      return { items, next: rows.length > limit ? last.slice(0, CURSOR_LENGTH) : null };
    },
    async labels({ metric, service, values }) {
      // Series of Prometheus have no label `service`; `job` says the same for all.
      const others = service === undefined ? [] : [createLabelMatcher('job', '=', service)];
      const options = { fromMs: 0, maxSeries: COUNTED_SERIES, deadlineMs: DEADLINE_MS };
      const found = await finder.read({ metrics: possibleMetrics(metric), others }, options);
      const own = found.filter(
        (series) =>
          (series.metric === metric || series.prom === metric) &&
          others.every((matcher) => matcher.matches(labelValue(series.labels, matcher.label))),
      );
      return {
        metric: own[0]?.metric ?? metric,
        prom: own[0]?.prom ?? metric,
        labels: countLabels(own, values),
      };
    },
    async byName(name) {
      const rows = await read(['(s.metric IN {names:Array(String)} OR s.prom IN {names:Array(String)})'], {
        names: possibleMetrics(name),
        limit: 4,
      });
      const exact = rows.find((row) => row.metric === name || row.prom === name) ?? rows[0];
      return exact === undefined ? undefined : viewOf(exact);
    },
  };
}

function conditionsOf({ cursor, q, service, kind, since }: ListQuestion): {
  conditions: string[];
  parameters: Record<string, unknown>;
} {
  const conditions = ['s.last_seen >= toDateTime({since:UInt32})'];
  const parameters: Record<string, unknown> = { since: Math.floor((since ?? 0) / 1000) };
  if (cursor !== undefined) {
    conditions.push('s.metric > {cursor:String}');
    parameters['cursor'] = cursor;
  }
  if (service !== undefined) {
    conditions.push('s.service = {service:String}');
    parameters['service'] = service;
  }
  if (kind !== undefined) {
    conditions.push('s.kind = {kind:String}');
    parameters['kind'] = kind;
  }
  const words = (q ?? '').split(/\s+/).filter((word) => word !== '');
  words.slice(0, WORDS).forEach((word, index) => {
    conditions.push(
      `positionCaseInsensitiveUTF8(concat(s.metric, ' ', s.prom, ' ', s.description), {word${index}:String}) > 0`,
    );
    parameters[`word${index}`] = word;
  });
  return { conditions, parameters };
}

const TEMPORALITY = ['none', 'delta', 'cumulative'] as const;

function viewOf(row: MetricRow): MetricView {
  const { metric, prom, kind, unit, description, services, series } = row;
  const monotonic = row.monotonic === 1;
  return {
    metric,
    prom,
    kind,
    temporality: TEMPORALITY[row.temporality] ?? 'none',
    monotonic,
    unit,
    description,
    services,
    series,
    lastSeen: row.last * 1000,
    suggestions: suggestionsFor({ prom, kind, monotonic, unit }),
  };
}

function countLabels(
  series: readonly { readonly labels: { readonly names: readonly string[]; readonly values: readonly string[] } }[],
  shown: number,
): MetricLabels['labels'] {
  const counts = new Map<string, Map<string, number>>();
  for (const { labels } of series) {
    labels.names.forEach((name, index) => {
      const values = counts.get(name) ?? new Map<string, number>();
      counts.set(name, values);
      const value = labels.values[index] ?? '';
      values.set(value, (values.get(value) ?? 0) + 1);
    });
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => ({
      name,
      distinct: values.size,
      values: [...values]
        .sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
        .slice(0, shown)
        .map(([value, count]) => ({ value, series: count })),
    }));
}
