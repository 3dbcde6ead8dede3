import { executionError } from '../parse/promql-error.ts';
import { quantileOf } from './quantile.ts';
import { delta, idelta, increase, irate, rate } from './rate-functions.ts';

/** The samples of a series in one window: indices `[low, high)`, never empty. */
export interface Window {
  readonly times: Float64Array;
  readonly values: Float64Array;
  low: number;
  high: number;
  /** Left and right edge, Unix ms. */
  startMs: number;
  endMs: number;
  /** Time at which the query is evaluated; differs from `endMs` by the offset. */
  atMs: number;
  /** Values of the function's other parameters at this step. */
  readonly scalars: number[];
  /** Whose rules are followed. */
  readonly prometheus: 2 | 3;
  /** What was found out about the whole series. */
  readonly memory: SeriesMemory;
}

export interface SeriesMemory {
  /** What a counter had lost by its resets up to each sample. */
  lost?: Float64Array | 'nothing';
}

/** The answer for a window; undefined when there is none. */
export type RangeFunction = (window: Window) => number | undefined;

const valueAt = ({ values }: Window, index: number): number => values[index] ?? 0;
const timeAt = ({ times }: Window, index: number): number => times[index] ?? 0;

/** A sum with the error that it lost, after Kahan and Neumaier. */
class ExactSum {
  sum = 0;
  private lost = 0;

  add(value: number): void {
    const next = this.sum + value;
    // An infinite sum has no error; a correction would make it NaN.
    if (Number.isFinite(next)) {
      this.lost += Math.abs(this.sum) >= Math.abs(value) ? this.sum - next + value : value - next + this.sum;
    } else this.lost = 0;
    this.sum = next;
  }

  get total(): number {
    return this.sum + this.lost;
  }
}

function sumOf(window: Window): number {
  const sum = new ExactSum();
  for (let index = window.low; index < window.high; index += 1) sum.add(valueAt(window, index));
  return sum.total;
}

function averageOf(window: Window): number {
  const count = window.high - window.low;
  const sum = sumOf(window);
  if (Number.isFinite(sum)) return sum / count;
  // Finite values can overflow when they are added; their mean does not.
  let mean = 0;
  for (let index = window.low; index < window.high; index += 1) {
    const value = valueAt(window, index);
    if (!Number.isFinite(value)) return sum / count;
    mean += value / count;
  }
  return mean;
}

/** The extreme value and its index; NaN only when nothing else is there. */
function extremeOf(window: Window, isBetter: (value: number, best: number) => boolean): number {
  let best = window.low;
  for (let index = window.low + 1; index < window.high; index += 1) {
    const [value, held] = [valueAt(window, index), valueAt(window, best)];
    if (isBetter(value, held) || Number.isNaN(held)) best = index;
  }
  return best;
}

function varianceOf(window: Window): number {
  const mean = new ExactSum();
  const squares = new ExactSum();
  let count = 0;
  for (let index = window.low; index < window.high; index += 1) {
    count += 1;
    const difference = valueAt(window, index) - mean.total;
    mean.add(difference / count);
    squares.add(difference * (valueAt(window, index) - mean.total));
  }
  return squares.total / count;
}

function valuesOf({ values, low, high }: Window): Float64Array {
  return values.slice(low, high);
}

function medianDeviationOf(window: Window): number {
  const values = valuesOf(window);
  const median = quantileOf(0.5, values);
  return quantileOf(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
}

function countPairs(window: Window, counts: (before: number, now: number) => boolean): number {
  let found = 0;
  for (let index = window.low + 1; index < window.high; index += 1) {
    if (counts(valueAt(window, index - 1), valueAt(window, index))) found += 1;
  }
  return found;
}

interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** Least squares; x in seconds from `zeroMs`. Undefined with fewer than two samples. */
function regressionOf(window: Window, zeroMs: number): Line | undefined {
  const n = window.high - window.low;
  if (n < 2) return undefined;
  const [sumX, sumY, sumXY, sumX2] = [new ExactSum(), new ExactSum(), new ExactSum(), new ExactSum()];
  const first = valueAt(window, window.low);
  let isConstant = true;
  for (let index = window.low; index < window.high; index += 1) {
    const x = (timeAt(window, index) - zeroMs) / 1000;
    const y = valueAt(window, index);
    if (y !== first) isConstant = false;
    sumX.add(x);
    sumY.add(y);
    sumXY.add(x * y);
    sumX2.add(x * x);
  }
  if (isConstant) return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: NaN, intercept: NaN };
  const covariance = sumXY.total - (sumX.total * sumY.total) / n;
  const variance = sumX2.total - (sumX.total * sumX.total) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY.total / n - (slope * sumX.total) / n };
}

