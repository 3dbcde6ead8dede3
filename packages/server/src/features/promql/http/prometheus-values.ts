import { labelEntries } from '../evaluate/labels.ts';
import type { Labels } from '../evaluate/labels.ts';
import { bucketsOf } from '../evaluate/native-histogram.ts';
import type { NativeHistogram } from '../evaluate/native-histogram.ts';
import type { QueryResult } from '../evaluate/run-query.ts';
import { timeAt } from '../evaluate/series.ts';
import type { Grid } from '../evaluate/series.ts';

type Point = [number, string];

/** The `data` of an answer to `query` or `query_range`, as Prometheus' API writes it. */
export function promData(result: QueryResult, grid: Grid, isRange: boolean): object {
  if (result.type === 'string') return { resultType: 'string', result: [grid.startMs / 1000, result.value] };
  if (result.type === 'scalar') return scalarData(result.values, grid, isRange);
  if (result.type === 'matrix') {
    return {
      resultType: 'matrix',
      result: result.series.map(({ labels, times, values, histograms }) =>
        matrixSeries(labels, { length: times.length, timeAt: (at) => times[at] ?? 0, values, histograms }),
      ),
    };
  }
  if (isRange) {
    return {
      resultType: 'matrix',
      result: result.series.map(({ labels, values, present, histograms }) =>
        matrixSeries(labels, { length: grid.count, timeAt: (at) => timeAt(grid, at), values, histograms, present }),
      ),
    };
  }
  const seconds = grid.startMs / 1000;
  return {
    resultType: 'vector',
    result: result.series.map(({ labels, values, histograms }) => {
      const histogram = histograms?.[0];
      if (histogram !== undefined) return { metric: metricOf(labels), histogram: [seconds, histogramOf(histogram)] };
      return { metric: metricOf(labels), value: [seconds, numberText(values[0] ?? NaN)] };
    }),
  };
}

function scalarData(values: Float64Array, grid: Grid, isRange: boolean): object {
  if (!isRange) return { resultType: 'scalar', result: [grid.startMs / 1000, numberText(values[0] ?? NaN)] };
  const points = Array.from(values, (value, step): Point => [timeAt(grid, step) / 1000, numberText(value)]);
  return { resultType: 'matrix', result: [{ metric: {}, values: points }] };
}

interface Points {
  readonly length: number;
  readonly timeAt: (at: number) => number;
  readonly values: Float64Array;
  readonly histograms: readonly (NativeHistogram | undefined)[] | undefined;
  readonly present?: Uint8Array;
}

function matrixSeries(labels: Labels, points: Points): object {
  const values: Point[] = [];
  const histograms: [number, object][] = [];
  for (let at = 0; at < points.length; at += 1) {
    if (points.present !== undefined && points.present[at] !== 1) continue;
    const seconds = points.timeAt(at) / 1000;
    const histogram = points.histograms?.[at];
    if (histogram === undefined) values.push([seconds, numberText(points.values[at] ?? NaN)]);
    else histograms.push([seconds, histogramOf(histogram)]);
  }
  return {
    metric: metricOf(labels),
    ...(values.length > 0 ? { values } : {}),
    ...(histograms.length > 0 ? { histograms } : {}),
  };
}

export function metricOf(labels: Labels): Record<string, string> {
  return Object.fromEntries(labelEntries(labels));
}

/** JSON has no infinities, so numbers are texts. */
export function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Which bounds belong to a bucket: 0 the upper, 1 the lower, 3 both. */
function boundaryRule(lower: number, upper: number): 0 | 1 | 3 {
  if (lower < 0 && upper > 0) return 3;
  return lower < 0 ? 1 : 0;
}

function histogramOf(histogram: NativeHistogram): object {
  const buckets = bucketsOf(histogram).map(({ lower, upper, count }) => [
    boundaryRule(lower, upper),
    numberText(lower),
    numberText(upper),
    numberText(count),
  ]);
  return { count: numberText(histogram.count), sum: numberText(histogram.sum), buckets };
}
