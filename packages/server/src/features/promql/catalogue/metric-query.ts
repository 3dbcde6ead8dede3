import { BelayError } from '@belay/core';
import type { MetricQueryResult } from '@belay/protocol';
import { compareLabels, labelEntries, NO_LABELS, printLabels } from '../evaluate/labels.ts';
import type { Grid, StepSeries } from '../evaluate/series.ts';
import type { QueryResult } from '../evaluate/run-query.ts';
import { typeOf } from '../parse/check-types.ts';
import { parseQuery } from '../parse/parse-query.ts';
import { selectorsIn } from '../parse/selectors-in.ts';
import type { PromqlService } from '../promql-service.ts';
import type { MetricCatalogue } from './metric-catalogue.ts';
import { unitOfQuery } from './query-unit.ts';

export interface MetricQuestion {
  readonly query: string;
  /** Unix ms. */
  readonly from: number;
  readonly to: number;
  readonly stepSeconds?: number | undefined;
  readonly maxSeries: number;
}

export interface MetricQueryOptions {
  readonly service: PromqlService;
  readonly catalogue: MetricCatalogue;
}

const POINTS = 11_000;
const USUAL_POINTS = 250;
/** Steps that people find on a clock. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];

/** Answers a query over a time range for a chart: one grid of times, cut to so many series. */
export async function queryMetric(
  { service, catalogue }: MetricQueryOptions,
  question: MetricQuestion,
  signal: AbortSignal,
): Promise<MetricQueryResult> {
  const { query, maxSeries } = question;
  const grid = gridOf(question);
  const expression = parseQuery(query);
  const type = typeOf(expression);
  if (type === 'matrix' || type === 'string') {
    throw new BelayError('promql.invalid', `The query gives a ${type === 'matrix' ? 'range' : 'text'}, not a line.`, {
      hint: 'Put a function such as rate() around the range.',
    });
  }
  const names = selectorsIn(expression).flatMap(({ name }) => (name === undefined ? [] : [name]));
  const [answer, ...metrics] = await Promise.all([
    service.query({ query, grid, signal }),
    ...[...new Set(names)].slice(0, NAMED).map(async (name) => [name, await catalogue.byName(name)] as const),
  ]);
  const known = new Map(metrics);
  const series = seriesOf(answer.result, grid);
  const cut = series.length <= maxSeries ? series : highest(series, maxSeries);
  const cutWarning = `${series.length} series were found; the ${maxSeries} with the highest values are shown.`;
  return {
    query,
    start: grid.startMs,
    stepSeconds: grid.stepMs / 1000,
    points: grid.count,
    series: cut.sort((a, b) => compareLabels(a.labels, b.labels)).map(viewOf),
    seriesFound: series.length,
    unit: unitOfQuery(expression, ({ name }) => unitOf(name, known)),
    warnings: [...(cut.length < series.length ? [cutWarning] : []), ...answer.warnings],
    suggestions: [...known.values()].find((metric) => metric !== undefined)?.suggestions ?? [],
    stats: { samples: answer.samples, seriesRead: answer.seriesRead, tookMs: Math.round(answer.tookMs * 10) / 10 },
  };
}

/** Metrics of a query that are looked up for their units. */
const NAMED = 4;

function unitOf(
  name: string | undefined,
  known: ReadonlyMap<string, { readonly unit: string; readonly kind: string } | undefined>,
): string {
  const metric = name === undefined ? undefined : known.get(name);
  if (name === undefined || metric === undefined) return '';
  const isDistribution = metric.kind === 'histogram' || metric.kind === 'exponential' || metric.kind === 'summary';
  // What counts observations has no unit, whatever they are observations of; buckets lend theirs to quantiles.
  return isDistribution && name.endsWith('_count') ? '' : metric.unit;
}

function gridOf({ from, to, stepSeconds }: MetricQuestion): Grid {
  if (to <= from) {
    throw new BelayError('request.invalid', 'The time range is empty.', {
      issues: [{ path: 'to', message: 'is not after "from"', seen: String(to), mend: `later than ${from}` }],
    });
  }
  const seconds = (to - from) / 1000;
  const least = seconds / USUAL_POINTS;
  const step = stepSeconds ?? STEPS.find((nice) => nice >= least) ?? Math.ceil(least / 86_400) * 86_400;
  if (seconds / step > POINTS) {
    throw new BelayError('request.invalid', `That would be ${Math.ceil(seconds / step)} points for each series.`, {
      issues: [
        {
          path: 'stepSeconds',
          message: `gives more than ${POINTS} points`,
          seen: String(step),
          mend: `at least ${Math.ceil(seconds / POINTS)}`,
        },
      ],
    });
  }
  // On multiples of the step a chart that is asked for again keeps its points.
  const stepMs = step * 1000;
  const startMs = Math.ceil(from / stepMs) * stepMs;
  return { startMs, stepMs, count: Math.max(1, Math.floor((to - startMs) / stepMs) + 1) };
}

function seriesOf(result: QueryResult, grid: Grid): StepSeries[] {
  if (result.type === 'vector') return [...result.series];
  if (result.type !== 'scalar') return [];
  return [{ labels: NO_LABELS, values: result.values, present: new Uint8Array(grid.count).fill(1) }];
}

function highest(series: readonly StepSeries[], count: number): StepSeries[] {
  const peak = ({ values, present }: StepSeries): number =>
    values.reduce((most, value, step) => (present[step] === 1 && value > most ? value : most), -Infinity);
  const peaks = new Map(series.map((one) => [one, peak(one)]));
  return series.toSorted((a, b) => (peaks.get(b) ?? 0) - (peaks.get(a) ?? 0) || 0).slice(0, count);
}

function viewOf({ labels, values, present, histograms }: StepSeries): MetricQueryResult['series'][number] {
  return {
    name: printLabels(labels),
    labels: Object.fromEntries(labelEntries(labels)),
    values: Array.from(values, (value, step) =>
      present[step] === 1 && histograms?.[step] === undefined && Number.isFinite(value) ? value : null,
    ),
  };
}
