import { labelsOf, labelValue } from './evaluate/labels.ts';
import type { MetricStorage } from './evaluate/evaluation.ts';
import type { NativeHistogram } from './evaluate/native-histogram.ts';
import type { SampleSeries } from './evaluate/series.ts';

/** A series for tests. */
export interface TestSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Time (ms) and value; `stale` is the marker of a series that ended. */
  readonly samples: readonly (readonly [number, number | 'stale' | NativeHistogram])[];
}

/** A storage in memory: the evaluator's fake. */
export function createMemoryStorage(series: readonly TestSeries[]): MetricStorage {
  const stored = series.map(({ labels, samples }) => ({ labels: labelsOf(Object.entries(labels)), samples }));
  return {
    async select(matchers, fromMs, toMs, { budget }) {
      const found: SampleSeries[] = [];
      for (const { labels, samples } of stored) {
        if (!matchers.every((matcher) => matcher.matches(labelValue(labels, matcher.label)))) continue;
        const within = samples.filter(([time]) => time >= fromMs && time <= toMs);
        budget.take(within.length);
        if (within.length === 0) continue;
        const values = within.map(([, value]) => value);
        found.push({
          labels,
          times: Float64Array.from(within, ([time]) => time),
          values: Float64Array.from(values, (value) => (typeof value === 'number' ? value : NaN)),
          stale: values.includes('stale') ? Uint8Array.from(values, (value) => (value === 'stale' ? 1 : 0)) : undefined,
          histograms: values.some((value) => typeof value === 'object')
            ? values.map((value) => (typeof value === 'object' ? value : undefined))
            : undefined,
        });
      }
      return found;
    },
  };
}
