import { compareLabels, labelValue } from './labels.ts';
import type { StepSeries } from './series.ts';

/** Order of the answer of an instant query; range queries are always sorted by labels in the end. */
export function sortSeries(name: string, series: readonly StepSeries[], labels: readonly string[]): StepSeries[] {
  const isDescending = name.endsWith('_desc');
  if (name.startsWith('sort_by_label')) {
    const sign = isDescending ? -1 : 1;
    return [...series].sort((a, b) => sign * compareByLabels(a, b, labels));
  }
  const floats = series.filter(({ histograms }) => histograms === undefined);
  return floats.sort((a, b) => compareValues(a.values[0] ?? NaN, b.values[0] ?? NaN, isDescending));
}

/** NaN comes last either way. */
export function compareValues(a: number, b: number, isDescending: boolean): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  const order = a < b ? -1 : a > b ? 1 : 0;
  return isDescending ? -order : order;
}

function compareByLabels(a: StepSeries, b: StepSeries, labels: readonly string[]): number {
  for (const label of labels) {
    const order = compareNaturally(labelValue(a.labels, label), labelValue(b.labels, label));
    if (order !== 0) return order;
  }
  return compareLabels(a.labels, b.labels);
}

/** Numbers inside a text compare by value: `node2` before `node10`. */
function compareNaturally(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [chunksOf(a), chunksOf(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const [x = '', y = ''] = [left[at], right[at]];
    if (x === y) continue;
    const isNumeric = /^\d/.test(x) && /^\d/.test(y);
    if (isNumeric && Number(x) !== Number(y)) return Number(x) - Number(y);
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}

function chunksOf(text: string): string[] {
  return text.match(/\d+|\D+/g) ?? [];
}
