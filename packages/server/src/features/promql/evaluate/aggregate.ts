import { invariant } from '@belay/core';
import type { Aggregation } from '../parse/ast.ts';
import { executionError } from '../parse/promql-error.ts';
import { countValues, selectInGroup } from './aggregate-selection.ts';
import type { Group } from './aggregate-selection.ts';
import type { Evaluation } from './evaluation.ts';
import { addHistograms, scaleHistogram } from './native-histogram.ts';
import { METRIC_NAME, NO_LABELS, onlyLabels, withoutLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { mergeSameLabels } from './merge-series.ts';
import { quantileOf } from './quantile.ts';
import { emptySeries } from './series.ts';
import type { StepSeries } from './series.ts';

export async function evaluateAggregation(evaluation: Evaluation, aggregation: Aggregation): Promise<StepSeries[]> {
  const { operator, parameter, expression } = aggregation;
  const { grid, budget, warnings } = evaluation;
  const input = await evaluation.evaluate(expression, evaluation);
  invariant(input.type === 'vector', 'the type check asks for a vector');
  const groups = groupsOf(input.series, aggregation);
  if (operator === 'count_values') {
    const label = await evaluation.evaluate(parameter ?? expression, evaluation);
    invariant(label.type === 'string', 'the type check asks for a string');
    return mergeSameLabels(groups.flatMap((group) => countValues(group, label.value, aggregation.isWithout)));
  }
  const scalars = parameter === undefined ? undefined : await scalarsOf(evaluation, parameter);
  const result: StepSeries[] = [];
  for (const group of groups) {
    budget.take(grid.count);
    if (scalars === undefined) result.push(foldGroup(group, aggregation, warnings));
    else if (operator === 'quantile') result.push(quantileOfGroup(group, scalars, warnings));
    else
      result.push(
        ...selectInGroup(group, { operator, limits: limitsOf(operator, scalars), isInstant: grid.count === 1 }),
      );
    await budget.breathe();
  }
  return result;
}

async function scalarsOf(evaluation: Evaluation, parameter: Aggregation['expression']): Promise<Float64Array> {
  const value = await evaluation.evaluate(parameter, evaluation);
  invariant(value.type === 'scalar', 'the type check asks for a scalar');
  return value.values;
}

function limitsOf(operator: string, scalars: Float64Array): Float64Array {
  const wrong = scalars.find((value) => Number.isNaN(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER);
  if (wrong === undefined) return scalars;
  if (operator === 'limit_ratio') throw executionError(`Ratio value is NaN`);
  throw executionError(Number.isNaN(wrong) ? 'Parameter value is NaN' : `Scalar value ${wrong} overflows int64`);
}

function groupsOf(series: readonly StepSeries[], { grouping, isWithout }: Aggregation): Group[] {
  const names = new Set(isWithout ? [...grouping, METRIC_NAME] : grouping);
  const byLabels = new Map<string, { labels: Labels; members: StepSeries[] }>();
  for (const one of series) {
    const labels = isWithout
      ? withoutLabels(one.labels, names)
      : names.size === 0
        ? NO_LABELS
        : onlyLabels(one.labels, names);
    const group = byLabels.get(labels.key) ?? { labels, members: [] };
    byLabels.set(labels.key, group);
    group.members.push(one);
  }
  return [...byLabels.values()];
}

/** Runs over the members, each step with its own state. */
function foldGroup(group: Group, { operator }: Aggregation, warnings: Set<string>): StepSeries {
  const count = group.members[0]?.present.length ?? 0;
  const output = emptySeries(group.labels, count);
  const state: FoldState = { values: output.values, seen: new Float64Array(count), extra: new Float64Array(count) };
  const fold = FOLDS[operator];
  invariant(fold !== undefined, `${operator} folds a group`);
  const counts = operator === 'count' || operator === 'group';
  for (const { values, present, histograms } of group.members) {
    for (let step = 0; step < count; step += 1) {
      if (present[step] !== 1 || (histograms?.[step] !== undefined && !counts)) continue;
      state.seen[step] = (state.seen[step] ?? 0) + 1;
      output.present[step] = 1;
      fold.add(state, step, values[step] ?? 0);
    }
  }
  if (fold.finish !== undefined) for (let step = 0; step < count; step += 1) fold.finish(state, step);
  const hasHistograms = group.members.some(({ histograms }) => histograms !== undefined);
  if (!hasHistograms || counts) return output;
  return operator === 'sum' || operator === 'avg' ? foldHistograms(group, { output, operator, warnings }) : output;
}

interface FoldState {
  readonly values: Float64Array;
  /** Members seen so far at each step. */
  readonly seen: Float64Array;
  /** The rounding lost by a sum; the mean of a variance. */
  readonly extra: Float64Array;
}

interface Fold {
  add(state: FoldState, step: number, value: number): void;
  finish?(state: FoldState, step: number): void;
}

const SUM: Fold = {
  add({ values, extra }, step, value) {
    const sum = values[step] ?? 0;
    const next = sum + value;
    const lost = Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    extra[step] = Number.isFinite(next) ? (extra[step] ?? 0) + lost : 0;
    values[step] = next;
  },
  finish({ values, extra }, step) {
    values[step] = (values[step] ?? 0) + (extra[step] ?? 0);
  },
};

const AVERAGE: Fold = {
  add: SUM.add,
  finish({ values, extra, seen }, step) {
    values[step] = ((values[step] ?? 0) + (extra[step] ?? 0)) / (seen[step] ?? 1);
  },
};

const extreme = (isBetter: (value: number, best: number) => boolean): Fold => ({
  add({ values, seen }, step, value) {
    const best = values[step] ?? NaN;
    if (seen[step] === 1 || isBetter(value, best) || Number.isNaN(best)) values[step] = value;
  },
});

/** Welford's recurrence; `values` holds the sum of squared differences, `extra` the mean. */
const variance = (result: (value: number) => number): Fold => ({
  add({ values, seen, extra }, step, value) {
    const difference = value - (extra[step] ?? 0);
    extra[step] = (extra[step] ?? 0) + difference / (seen[step] ?? 1);
    values[step] = (values[step] ?? 0) + difference * (value - (extra[step] ?? 0));
  },
  finish({ values, seen }, step) {
    values[step] = result((values[step] ?? 0) / (seen[step] ?? 1));
  },
});

const FOLDS: Readonly<Record<string, Fold | undefined>> = {
  sum: SUM,
  avg: AVERAGE,
  min: extreme((value, best) => value < best),
  max: extreme((value, best) => value > best),
  count: { add: ({ values, seen }, step) => void (values[step] = seen[step] ?? 0) },
  group: { add: ({ values }, step) => void (values[step] = 1) },
  stddev: variance(Math.sqrt),
  stdvar: variance((value) => value),
};

interface HistogramFold {
  readonly output: StepSeries;
  readonly operator: string;
  readonly warnings: Set<string>;
}

/** Adds up native histograms; a step that has floats, too, has no answer. */
function foldHistograms({ members }: Group, { output, operator, warnings }: HistogramFold): StepSeries {
  const histograms: NonNullable<StepSeries['histograms']> = [];
  for (let step = 0; step < output.present.length; step += 1) {
    const found = members.flatMap(({ present, histograms: own }) => {
      const histogram = present[step] === 1 ? own?.[step] : undefined;
      return histogram === undefined ? [] : [histogram];
    });
    const [first, ...others] = found;
    if (first === undefined) continue;
    if (output.present[step] === 1) {
      warnings.add(`PromQL warning: encountered a mix of histograms and floats for aggregation ${operator}`);
      output.present[step] = 0;
      continue;
    }
    const sum = others.reduce((total, histogram) => addHistograms(total, histogram), first);
    histograms[step] = operator === 'avg' ? scaleHistogram(sum, 1 / found.length) : sum;
    output.present[step] = 1;
  }
  return { ...output, histograms };
}

function quantileOfGroup(group: Group, q: Float64Array, warnings: Set<string>): StepSeries {
  const wrong = q.find((value) => !(value >= 0 && value <= 1));
  if (wrong !== undefined) warnings.add(`PromQL warning: quantile value should be between 0 and 1, got ${wrong}`);
  const count = group.members[0]?.present.length ?? 0;
  const output = emptySeries(group.labels, count);
  for (let step = 0; step < count; step += 1) {
    const values: number[] = [];
    for (const { values: own, present, histograms } of group.members) {
      if (present[step] === 1 && histograms?.[step] === undefined) values.push(own[step] ?? 0);
    }
    if (values.length === 0) continue;
    output.values[step] = quantileOf(q[step] ?? NaN, Float64Array.from(values));
    output.present[step] = 1;
  }
  return output;
}
