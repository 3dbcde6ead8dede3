import type { MetricKind } from '@belay/protocol';
import { prometheusLabelOf } from '@belay/wire';
import type { TelemetryReader } from '../../telemetry/api.ts';
import { METRIC_NAME, withLabel } from '../evaluate/labels.ts';
import type { Labels } from '../evaluate/labels.ts';
import type { LabelMatcher } from '../parse/label-matcher.ts';
import { printBound } from './distribution-samples.ts';
import type { FoundSeries, SeriesFinder } from './find-series.ts';
import { createRowBinary } from './row-binary.ts';
import { partNames } from './stored-series.ts';
import type { MetricNames } from './stored-series.ts';

/** What series, labels and metrics there are, for people who write queries. */
export interface SeriesMetadata {
  /** Series that fit any of the selectors, as PromQL sees them. */
  series(question: MetadataQuestion): Promise<Labels[]>;
  /** Names of labels; of all series when there are no selectors. */
  labelNames(question: MetadataQuestion): Promise<string[]>;
  labelValues(label: string, question: MetadataQuestion): Promise<string[]>;
  metrics(limit: number): Promise<MetricFacts[]>;
}

export interface MetadataQuestion {
  readonly selectors: readonly (readonly LabelMatcher[])[];
  readonly fromMs: number;
  readonly toMs: number;
}

export interface MetricFacts extends MetricNames {
  readonly monotonic: number;
  readonly unit: string;
  readonly description: string;
}

export interface SeriesMetadataOptions {
  readonly reader: TelemetryReader;
  readonly finder: SeriesFinder;
  readonly maxSeries: number;
}

const DEADLINE_MS = 10_000;
/** More label values than that are of no help to anybody. */
const VALUES = 100_000;

export function createSeriesMetadata({ reader, finder, maxSeries }: SeriesMetadataOptions): SeriesMetadata {
  const find = async ({ selectors, fromMs, toMs }: MetadataQuestion): Promise<Labels[]> => {
    const byKey = new Map<string, Labels>();
    for (const matchers of selectors) {
      const found = await finder.find({ matchers, fromMs, maxSeries, deadlineMs: DEADLINE_MS });
      const expanded = await expand(reader, found, { fromMs, toMs });
      for (const labels of expanded) {
        if (matchers.every((matcher) => matcher.matches(valueIn(labels, matcher.label)))) byKey.set(labels.key, labels);
      }
    }
    return [...byKey.values()];
  };
  return {
    series: find,
    async labelNames(question) {
      if (question.selectors.length === 0) return allLabelNames(reader, question.fromMs);
      return [...new Set((await find(question)).flatMap(({ names }) => names))].sort();
    },
    async labelValues(label, question) {
      if (question.selectors.length > 0) {
        const found = await find(question);
        return [...new Set(found.map((labels) => valueIn(labels, label)))].filter((value) => value !== '').sort();
      }
      if (label === METRIC_NAME) return allMetricNames(reader, question.fromMs);
      return allLabelValues(reader, label, question.fromMs);
    },
    metrics: (limit) =>
      reader.rows<MetricFacts>(
        `SELECT toString(s.metric) AS metric, toString(any(s.prom)) AS prom,
           toString(argMax(s.kind, s.last_seen)) AS kind, any(s.monotonic) AS monotonic,
           toString(argMax(s.unit, s.last_seen)) AS unit, argMax(s.description, s.last_seen) AS description
         FROM series AS s GROUP BY s.metric ORDER BY prom LIMIT {limit:UInt32}`,
        { name: 'promql.metadata', parameters: { limit } },
      ),
  };
}

function valueIn(labels: Labels, name: string): string {
  const index = labels.names.indexOf(name);
  return index < 0 ? '' : (labels.values[index] ?? '');
}

interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Takes histograms and summaries apart, as a query would. */
async function expand(reader: TelemetryReader, found: readonly FoundSeries[], window: Window): Promise<Labels[]> {
  const bounds = await readBounds(reader, found, { ...window, table: 'm_hist', kind: 'histogram' });
  const quantiles = await readBounds(reader, found, { ...window, table: 'm_summary', kind: 'summary' });
  return found.flatMap(({ series, parts }) =>
    [...parts].flatMap(([part, name]) => {
      const labels = withLabel(series.labels, METRIC_NAME, name);
      if (part === 'bucket') {
        const own = [...(bounds.get(series.fp) ?? []), Infinity].filter((bound, at, all) => all.indexOf(bound) === at);
        return own.map((bound) => withLabel(labels, 'le', printBound(bound)));
      }
      if (part !== 'self' || series.kind !== 'summary') return [labels];
      return [...(quantiles.get(series.fp) ?? [])].map((quantile) =>
        withLabel(labels, 'quantile', printBound(quantile)),
      );
    }),
  );
}

