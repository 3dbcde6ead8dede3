import { invariant } from '@belay/core';
import type { Expression } from '../parse/ast.ts';
import { evaluateAggregation } from './aggregate.ts';
import { evaluateBinary } from './binary.ts';
import type { Evaluation } from './evaluation.ts';
import { withoutMetricName } from './labels.ts';
import { mergeSameLabels } from './merge-series.ts';
import { scaleHistogram } from './native-histogram.ts';
import { evaluateRangeCall, isRangeCall } from './range-calls.ts';
import { evaluateSelector } from './select-series.ts';
import type { StepSeries, Value } from './series.ts';
import { evaluateVectorCall } from './vector-calls.ts';

/** Evaluates a type-checked expression at every step of the grid. */
export async function evaluate(expression: Expression, evaluation: Evaluation): Promise<Value> {
  await evaluation.budget.breathe();
  switch (expression.kind) {
    case 'number': {
      evaluation.budget.take(evaluation.grid.count);
      return { type: 'scalar', values: new Float64Array(evaluation.grid.count).fill(expression.value) };
    }
    case 'string':
      return { type: 'string', value: expression.value };
    case 'selector':
      return { type: 'vector', series: await evaluateSelector(evaluation, expression) };
    case 'parenthesis':
      return evaluate(expression.expression, evaluation);
    case 'unary': {
      const value = await evaluate(expression.expression, evaluation);
      return expression.operator === '-' ? negated(value) : value;
    }
    case 'binary':
      return evaluateBinary(evaluation, expression);
    case 'aggregation':
      return { type: 'vector', series: await evaluateAggregation(evaluation, expression) };
    case 'call': {
      if (!isRangeCall(expression)) return evaluateVectorCall(evaluation, expression);
      return { type: 'vector', series: await evaluateRangeCall(evaluation, expression) };
    }
    case 'range':
    case 'subquery':
      invariant(false, 'ranges are evaluated by the functions around them');
  }
}

function negated(value: Value): Value {
  if (value.type === 'scalar') return { type: 'scalar', values: value.values.map((number) => -number) };
  invariant(value.type === 'vector', 'the type check lets no texts be negated');
  const series = value.series.map((one): StepSeries => {
    const histograms = one.histograms?.map((histogram) => histogram && scaleHistogram(histogram, -1));
    return { ...one, labels: withoutMetricName(one.labels), values: one.values.map((number) => -number), histograms };
  });
  return { type: 'vector', series: mergeSameLabels(series) };
}
