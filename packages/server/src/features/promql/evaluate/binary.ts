import { invariant } from '@belay/core';
import { isComparison, isSetOperator } from '../parse/ast.ts';
import type { Binary } from '../parse/ast.ts';
import type { Evaluation } from './evaluation.ts';
import { withoutMetricName } from './labels.ts';
import { mergeSameLabels } from './merge-series.ts';
import { scaleHistogram } from './native-histogram.ts';
import { compare, operate } from './operators.ts';
import { emptySeries } from './series.ts';
import type { StepSeries, Value } from './series.ts';
import { combineSets } from './set-operators.ts';
import { matchVectors } from './vector-matching.ts';

export async function evaluateBinary(evaluation: Evaluation, binary: Binary): Promise<Value> {
  const { operator } = binary;
  // Both sides read from the storage, so they are asked for together.
  const [left, right] = await Promise.all([
    evaluation.evaluate(binary.left, evaluation),
    evaluation.evaluate(binary.right, evaluation),
  ]);
  evaluation.budget.take(evaluation.grid.count);
  if (left.type === 'scalar' && right.type === 'scalar') {
    return {
      type: 'scalar',
      values: left.values.map((value, step) => operate(operator, value, right.values[step] ?? NaN)),
    };
  }
  if (left.type === 'vector' && right.type === 'vector') {
    const series = isSetOperator(operator)
      ? combineSets({ ...binary, operator }, left.series, right.series)
      : await matchVectors(evaluation, binary, { left: left.series, right: right.series });
    return { type: 'vector', series: mergeSameLabels(series) };
  }
  if (left.type === 'vector' && right.type === 'scalar') {
    return { type: 'vector', series: withScalar(binary, { series: left.series, scalar: right.values, isLeft: false }) };
  }
  invariant(left.type === 'scalar' && right.type === 'vector', 'the type check lets no texts into operators');
  return { type: 'vector', series: withScalar(binary, { series: right.series, scalar: left.values, isLeft: true }) };
}

interface WithScalar {
  readonly series: readonly StepSeries[];
  readonly scalar: Float64Array;
  /** Whether the scalar is the left operand. */
  readonly isLeft: boolean;
}

function withScalar(binary: Binary, { series, scalar, isLeft }: WithScalar): StepSeries[] {
  const { operator, returnsBool } = binary;
  const filters = isComparison(operator) && !returnsBool;
  const result = series.map((one) => {
    if (one.histograms !== undefined) return histogramWithScalar(binary, one, { scalar, isLeft });
    const { labels, values, present } = one;
    const output = emptySeries(filters ? labels : withoutMetricName(labels), values.length);
    for (let step = 0; step < values.length; step += 1) {
      if (present[step] !== 1) continue;
      const value = values[step] ?? NaN;
      const other = scalar[step] ?? NaN;
      const [left, right] = isLeft ? [other, value] : [value, other];
      if (filters && !compare(operator, left, right)) continue;
      output.values[step] = filters ? value : operate(operator, left, right);
      output.present[step] = 1;
    }
    return output;
  });
  return mergeSameLabels(result);
}

/** Native histograms can be multiplied, and divided by a number. */
function histogramWithScalar(
  { operator }: Binary,
  { labels, present, histograms }: StepSeries,
  { scalar, isLeft }: { readonly scalar: Float64Array; readonly isLeft: boolean },
): StepSeries {
  const output = emptySeries(withoutMetricName(labels), present.length);
  if (operator !== '*' && !(operator === '/' && !isLeft)) return output;
  const scaled: NonNullable<StepSeries['histograms']> = [];
  histograms?.forEach((histogram, step) => {
    if (histogram === undefined || present[step] !== 1) return;
    const factor = scalar[step] ?? NaN;
    scaled[step] = scaleHistogram(histogram, operator === '*' ? factor : 1 / factor);
    output.present[step] = 1;
  });
  return { ...output, histograms: scaled };
}