async function readBounds(
  reader: TelemetryReader,
  found: readonly FoundSeries[],
  { fromMs, toMs, table, kind }: Window & { readonly table: 'm_hist' | 'm_summary'; readonly kind: MetricKind },
): Promise<Map<string, Float64Array>> {
  const fps = found.filter(({ series }) => series.kind === kind).map(({ series }) => series.fp);
  const bounds = new Map<string, Float64Array>();
  if (fps.length === 0) return bounds;
  const column = table === 'm_hist' ? 'bounds' : 'quantiles';
  const bytes = await reader.bytes(
    `SELECT fp, arraySort(groupUniqArrayArray(${column})) FROM ${table}
     WHERE fp IN (${fps.join(',')}) AND ts >= fromUnixTimestamp64Milli({from:Int64})
       AND ts <= fromUnixTimestamp64Milli({to:Int64}) GROUP BY fp`,
    { name: 'promql.bounds', parameters: { from: fromMs, to: toMs }, deadlineMs: DEADLINE_MS },
  );
  const row = createRowBinary(bytes);
  while (!row.isAtEnd) bounds.set(row.uint64Text(), row.floats());
  return bounds;
}

const SINCE = 'last_seen >= toDateTime({since:UInt32})';
const DESCRIBED_MS = 26 * 3_600_000;
const sinceOf = (fromMs: number): number => Math.max(0, Math.floor((fromMs - DESCRIBED_MS) / 1000));

async function allMetricNames(reader: TelemetryReader, fromMs: number): Promise<string[]> {
  const rows = await reader.rows<MetricNames>(
    `SELECT DISTINCT toString(metric) AS metric, toString(prom) AS prom, toString(kind) AS kind FROM series WHERE ${SINCE}`,
    { name: 'promql.names', parameters: { since: sinceOf(fromMs) } },
  );
  const names = rows.flatMap((row) => partNames(row).filter(({ isAsSent }) => !isAsSent));
  return [...new Set(names.map(({ name }) => name))].sort();
}

interface KeyRow {
  readonly key: string;
  readonly source: string;
}

async function allKeys(reader: TelemetryReader, fromMs: number): Promise<KeyRow[]> {
  return reader.rows<KeyRow>(
    `SELECT DISTINCT arrayJoin(CAST(mapKeys(labels) AS Array(String))) AS key, toString(source) AS source
     FROM series WHERE ${SINCE}`,
    { name: 'promql.labels', parameters: { since: sinceOf(fromMs) } },
  );
}

function labelOf({ key, source }: KeyRow): string {
  return source === 'remote-write' ? key : prometheusLabelOf(key);
}

async function allLabelNames(reader: TelemetryReader, fromMs: number): Promise<string[]> {
  const [keys, kinds] = await Promise.all([
    allKeys(reader, fromMs),
    reader.rows<{ kind: string; source: string }>(
      `SELECT DISTINCT toString(kind) AS kind, toString(source) AS source FROM series WHERE ${SINCE}`,
      { name: 'promql.kinds', parameters: { since: sinceOf(fromMs) } },
    ),
  ]);
  const names = new Set(keys.map(labelOf));
  if (kinds.length > 0) names.add(METRIC_NAME);
  if (kinds.some(({ source }) => source !== 'remote-write'))
    for (const own of ['job', 'service', 'instance']) names.add(own);
  if (kinds.some(({ kind }) => kind === 'histogram')) names.add('le');
  if (kinds.some(({ kind }) => kind === 'summary')) names.add('quantile');
  return [...names].sort();
}

async function allLabelValues(reader: TelemetryReader, label: string, fromMs: number): Promise<string[]> {
  const keys = (await allKeys(reader, fromMs)).filter((row) => labelOf(row) === label).map(({ key }) => key);
  const column = label === 'instance' ? 'instance' : label === 'job' || label === 'service' ? 'service' : undefined;
  const parts = keys.slice(0, KEYS).map((_, index) => `labels[{key${index}:String}]`);
  if (column !== undefined) parts.push(`if(source = 'remote-write', '', toString(${column}))`);
  if (parts.length === 0) return [];
  const rows = await reader.rows<{ value: string }>(
    `SELECT DISTINCT arrayJoin([${parts.join(', ')}]) AS value FROM series
     WHERE ${SINCE} AND value != '' ORDER BY value LIMIT {limit:UInt32}`,
    {
      name: 'promql.values',
      parameters: {
        since: sinceOf(fromMs),
        limit: VALUES,
        ...Object.fromEntries(keys.slice(0, KEYS).map((key, index) => [`key${index}`, key])),
      },
    },
  );
  return rows.map(({ value }) => value);
}

/** Attributes that are spelled differently but become one label. */
const KEYS = 20;
