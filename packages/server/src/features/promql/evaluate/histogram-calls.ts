import type { Evaluation } from './evaluation.ts';
import {
  classicFraction,
  classicQuantile,
  nativeFraction,
  nativeQuantile,
  nativeVariance,
} from './histogram-statistics.ts';
import type { ClassicBucket } from './histogram-statistics.ts';
import { labelValue, METRIC_NAME, printLabels, withoutLabels, withoutMetricName } from './labels.ts';
import type { Labels } from './labels.ts';
import type { NativeHistogram } from './native-histogram.ts';
import { emptySeries } from './series.ts';
import type { StepSeries } from './series.ts';

type HistogramCall = (
  series: readonly StepSeries[],
  scalars: readonly Float64Array[],
  evaluation: Evaluation,
) => StepSeries[];

const ofNative =
  (calculate: (histogram: NativeHistogram) => number): HistogramCall =>
  (series) =>
    series.flatMap((one) => mapNative(one, calculate));

/** The functions of histograms, classic and native. */
export const histogramCalls: ReadonlyMap<string, HistogramCall> = new Map<string, HistogramCall>([
  ['histogram_avg', ofNative(({ sum, count }) => sum / count)],
  ['histogram_count', ofNative(({ count }) => count)],
  ['histogram_sum', ofNative(({ sum }) => sum)],
  ['histogram_stddev', ofNative((histogram) => Math.sqrt(nativeVariance(histogram)))],
  ['histogram_stdvar', ofNative(nativeVariance)],
  ['histogram_quantile', quantiles],
  ['histogram_fraction', fractions],
]);

function mapNative(
  { labels, present, histograms }: StepSeries,
  calculate: (histogram: NativeHistogram, step: number) => number,
): StepSeries[] {
  if (histograms === undefined) return [];
  const output = emptySeries(withoutMetricName(labels), present.length);
  for (let step = 0; step < present.length; step += 1) {
    const histogram = histograms[step];
    if (present[step] !== 1 || histogram === undefined) continue;
    output.values[step] = calculate(histogram, step);
    output.present[step] = 1;
  }
  return [output];
}

function quantiles(
  series: readonly StepSeries[],
  [q = new Float64Array()]: readonly Float64Array[],
  { warnings }: Evaluation,
): StepSeries[] {
  const wrong = q.find((value) => !(value >= 0 && value <= 1));
  if (wrong !== undefined) {
    warnings.add(`PromQL warning: quantile value should be between 0 and 1, got ${wrong}`);
  }
  const classic = classicHistograms(series, warnings).map((histogram) =>
    mapClassic(histogram, (buckets, step) => {
      const { value, isForced } = classicQuantile(q[step] ?? NaN, buckets);
      if (isForced) warnings.add(FORCED);
      return value;
    }),
  );
  const native = series.flatMap((one) =>
    mapNative(one, (histogram, step) => nativeQuantile(q[step] ?? NaN, histogram)),
  );
  return [...classic, ...native];
}

const FORCED = 'PromQL info: input to histogram_quantile needed to be fixed for monotonicity';

function fractions(
  series: readonly StepSeries[],
  [lower = new Float64Array(), upper = new Float64Array()]: readonly Float64Array[],
  { warnings }: Evaluation,
): StepSeries[] {
  const classic = classicHistograms(series, warnings).map((histogram) =>
    mapClassic(histogram, (buckets, step) => classicFraction(lower[step] ?? NaN, upper[step] ?? NaN, buckets)),
  );
  const native = series.flatMap((one) =>
    mapNative(one, (histogram, step) => nativeFraction(lower[step] ?? NaN, upper[step] ?? NaN, histogram)),
  );
  return [...classic, ...native];
}

interface ClassicHistogram {
  readonly labels: Labels;
  /** Sorted by bound. */
  readonly buckets: { readonly upper: number; readonly series: StepSeries }[];
}

const BUCKET_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, 'le']);

function classicHistograms(series: readonly StepSeries[], warnings: Set<string>): ClassicHistogram[] {
  const byLabels = new Map<string, ClassicHistogram>();
  for (const one of series) {
    if (one.histograms !== undefined) continue;
    const upper = boundOf(labelValue(one.labels, 'le'));
    if (upper === undefined) {
      warnings.add(
        `PromQL warning: bucket label "le" is missing or has a malformed value in ${printLabels(one.labels)}`,
      );
      continue;
    }
    const labels = withoutLabels(one.labels, BUCKET_LABELS);
    const histogram = byLabels.get(labels.key) ?? { labels, buckets: [] };
    byLabels.set(labels.key, histogram);
    histogram.buckets.push({ upper, series: one });
  }
  for (const { buckets } of byLabels.values()) buckets.sort((a, b) => a.upper - b.upper || 0);
  return [...byLabels.values()];
}

function boundOf(text: string): number | undefined {
  if (/^\+?inf$/i.test(text)) return Infinity;
  if (/^-inf$/i.test(text)) return -Infinity;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function mapClassic(
  { labels, buckets }: ClassicHistogram,
  calculate: (buckets: readonly ClassicBucket[], step: number) => number,
): StepSeries {
  const count = buckets[0]?.series.present.length ?? 0;
  const output = emptySeries(labels, count);
  for (let step = 0; step < count; step += 1) {
    const present: ClassicBucket[] = [];
    for (const { upper, series } of buckets) {
      if (series.present[step] === 1) present.push({ upper, count: series.values[step] ?? 0 });
    }
    if (present.length === 0) continue;
    output.values[step] = calculate(present, step);
    output.present[step] = 1;
  }
  return output;
}
