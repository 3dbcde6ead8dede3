import { printLabels } from './labels.ts';
import type { Evaluation } from './evaluation.ts';
import { addHistograms, isReset, sameHistogram, scaleHistogram } from './native-histogram.ts';
import type { NativeHistogram } from './native-histogram.ts';
import type { Window } from './range-functions.ts';
import { extrapolationFactor } from './rate-functions.ts';
import type { SampleSeries } from './series.ts';

interface Context {
  readonly series: SampleSeries;
  readonly evaluation: Evaluation;
}

interface HistogramWindow {
  readonly window: Window;
  readonly samples: readonly NativeHistogram[];
}

type HistogramAnswer = NativeHistogram | number | undefined;

/** A range function over native histograms; undefined where it has no answer for them. */
export function evaluateHistogramWindow(name: string, window: Window, context: Context): HistogramAnswer {
  const samples: NativeHistogram[] = [];
  for (let index = window.low; index < window.high; index += 1) {
    const histogram = context.series.histograms?.[index];
    if (histogram !== undefined) samples.push(histogram);
  }
  if (samples.length !== window.high - window.low) {
    context.evaluation.warnings.add(
      `PromQL warning: encountered a mix of histograms and floats for metric ${printLabels(context.series.labels)}`,
    );
    return undefined;
  }
  const calculate = histogramFunctions.get(name);
  if (calculate === undefined) {
    context.evaluation.warnings.add(`PromQL info: ignored histograms in a range: ${name}() has no answer for them`);
    return undefined;
  }
  return calculate({ window, samples });
}

/** The change from the first to the last sample; a counter that began anew goes on from what it had. */
function changeOf(samples: readonly NativeHistogram[], isCounter: boolean): NativeHistogram | undefined {
  const [first, ...others] = samples;
  const last = others.at(-1);
  if (first === undefined || last === undefined) return undefined;
  let change = addHistograms(last, first, -1);
  let before = first;
  for (const now of isCounter ? others : []) {
    if (isReset(before, now)) change = addHistograms(change, before);
    before = now;
  }
  return change;
}

function extrapolated({ window, samples }: HistogramWindow, isCounter: boolean): NativeHistogram | undefined {
  const change = changeOf(samples, isCounter);
  const first = samples[0];
  if (change === undefined || first === undefined) return undefined;
  const { times, low, high, startMs, endMs, prometheus } = window;
  const [firstMs, lastMs] = [times[low] ?? 0, times[high - 1] ?? 0];
  const fromZero = ((lastMs - firstMs) / 1000) * (first.count / change.count);
  const secondsToZero = isCounter && change.count > 0 ? fromZero : Infinity;
  const factor = extrapolationFactor({ firstMs, lastMs, count: high - low, startMs, endMs, secondsToZero, prometheus });
  return scaleHistogram(change, factor);
}

function perSecond(histogram: NativeHistogram | undefined, ms: number): NativeHistogram | undefined {
  return histogram === undefined ? undefined : scaleHistogram(histogram, 1000 / ms);
}

function lastChange({ samples }: HistogramWindow, isCounter: boolean): NativeHistogram | undefined {
  const [before, now] = samples.slice(-2);
  if (before === undefined || now === undefined) return undefined;
  return isCounter && isReset(before, now) ? now : addHistograms(now, before, -1);
}

function sumOf(samples: readonly NativeHistogram[]): NativeHistogram | undefined {
  const [first, ...others] = samples;
  return first === undefined ? undefined : others.reduce((sum, histogram) => addHistograms(sum, histogram), first);
}

function countPairs(
  samples: readonly NativeHistogram[],
  counts: (before: NativeHistogram, now: NativeHistogram) => boolean,
): number {
  return samples.filter((now, index) => {
    const before = samples[index - 1];
    return before !== undefined && counts(before, now);
  }).length;
}

const histogramFunctions: ReadonlyMap<string, (input: HistogramWindow) => HistogramAnswer> = new Map<
  string,
  (input: HistogramWindow) => HistogramAnswer
>([
  ['avg_over_time', ({ samples }) => averageOf(samples)],
  ['changes', ({ samples }) => countPairs(samples, (before, now) => !sameHistogram(before, now))],
  ['count_over_time', ({ samples }) => samples.length],
  ['delta', (input) => extrapolated(input, false)],
  ['first_over_time', ({ samples }) => samples[0]],
  ['idelta', (input) => lastChange(input, false)],
  ['increase', (input) => extrapolated(input, true)],
  ['irate', (input) => perSecond(lastChange(input, true), lastDistanceMs(input.window))],
  ['last_over_time', ({ samples }) => samples.at(-1)],
  ['present_over_time', () => 1],
  ['rate', (input) => perSecond(extrapolated(input, true), input.window.endMs - input.window.startMs)],
  ['resets', ({ samples }) => countPairs(samples, isReset)],
  ['sum_over_time', ({ samples }) => sumOf(samples)],
  ['ts_of_first_over_time', ({ window }) => (window.times[window.low] ?? 0) / 1000],
  ['ts_of_last_over_time', ({ window }) => (window.times[window.high - 1] ?? 0) / 1000],
]);

function averageOf(samples: readonly NativeHistogram[]): NativeHistogram | undefined {
  const sum = sumOf(samples);
  return sum === undefined ? undefined : scaleHistogram(sum, 1 / samples.length);
}

function lastDistanceMs({ times, high }: Window): number {
  return (times[high - 1] ?? 0) - (times[high - 2] ?? 0);
}
