import { BelayError } from '@belay/core';
import type { MetricKind } from '@belay/protocol';
import type { TelemetryReader } from '../../telemetry/api.ts';
import type { LabelMatcher } from '../parse/label-matcher.ts';
import { labelValue, METRIC_NAME } from '../evaluate/labels.ts';
import type { Labels } from '../evaluate/labels.ts';
import { createRowBinary } from './row-binary.ts';
import type { RowBinary } from './row-binary.ts';
import { partNames, possibleMetrics, promLabels } from './stored-series.ts';
import type { MetricNames, Part, StoredSeries } from './stored-series.ts';

/** A stored series with the parts of it that were asked for. */
export interface FoundSeries {
  readonly series: StoredSeries;
  readonly parts: ReadonlyMap<Part, string>;
}

export interface FindOptions {
  readonly matchers: readonly LabelMatcher[];
  readonly fromMs: number;
  readonly maxSeries: number;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Labels that only come to be when histograms and summaries are taken apart. */
const PART_LABELS: ReadonlySet<string> = new Set(['le', 'quantile']);
/** A series that goes on is described anew once a day at least. */
const DESCRIBED_MS = 26 * 3_600_000;

/** Finds series by their labels. */
export interface SeriesFinder {
  /** The series that fit all matchers but those on `le` and `quantile`. */
  find(options: FindOptions): Promise<FoundSeries[]>;
  /** Series by metric and, roughly, by labels: more than wanted may come back, none is missing. */
  read(conditions: SeriesConditions, options: Omit<FindOptions, 'matchers'>): Promise<StoredSeries[]>;
}

export function createSeriesFinder(reader: TelemetryReader): SeriesFinder {
  const source = { reader, known: new Map<string, SeriesFacts>() };
  return {
    find: (options) => findSeries(source, options),
    read: (conditions, options) => readSeries(source, conditions, options),
  };
}

type SeriesFacts = Pick<StoredSeries, 'metric' | 'prom' | 'labels'>;

interface SeriesSource {
  readonly reader: TelemetryReader;
  /** By fingerprint, which names them for good; dashboards ask for the same series again and again. */
  readonly known: Map<string, SeriesFacts>;
}

async function findSeries(source: SeriesSource, options: FindOptions): Promise<FoundSeries[]> {
  const { matchers, maxSeries } = options;
  const names = matchers.filter(({ label }) => label === METRIC_NAME);
  const others = matchers.filter(({ label }) => label !== METRIC_NAME && !PART_LABELS.has(label));
  const metrics = await metricsNamed(source.reader, names, options);
  if (metrics !== undefined && metrics.length === 0) return [];
  const rows = await readSeries(source, { metrics, others }, options);
  const partsByName = new Map<string, ReadonlyMap<Part, string>>();
  const found: FoundSeries[] = [];
  for (const series of rows) {
    const key = `${series.kind} ${series.prom} ${series.metric}`;
    const parts = partsByName.get(key) ?? partsNamed(series, names);
    partsByName.set(key, parts);
    if (parts.size === 0 || !others.every((matcher) => fits(matcher, series.labels))) continue;
    found.push({ series, parts });
  }
  if (found.length > maxSeries || rows.length > maxSeries * ROW_SHARE) throw tooMany(maxSeries);
  return found;
}

/** How many more rows may be looked at than fit in the end. */
const ROW_SHARE = 4;

/** `http.route` is found as `http_route`, too, and so may be asked for in quotes as it was sent. */
function fits(matcher: LabelMatcher, labels: Labels): boolean {
  const value = labelValue(labels, matcher.label);
  if (value !== '' || !/[^a-zA-Z0-9_]/.test(matcher.label)) return matcher.matches(value);
  return matcher.matches(labelValue(labels, matcher.label.replaceAll(/[^a-zA-Z0-9_]/g, '_')));
}

function partsNamed(series: MetricNames, names: readonly LabelMatcher[]): ReadonlyMap<Part, string> {
  const isExact = names.some(({ operator }) => operator === '=');
  const parts = new Map<Part, string>();
  for (const { part, name, isAsSent } of partNames(series)) {
    if ((isAsSent && !isExact) || parts.has(part) || !names.every((matcher) => matcher.matches(name))) continue;
    parts.set(part, name);
  }
  return parts;
}

/** Metrics one of whose names fits; undefined when every metric may. */
async function metricsNamed(
  reader: TelemetryReader,
  names: readonly LabelMatcher[],
  { deadlineMs, signal }: FindOptions,
): Promise<string[] | undefined> {
  const exact = names.find(({ operator }) => operator === '=');
  if (exact !== undefined) return possibleMetrics(exact.value);
  if (names.length === 0) return undefined;
  const rows = await reader.rows<MetricNames>(
    'SELECT DISTINCT toString(metric) AS metric, toString(prom) AS prom, toString(kind) AS kind FROM series',
    { name: 'promql.metrics', deadlineMs, ...(signal === undefined ? {} : { signal }) },
  );
  const fitting = rows.filter((row) => partsNamed(row, names).size > 0);
  const metrics = [...new Set(fitting.map(({ metric }) => metric))];
  // Parameters go in the address, which has a limit; the names are matched again below.
  return metrics.length > NAMED_METRICS ? undefined : metrics;
}

const NAMED_METRICS = 100;

/** Which series are read. */
export interface SeriesConditions {
  readonly metrics: readonly string[] | undefined;
  readonly others: readonly LabelMatcher[];
}

async function readSeries(
  { reader, known }: SeriesSource,
  { metrics, others }: SeriesConditions,
  { fromMs, maxSeries, deadlineMs, signal }: Omit<FindOptions, 'matchers'>,
): Promise<StoredSeries[]> {
  // Whatever the label is called in the store, its value is among the values: enough to leave most series out here.
  const values = others.filter(({ operator, value }) => operator === '=' && value !== '').map(({ value }) => value);
  const conditions = ['last_seen >= toDateTime({since:UInt32})'];
  if (metrics !== undefined) conditions.push('(metric IN {metrics:Array(String)} OR prom IN {metrics:Array(String)})');
  values.forEach((_, index) => {
    const value = `{value${index}:String}`;
    conditions.push(`(has(mapValues(labels), ${value}) OR service = ${value} OR instance = ${value})`);
  });
  const bytes = await reader.bytes(
    `SELECT fp, toUnixTimestamp(last_seen), toString(kind), temporality, toString(metric), toString(prom),
       toString(source), toString(service), toString(instance),
       CAST(mapKeys(labels) AS Array(String)), mapValues(labels)
     FROM series WHERE ${conditions.join(' AND ')} LIMIT {limit:UInt32}`,
    {
      name: 'promql.series',
      parameters: {
        since: Math.max(0, Math.floor((fromMs - DESCRIBED_MS) / 1000)),
        limit: maxSeries * ROW_SHARE + 1,
        ...(metrics === undefined ? {} : { metrics }),
        ...Object.fromEntries(values.map((value, index) => [`value${index}`, value])),
      },
      deadlineMs,
      ...(signal === undefined ? {} : { signal }),
    },
  );
  return decodeSeries(bytes, known);
}

const KNOWN = 50_000;

/** A series that was described anew stands twice until the engine has merged it: the newest counts. */
function decodeSeries(bytes: Uint8Array, known: Map<string, SeriesFacts>): StoredSeries[] {
  const row = createRowBinary(bytes);
  const newest = new Map<string, { readonly at: number; readonly series: StoredSeries }>();
  while (!row.isAtEnd) {
    const fp = row.uint64Text();
    const at = row.uint32();
    // The registry writes no other kinds.
    const kind = row.text() as MetricKind;
    const temporality = row.byte();
    const facts = factsOf(fp, row, known);
    if ((newest.get(fp)?.at ?? -1) < at) newest.set(fp, { at, series: { fp, kind, temporality, ...facts } });
  }
  return Array.from(newest.values(), ({ series }) => series);
}

function factsOf(fp: string, row: RowBinary, known: Map<string, SeriesFacts>): SeriesFacts {
  const remembered = known.get(fp);
  if (remembered !== undefined) {
    for (let texts = 0; texts < 5; texts += 1) row.skipText();
    row.list(row.skipText);
    row.list(row.skipText);
    return remembered;
  }
  const metric = row.text();
  const prom = row.text();
  const source = row.text();
  const service = row.text();
  const instance = row.text();
  const keys = row.list(row.text);
  const values = row.list(row.text);
  const facts = { metric, prom, labels: promLabels({ source, service, instance, keys, values }) };
  if (known.size >= KNOWN) known.clear();
  known.set(fp, facts);
  return facts;
}

function tooMany(maxSeries: number): BelayError {
  return new BelayError('promql.too-wide', `the query selects more than ${maxSeries} series`, {
    hint: 'Name a metric and a label, e.g. job="shop"; GET /api/v1/metrics/labels shows what there is.',
  });
}
