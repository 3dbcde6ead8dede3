import { invariant } from '@belay/core';
import { unwrapped } from '../parse/ast.ts';
import type { Call, Expression } from '../parse/ast.ts';
import { absentLabels } from './absent.ts';
import type { Evaluation } from './evaluation.ts';
import { evaluateHistogramWindow } from './histogram-windows.ts';
import { withoutMetricName } from './labels.ts';
import { mergeSameLabels } from './merge-series.ts';
import { rangeFunctions } from './range-functions.ts';
import type { RangeFunction, Window } from './range-functions.ts';
import { emptySeries } from './series.ts';
import type { SampleSeries, StepSeries, Value } from './series.ts';
import { timeAt } from './series.ts';
import { windowsOf } from './windows.ts';
import type { Windows } from './windows.ts';

/** Functions that leave the sample as it is keep the metric's name. */
const KEEPS_NAME: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);

export function isRangeCall({ name }: Call): boolean {
  return name === 'absent_over_time' || rangeFunctions.has(name);
}

/** Evaluates a function of a range vector: once for each series and step. */
export async function evaluateRangeCall(evaluation: Evaluation, call: Call): Promise<StepSeries[]> {
  const { name, parameters } = call;
  const ranged = parameters.find((parameter) => isRange(parameter));
  invariant(ranged !== undefined, 'the type check asks for a range');
  const windows = await windowsOf(evaluation, ranged, name);
  if (name === 'absent_over_time') return absentOverTime(evaluation, windows, ranged);
  const others = parameters.filter((parameter) => parameter !== ranged);
  const scalars = await scalarsOf(evaluation, others);
  const calculate = rangeFunctions.get(name);
  invariant(calculate !== undefined, 'the caller knows the function');
  const result: StepSeries[] = [];
  for (const series of windows.series) {
    const output = await applyToWindows(evaluation, { windows, series, scalars, call }, calculate);
    if (output !== undefined) result.push(output);
  }
  return mergeSameLabels(result);
}

async function scalarsOf(evaluation: Evaluation, expressions: readonly Expression[]): Promise<Float64Array[]> {
  const scalars: Float64Array[] = [];
  for (const expression of expressions) {
    const value: Value = await evaluation.evaluate(expression, evaluation);
    invariant(value.type === 'scalar', 'the type check asks for a scalar');
    scalars.push(value.values);
  }
  return scalars;
}

interface Application {
  readonly windows: Windows;
  readonly series: SampleSeries;
  readonly scalars: readonly Float64Array[];
  readonly call: Call;
}

async function applyToWindows(
  evaluation: Evaluation,
  { windows, series, scalars, call }: Application,
  calculate: RangeFunction,
): Promise<StepSeries | undefined> {
  const { grid, budget, rules } = evaluation;
  budget.take(grid.count);
  const labels = KEEPS_NAME.has(call.name) ? series.labels : withoutMetricName(series.labels);
  const output = emptySeries(labels, grid.count);
  const histograms: StepSeries['histograms'] = series.histograms === undefined ? undefined : [];
  const window: Window = {
    times: series.times,
    values: series.values,
    low: 0,
    high: 0,
    startMs: 0,
    endMs: 0,
    atMs: 0,
    scalars: scalars.map(() => 0),
    prometheus: rules.prometheus,
    memory: {},
  };
  let found = false;
  let work = 0;
  for (let step = 0; step < grid.count; step += 1) {
    moveWindow(window, windows.ends[step] ?? 0, windows.rangeMs);
    if (window.high === window.low) continue;
    work += window.high - window.low + 8;
    if (work > BREATH_WORK) {
      work = 0;
      await budget.breathe();
    }
    window.atMs = timeAt(grid, step);
    for (let index = 0; index < scalars.length; index += 1) window.scalars[index] = scalars[index]?.[step] ?? NaN;
    if (histograms !== undefined) {
      const answer = evaluateHistogramWindow(call.name, window, { series, evaluation });
      if (answer === undefined) continue;
      if (typeof answer === 'number') output.values[step] = answer;
      else histograms[step] = answer;
    } else {
      const answer = calculate(window);
      if (answer === undefined) continue;
      output.values[step] = answer;
    }
    output.present[step] = 1;
    found = true;
  }
  if (!found) return undefined;
  const hasHistograms = histograms?.some((histogram) => histogram !== undefined) ?? false;
  return hasHistograms ? { ...output, histograms } : output;
}

/** Samples looked at between two looks at the clock. */
const BREATH_WORK = 200_000;

/** Steps mostly go forward, so that the edges are found near where they were; `@` keeps them where they are. */
function moveWindow(window: Window, end: number, rangeMs: number): void {
  const { times, prometheus } = window;
  const start = end - rangeMs;
  while (window.high < times.length && (times[window.high] ?? 0) <= end) window.high += 1;
  while (window.low < window.high && isBefore(times[window.low] ?? 0, start, prometheus === 3)) window.low += 1;
  window.startMs = start;
  window.endMs = end;
}

function isBefore(time: number, start: number, isLeftOpen: boolean): boolean {
  return isLeftOpen ? time <= start : time < start;
}

function isRange(expression: Expression): boolean {
  const inner = unwrapped(expression);
  return inner.kind === 'range' || inner.kind === 'subquery';
}

/** 1 at the steps whose window holds no sample of any series. */
function absentOverTime(evaluation: Evaluation, windows: Windows, ranged: Expression): StepSeries[] {
  const { grid, rules } = evaluation;
  const seen = new Uint8Array(grid.count);
  for (const { times, values } of windows.series) {
    const window: Window = {
      times,
      values,
      low: 0,
      high: 0,
      startMs: 0,
      endMs: 0,
      atMs: 0,
      scalars: [],
      prometheus: rules.prometheus,
      memory: {},
    };
    for (let step = 0; step < grid.count; step += 1) {
      moveWindow(window, windows.ends[step] ?? 0, windows.rangeMs);
      if (window.high > window.low) seen[step] = 1;
    }
  }
  if (!seen.includes(0)) return [];
  const output = emptySeries(absentLabels(ranged), grid.count);
  seen.forEach((value, step) => {
    if (value === 1) return;
    output.values[step] = 1;
    output.present[step] = 1;
  });
  return [output];
}
