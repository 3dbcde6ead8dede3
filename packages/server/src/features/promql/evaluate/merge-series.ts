import { executionError } from '../parse/promql-error.ts';
import { emptySeries } from './series.ts';
import type { StepSeries } from './series.ts';

/**
 * Joins series that became the same, e.g. by losing their names. That is fine while no two have a point at the same
 * step; else Prometheus' error is thrown.
 */
export function mergeSameLabels(series: readonly StepSeries[]): StepSeries[] {
  const byKey = new Map<string, StepSeries[]>();
  let isUnique = true;
  for (const one of series) {
    const same = byKey.get(one.labels.key);
    if (same === undefined) byKey.set(one.labels.key, [one]);
    else {
      same.push(one);
      isUnique = false;
    }
  }
  if (isUnique) return [...series];
  return [...byKey.values()].map((same) => joined(same));
}

function joined(same: readonly StepSeries[]): StepSeries {
  const [first, ...others] = same;
  if (first === undefined || others.length === 0) return first ?? emptySeries({ names: [], values: [], key: '' }, 0);
  const count = first.present.length;
  const output = emptySeries(first.labels, count);
  const histograms: StepSeries['histograms'] = [];
  for (const { values, present, histograms: own } of same) {
    for (let step = 0; step < count; step += 1) {
      if (present[step] !== 1) continue;
      if (output.present[step] === 1)
        throw executionError('vector cannot contain metrics with the same labelset', HINT);
      output.present[step] = 1;
      output.values[step] = values[step] ?? 0;
      if (own?.[step] !== undefined) histograms[step] = own[step];
    }
  }
  return histograms.length > 0 ? { ...output, histograms } : output;
}

const HINT = 'Several metrics lose their names here: select one metric, or aggregate by a label that tells them apart.';
