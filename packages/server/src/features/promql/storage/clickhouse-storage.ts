import type { TelemetryReader } from '../../telemetry/api.ts';
import type { MetricStorage } from '../evaluate/evaluation.ts';
import { labelValue } from '../evaluate/labels.ts';
import type { SampleSeries } from '../evaluate/series.ts';
import { readExponentials } from './exponential-samples.ts';
import type { FoundSeries, SeriesFinder } from './find-series.ts';
import { readHistograms } from './histogram-samples.ts';
import { readNumbers } from './number-samples.ts';
import type { SampleQuery } from './sample-query.ts';
import { readSummaries } from './summary-samples.ts';

export interface ClickHouseStorageOptions {
  readonly reader: TelemetryReader;
  readonly finder: SeriesFinder;
  readonly now: () => number;
  readonly maxSeries: number;
}

type Family = 'numbers' | 'histograms' | 'exponentials' | 'summaries';
const READERS: Readonly<Record<Family, (query: SampleQuery) => Promise<SampleSeries[]>>> = {
  numbers: readNumbers,
  histograms: readHistograms,
  exponentials: readExponentials,
  summaries: readSummaries,
};

/** Series of metrics in the telemetry store. */
export function createClickHouseStorage({ reader, finder, now, maxSeries }: ClickHouseStorageOptions): MetricStorage {
  return {
    async select(matchers, fromMs, toMs, hints) {
      const { budget } = hints;
      const deadlineMs = Math.max(1, budget.deadlineMs - now());
      const found = await finder.find({ matchers, fromMs, maxSeries, deadlineMs, signal: budget.signal });
      const queries = [...byFamily(found)].map(([family, own]) =>
        READERS[family]({ reader, found: own, fromMs, toMs, hints, deadlineMs }),
      );
      const series = (await Promise.all(queries)).flat();
      const parts = matchers.filter(({ label }) => label === 'le' || label === 'quantile');
      if (parts.length === 0) return series;
      return series.filter(({ labels }) =>
        parts.every((matcher) => matcher.matches(labelValue(labels, matcher.label))),
      );
    },
  };
}

function byFamily(found: readonly FoundSeries[]): Map<Family, FoundSeries[]> {
  const families = new Map<Family, FoundSeries[]>();
  for (const one of found) {
    const { kind } = one.series;
    const family =
      kind === 'histogram'
        ? 'histograms'
        : kind === 'exponential'
          ? 'exponentials'
          : kind === 'summary'
            ? 'summaries'
            : 'numbers';
    const members = families.get(family);
    if (members === undefined) families.set(family, [one]);
    else members.push(one);
  }
  return families;
}
