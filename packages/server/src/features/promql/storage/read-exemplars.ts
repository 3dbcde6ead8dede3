import type { TelemetryReader } from '../../telemetry/api.ts';
import { METRIC_NAME, withLabel } from '../evaluate/labels.ts';
import type { Labels } from '../evaluate/labels.ts';
import type { LabelMatcher } from '../parse/label-matcher.ts';
import type { SeriesFinder } from './find-series.ts';

/** Measurements of one series, each with the trace in which it was taken. */
export interface SeriesExemplars {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
}

export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timeMs: number;
}

export interface ExemplarQuestion {
  readonly selectors: readonly (readonly LabelMatcher[])[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly maxSeries: number;
  readonly finder: SeriesFinder;
}

interface Row {
  readonly fp: string;
  readonly time: number;
  readonly value: number | null;
  readonly trace: string;
  readonly span: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Newest exemplars of one question. */
const EXEMPLARS = 10_000;
const NO_TRACE = /^0*$/;

export async function readExemplars(reader: TelemetryReader, question: ExemplarQuestion): Promise<SeriesExemplars[]> {
  const { selectors, fromMs, toMs, maxSeries, finder } = question;
  const labels = new Map<string, Labels>();
  for (const matchers of selectors) {
    for (const { series, parts } of await finder.find({ matchers, fromMs, maxSeries, deadlineMs: 10_000 })) {
      const name = parts.get('bucket') ?? [...parts.values()][0];
      if (name !== undefined) labels.set(series.fp, withLabel(series.labels, METRIC_NAME, name));
    }
  }
  if (labels.size === 0) return [];
  const rows = await reader.rows<Row>(
    `SELECT toString(fp) AS fp, toUnixTimestamp64Milli(ts) AS time, value, lower(hex(trace_id)) AS trace,
       lower(hex(span_id)) AS span, attributes
     FROM exemplars WHERE fp IN (${[...labels.keys()].join(',')}) AND ts >= fromUnixTimestamp64Milli({from:Int64})
       AND ts <= fromUnixTimestamp64Milli({to:Int64}) ORDER BY ts DESC LIMIT {limit:UInt32}`,
    { name: 'promql.exemplars', parameters: { from: fromMs, to: toMs, limit: EXEMPLARS } },
  );
  const byFp = Map.groupBy(rows.toReversed(), ({ fp }) => fp);
  return [...byFp].flatMap(([fp, own]) => {
    const series = labels.get(fp);
    return series === undefined ? [] : [{ labels: series, exemplars: own.map(exemplarOf) }];
  });
}

function exemplarOf({ time, value, trace, span, attributes }: Row): Exemplar {
  const ids = {
    ...(NO_TRACE.test(trace) ? {} : { trace_id: trace }),
    ...(NO_TRACE.test(span) ? {} : { span_id: span }),
  };
  return { labels: { ...attributes, ...ids }, value: value ?? NaN, timeMs: time };
}
