import { typeOf } from '../parse/check-types.ts';
import { parseQuery } from '../parse/parse-query.ts';
import type { Budget } from './budget.ts';
import { evaluate } from './evaluate.ts';
import type { Evaluation, EvaluationRules, MetricStorage } from './evaluation.ts';
import { compareLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { isEmpty } from './series.ts';
import type { Grid, SampleSeries, StepSeries } from './series.ts';
import { windowsOf } from './windows.ts';

export interface QueryInput {
  readonly query: string;
  readonly grid: Grid;
  readonly storage: MetricStorage;
  readonly rules: EvaluationRules;
  readonly budget: Budget;
}

export type QueryResult =
  | { readonly type: 'scalar'; readonly values: Float64Array }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'vector'; readonly series: readonly StepSeries[] }
  /** Raw samples: the answer of an instant query for a range, e.g. `up[5m]`. */
  | { readonly type: 'matrix'; readonly series: readonly SampleSeries[] };

export interface QueryAnswer {
  readonly result: QueryResult;
  readonly warnings: readonly string[];
}

/** Prometheus 3 with its defaults. */
export const defaultRules: EvaluationRules = { prometheus: 3, lookbackMs: 300_000 };

/**
 * Answers a query at every step of the grid; series are sorted by labels, but for a single step, whose order the query
 * decides. Throws `promql.*` and `telemetry.*` errors.
 */
export async function runQuery(input: QueryInput): Promise<QueryAnswer> {
  const { grid, storage, rules, budget } = input;
  const expression = parseQuery(input.query);
  const evaluation: Evaluation = {
    storage,
    grid,
    rules,
    budget,
    queryStartMs: grid.startMs,
    queryEndMs: grid.startMs + (grid.count - 1) * grid.stepMs,
    warnings: new Set(),
    selections: new Map(),
    evaluate,
  };
  if (typeOf(expression) === 'matrix') {
    const { series, ends, rangeMs } = await windowsOf(evaluation, expression, '');
    const end = ends[0] ?? 0;
    const cut = series.map((one) => cutTo(one, end - rangeMs, { end, prometheus: rules.prometheus }));
    const filled = cut.filter(({ times }) => times.length > 0).sort(byLabels);
    return { result: { type: 'matrix', series: filled }, warnings: [...evaluation.warnings] };
  }
  const value = await evaluate(expression, evaluation);
  if (value.type !== 'vector') return { result: value, warnings: [...evaluation.warnings] };
  const filled = value.series.filter((one) => !isEmpty(one));
  const series = grid.count === 1 ? filled : filled.sort(byLabels);
  return { result: { type: 'vector', series }, warnings: [...evaluation.warnings] };
}

function byLabels(a: { readonly labels: Labels }, b: { readonly labels: Labels }): number {
  return compareLabels(a.labels, b.labels);
}

interface Cut {
  readonly end: number;
  readonly prometheus: 2 | 3;
}

function cutTo(
  { labels, times, values, histograms }: SampleSeries,
  start: number,
  { end, prometheus }: Cut,
): SampleSeries {
  const low = times.findIndex((time) => (prometheus === 3 ? time > start : time >= start));
  const past = times.findIndex((time) => time > end);
  const high = past < 0 ? times.length : past;
  const from = low < 0 ? high : low;
  return {
    labels,
    times: times.slice(from, high),
    values: values.slice(from, high),
    histograms: histograms?.slice(from, high),
  };
}