function predictLinear(window: Window): number | undefined {
  const line = regressionOf(window, window.atMs);
  return line === undefined ? undefined : line.slope * (window.scalars[0] ?? NaN) + line.intercept;
}

/** Holt's linear trend: level and slope, each smoothed (https://en.wikipedia.org/wiki/Exponential_smoothing). */
function smoothed(window: Window): number | undefined {
  const [smoothing = NaN, trend = NaN] = window.scalars;
  if (!(smoothing > 0 && smoothing < 1)) throw outOfRange('smoothing factor', 'sf', smoothing);
  if (!(trend > 0 && trend < 1)) throw outOfRange('trend factor', 'tf', trend);
  if (window.high - window.low < 2) return undefined;
  let before = 0;
  let level = valueAt(window, window.low);
  let slope = valueAt(window, window.low + 1) - level;
  for (let index = window.low + 1; index < window.high; index += 1) {
    if (index > window.low + 1) slope = trend * (level - before) + (1 - trend) * slope;
    const next = smoothing * valueAt(window, index) + (1 - smoothing) * (level + slope);
    before = level;
    level = next;
  }
  return level;
}

function outOfRange(what: string, sign: string, value: number): Error {
  return executionError(`invalid ${what}. Expected: 0 < ${sign} < 1, got: ${value}`);
}

const isGreater = (value: number, best: number): boolean => value > best;
const isLess = (value: number, best: number): boolean => value < best;
const isNotLess = (value: number, best: number): boolean => value >= best;
const isNotGreater = (value: number, best: number): boolean => value <= best;
const differs = (before: number, now: number): boolean =>
  now !== before && !(Number.isNaN(now) && Number.isNaN(before));

/** Every function of a range vector, but for `absent_over_time`, which looks at all series at once. */
export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ['avg_over_time', averageOf],
  ['changes', (window) => countPairs(window, differs)],
  ['count_over_time', ({ low, high }) => high - low],
  ['delta', delta],
  ['deriv', (window) => regressionOf(window, timeAt(window, window.low))?.slope],
  ['double_exponential_smoothing', smoothed],
  ['first_over_time', (window) => valueAt(window, window.low)],
  ['idelta', idelta],
  ['increase', increase],
  ['irate', irate],
  ['last_over_time', (window) => valueAt(window, window.high - 1)],
  ['mad_over_time', medianDeviationOf],
  ['max_over_time', (window) => valueAt(window, extremeOf(window, isGreater))],
  ['min_over_time', (window) => valueAt(window, extremeOf(window, isLess))],
  ['predict_linear', predictLinear],
  ['present_over_time', () => 1],
  ['quantile_over_time', (window) => quantileOf(window.scalars[0] ?? NaN, valuesOf(window))],
  ['rate', rate],
  ['resets', (window) => countPairs(window, (before, now) => now < before)],
  ['stddev_over_time', (window) => Math.sqrt(varianceOf(window))],
  ['stdvar_over_time', varianceOf],
  ['sum_over_time', sumOf],
  ['ts_of_first_over_time', (window) => timeAt(window, window.low) / 1000],
  ['ts_of_last_over_time', (window) => timeAt(window, window.high - 1) / 1000],
  ['ts_of_max_over_time', (window) => timeAt(window, extremeOf(window, isNotLess)) / 1000],
  ['ts_of_min_over_time', (window) => timeAt(window, extremeOf(window, isNotGreater)) / 1000],
]);
