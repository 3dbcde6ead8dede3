import { executionError } from '../parse/promql-error.ts';
import { labelEntries, labelsOf } from './labels.ts';
import type { Labels } from './labels.ts';
import { printNumber } from './print-number.ts';
import { emptySeries, isEmpty } from './series.ts';
import type { StepSeries } from './series.ts';
import { compareValues } from './sort-calls.ts';

/** Series that are aggregated into one, or among which some are chosen. */
export interface Group {
  readonly labels: Labels;
  readonly members: readonly StepSeries[];
}

interface SelectionOptions {
  readonly operator: string;
  /** The `k` (or ratio) at each step. */
  readonly limits: Float64Array;
  /** An instant query keeps the order of values; a range query has none. */
  readonly isInstant: boolean;
}

/** `topk`, `bottomk`, `limitk` and `limit_ratio`: some members, unchanged, at each step. */
export function selectInGroup({ members }: Group, { operator, limits, isInstant }: SelectionOptions): StepSeries[] {
  const count = limits.length;
  const outputs = members.map((member) => ({ ...member, present: new Uint8Array(count) }));
  const isDescending = operator === 'topk';
  const ranks = new Map<StepSeries, number>();
  for (let step = 0; step < count; step += 1) {
    const limit = limits[step] ?? 0;
    const at = members.flatMap((member, index) => (isCandidate(member, step, operator) ? [index] : []));
    if (operator === 'topk' || operator === 'bottomk') {
      const valueOf = (index: number): number => members[index]?.values[step] ?? NaN;
      at.sort((a, b) => compareValues(valueOf(a), valueOf(b), isDescending));
    }
    const chosen =
      operator === 'limit_ratio'
        ? at.filter((index) => isInRatio(members[index]?.labels.key ?? '', limit))
        : at.slice(0, Math.max(0, Math.trunc(limit)));
    chosen.forEach((index, rank) => {
      const output = outputs[index];
      if (output === undefined) return;
      output.present[step] = 1;
      ranks.set(output, rank);
    });
  }
  const selected = outputs.filter((output) => !isEmpty(output));
  return isInstant ? selected.sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0)) : selected;
}

function isCandidate({ present, histograms }: StepSeries, step: number, operator: string): boolean {
  if (present[step] !== 1) return false;
  return histograms?.[step] === undefined || operator.startsWith('limit');
}

/** A stable share of the series by a hash of their labels; a negative ratio takes the complement. */
function isInRatio(key: string, ratio: number): boolean {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  const share = (hash >>> 0) / 2 ** 32;
  return ratio >= 0 ? share < ratio : share >= 1 + Math.max(-1, ratio);
}

/** `count_values`: one series for each value, named by it in a label. */
export function countValues({ labels, members }: Group, label: string, isWithout: boolean): StepSeries[] {
  if (label === '' || label.includes('\uFFFD')) throw executionError(`invalid label name "${label}"`);
  const count = members[0]?.present.length ?? 0;
  const byValue = new Map<string, StepSeries>();
  for (const { values, present, histograms } of members) {
    for (let step = 0; step < count; step += 1) {
      if (present[step] !== 1 || histograms?.[step] !== undefined) continue;
      const text = printNumber(values[step] ?? 0);
      const known = byValue.get(text);
      const output = known ?? emptySeries(withValue(text), count);
      if (known === undefined) byValue.set(text, output);
      output.values[step] = (output.values[step] ?? 0) + 1;
      output.present[step] = 1;
    }
  }
  return [...byValue.values()];

  function withValue(text: string) {
    const others = labelEntries(labels).filter(([name]) => name !== label);
    return labelsOf([...others, [label, text] as const].filter(([name]) => !isWithout || name !== '__name__'));
  }
}
