import { invariant } from '@belay/core';
import { unwrapped } from '../parse/ast.ts';
import type { Call, Expression } from '../parse/ast.ts';
import { absentLabels } from './absent.ts';
import { dateFunctions } from './date-functions.ts';
import type { Evaluation } from './evaluation.ts';
import { histogramCalls } from './histogram-calls.ts';
import { joinLabels, replaceLabel } from './label-calls.ts';
import { NO_LABELS, withoutMetricName } from './labels.ts';
import { mathFunctions } from './math-functions.ts';
import { mergeSameLabels } from './merge-series.ts';
import { evaluateSelector } from './select-series.ts';
import { emptySeries, timeAt } from './series.ts';
import type { StepSeries, Value } from './series.ts';
import { sortSeries } from './sort-calls.ts';

/** Evaluates a function of instant vectors and scalars. */
export async function evaluateVectorCall(evaluation: Evaluation, call: Call): Promise<Value> {
  const { name, parameters } = call;
  const { grid } = evaluation;
  if (name === 'time') return scalar(timesOf(evaluation));
  if (name === 'pi') return scalar(new Float64Array(grid.count).fill(Math.PI));
  if (name === 'timestamp') return vector(mergeSameLabels(await timestamps(evaluation, parameters[0])));
  const date = dateFunctions.get(name);
  if (date !== undefined) return vector(mergeSameLabels(await dates(evaluation, parameters[0], date)));
  const values: Value[] = [];
  for (const parameter of parameters) values.push(await evaluation.evaluate(parameter, evaluation));
  return apply(evaluation, call, values);
}

function apply(evaluation: Evaluation, { name, parameters }: Call, values: readonly Value[]): Value {
  const { grid, budget } = evaluation;
  budget.take(grid.count);
  const texts = values.flatMap((value) => (value.type === 'string' ? [value.value] : []));
  const scalars = values.flatMap((value) => (value.type === 'scalar' ? [value.values] : []));
  const series = values.flatMap((value) => (value.type === 'vector' ? [...value.series] : []));
  const math = mathFunctions.get(name);
  if (math !== undefined) return vector(mapSeries(series, scalars, math));
  const histogram = histogramCalls.get(name);
  if (histogram !== undefined) return vector(mergeSameLabels(histogram(series, scalars, evaluation)));
  switch (name) {
    case 'vector':
      return vector([{ labels: NO_LABELS, values: first(scalars), present: new Uint8Array(grid.count).fill(1) }]);
    case 'scalar':
      return scalar(scalarOf(series, grid.count));
    case 'absent':
      return vector(absent(series, parameters[0], grid.count));
    case 'label_replace':
      return vector(mergeSameLabels(replaceLabel(series, texts)));
    case 'label_join':
      return vector(mergeSameLabels(joinLabels(series, texts)));
    default:
      invariant(name.startsWith('sort'), `${name} is a function that can be evaluated`);
      return vector(sortSeries(name, series, texts));
  }
}

function first(scalars: readonly Float64Array[]): Float64Array {
  const [values] = scalars;
  invariant(values !== undefined, 'the type check asks for a scalar');
  return values;
}

function mapSeries(
  series: readonly StepSeries[],
  scalars: readonly Float64Array[],
  calculate: (value: number, scalars: readonly number[]) => number | undefined,
): StepSeries[] {
  const mapped = series.map(({ labels, values, present, histograms }) => {
    const output = emptySeries(withoutMetricName(labels), values.length);
    const parameters: number[] = [];
    for (let step = 0; step < values.length; step += 1) {
      if (present[step] !== 1 || histograms?.[step] !== undefined) continue;
      for (let at = 0; at < scalars.length; at += 1) parameters[at] = scalars[at]?.[step] ?? NaN;
      const answer = calculate(values[step] ?? 0, parameters);
      if (answer === undefined) continue;
      output.values[step] = answer;
      output.present[step] = 1;
    }
    return output;
  });
  return mergeSameLabels(mapped);
}

async function timestamps(evaluation: Evaluation, parameter: Expression | undefined): Promise<StepSeries[]> {
  invariant(parameter !== undefined, 'timestamp takes a vector');
  const inner = unwrapped(parameter);
  if (inner.kind === 'selector') {
    const selected = await evaluateSelector(evaluation, inner, 'timestamp');
    return selected.map((series) => ({ ...series, labels: withoutMetricName(series.labels) }));
  }
  const value = await evaluation.evaluate(parameter, evaluation);
  const times = timesOf(evaluation);
  const series = value.type === 'vector' ? value.series : [];
  return series.map(({ labels, present }) => ({ labels: withoutMetricName(labels), values: times, present }));
}

async function dates(
  evaluation: Evaluation,
  parameter: Expression | undefined,
  calculate: (date: Date) => number,
): Promise<StepSeries[]> {
  const { grid } = evaluation;
  const dateAt = (seconds: number): number => calculate(new Date(Math.trunc(seconds) * 1000));
  if (parameter === undefined) {
    const values = timesOf(evaluation).map((seconds) => calculate(new Date(Math.floor(seconds) * 1000)));
    return [{ labels: NO_LABELS, values, present: new Uint8Array(grid.count).fill(1) }];
  }
  const value = await evaluation.evaluate(parameter, evaluation);
  return value.type === 'vector' ? mapSeries(value.series, [], dateAt) : [];
}

function timesOf({ grid }: Evaluation): Float64Array {
  return Float64Array.from({ length: grid.count }, (_, step) => timeAt(grid, step) / 1000);
}

/** The value of the one series there is; NaN when there are none or several. */
function scalarOf(series: readonly StepSeries[], count: number): Float64Array {
  const output = new Float64Array(count).fill(NaN);
  const found = new Uint8Array(count);
  for (const { values, present, histograms } of series) {
    for (let step = 0; step < count; step += 1) {
      if (present[step] !== 1 || histograms?.[step] !== undefined) continue;
      output[step] = found[step] === 0 ? (values[step] ?? NaN) : NaN;
      found[step] = 1;
    }
  }
  return output;
}

function absent(series: readonly StepSeries[], parameter: Expression | undefined, count: number): StepSeries[] {
  invariant(parameter !== undefined, 'absent takes a vector');
  const output = emptySeries(absentLabels(parameter), count);
  for (let step = 0; step < count; step += 1) {
    if (series.some(({ present }) => present[step] === 1)) continue;
    output.values[step] = 1;
    output.present[step] = 1;
  }
  return output.present.includes(1) ? [output] : [];
}

function vector(series: readonly StepSeries[]): Value {
  return { type: 'vector', series };
}

function scalar(values: Float64Array): Value {
  return { type: 'scalar', values };
}
