import { invariant } from '@belay/core';
import type { Expression, Subquery } from '../parse/ast.ts';
import { executionError } from '../parse/promql-error.ts';
import type { Evaluation } from './evaluation.ts';
import { durationOf, referenceTimes, selectSamples, withoutStale } from './select-series.ts';
import type { SampleSeries, StepSeries } from './series.ts';

/** Series with the window of each step: `(end - range, end]`. */
export interface Windows {
  readonly series: readonly SampleSeries[];
  readonly ends: Float64Array;
  readonly rangeMs: number;
}

/** Default step of a subquery: Prometheus' default evaluation interval. */
const SUBQUERY_STEP_MS = 60_000;

/** The windows of a range selector or a subquery. */
export async function windowsOf(evaluation: Evaluation, expression: Expression, call: string): Promise<Windows> {
  if (expression.kind === 'parenthesis') return windowsOf(evaluation, expression.expression, call);
  if (expression.kind === 'subquery') return subqueryWindows(evaluation, expression);
  invariant(expression.kind === 'range', 'the type check lets only ranges through');
  const rangeMs = positive(durationOf(expression.range, evaluation));
  const ends = referenceTimes(evaluation, expression.selector);
  const samples = await selectSamples(evaluation, expression.selector, ends, { rangeMs, call });
  return { series: samples.map(withoutStale), ends, rangeMs };
}

async function subqueryWindows(evaluation: Evaluation, subquery: Subquery): Promise<Windows> {
  const { rules, budget } = evaluation;
  const rangeMs = positive(durationOf(subquery.range, evaluation));
  const stepMs = subquery.step === undefined ? SUBQUERY_STEP_MS : positive(durationOf(subquery.step, evaluation));
  const ends = referenceTimes(evaluation, subquery);
  const first = Math.min(ends[0] ?? 0, ends.at(-1) ?? 0) - rangeMs;
  const last = Math.max(ends[0] ?? 0, ends.at(-1) ?? 0);
  // Steps lie on multiples of the step since 1970, wherever the query starts.
  let startMs = Math.floor(first / stepMs) * stepMs;
  if (startMs < first || (rules.prometheus === 3 && startMs === first)) startMs += stepMs;
  const count = last < startMs ? 0 : Math.floor((last - startMs) / stepMs) + 1;
  budget.take(count);
  if (count === 0) return { series: [], ends, rangeMs };
  const inner = { ...evaluation, grid: { startMs, stepMs, count } };
  const value = await evaluation.evaluate(subquery.expression, inner);
  invariant(value.type === 'vector', 'the type check lets only vectors into subqueries');
  return { series: value.series.map((series) => samplesOf(series, startMs, stepMs)), ends, rangeMs };
}

function samplesOf({ labels, values, present, histograms }: StepSeries, startMs: number, stepMs: number): SampleSeries {
  const steps: number[] = [];
  for (let step = 0; step < present.length; step += 1) if (present[step] === 1) steps.push(step);
  return {
    labels,
    times: Float64Array.from(steps, (step) => startMs + step * stepMs),
    values: Float64Array.from(steps, (step) => values[step] ?? 0),
    histograms: histograms === undefined ? undefined : steps.map((step) => histograms[step]),
  };
}

function positive(ms: number): number {
  if (ms > 0) return ms;
  throw executionError('duration must be greater than 0');
}
