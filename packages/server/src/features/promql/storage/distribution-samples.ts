import { labelEntries, labelsOf, METRIC_NAME } from '../evaluate/labels.ts';
import type { Labels } from '../evaluate/labels.ts';
import { printNumber } from '../evaluate/print-number.ts';
import type { SampleSeries } from '../evaluate/series.ts';
import type { FoundSeries } from './find-series.ts';
import { accumulated, inOrder, marksInOrder, orderOf } from './order-samples.ts';

/** Values of one series over some times, not yet in order. */
export interface Column {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly stale: Uint8Array | undefined;
}

/** Collects the series that a histogram or summary is taken apart into. */
export interface PartCollector {
  add(
    found: FoundSeries,
    part: 'self' | 'bucket' | 'sum' | 'count',
    column: Column,
    extra?: readonly [string, string],
  ): void;
  series(): SampleSeries[];
}

interface PartDraft {
  readonly labels: Labels;
  readonly isDelta: boolean;
  readonly columns: Column[];
}

/** Parts with the same labels are joined: the bounds of a histogram may change over time. */
export function createPartCollector(): PartCollector {
  const drafts = new Map<string, PartDraft>();
  return {
    add(found, part, column, extra) {
      const name = found.parts.get(part);
      if (name === undefined) return;
      const key = `${found.series.fp} ${part} ${extra?.[1] ?? ''}`;
      const known = drafts.get(key);
      if (known !== undefined) {
        known.columns.push(column);
        return;
      }
      const entries = [...labelEntries(found.series.labels), [METRIC_NAME, name] as const];
      const labels = labelsOf(extra === undefined ? entries : [...entries, extra]);
      // Quantiles are values of a moment, whatever the counts beside them are.
      const isDelta = found.series.temporality === 1 && part !== 'self';
      drafts.set(key, { labels, isDelta, columns: [column] });
    },
    series: () => [...drafts.values()].map(finished),
  };
}

function finished({ labels, isDelta, columns }: PartDraft): SampleSeries {
  const times = concatenated(columns.map((column) => column.times));
  const order = orderOf(times);
  const values = inOrder(concatenated(columns.map((column) => column.values)), order);
  return {
    labels,
    times: inOrder(times, order),
    values: isDelta ? accumulated(values) : values,
    stale: marksInOrder(marksOf(columns, times.length), order),
  };
}

function marksOf(columns: readonly Column[], length: number): Uint8Array | undefined {
  if (columns.every(({ stale }) => stale === undefined)) return undefined;
  const marks = new Uint8Array(length);
  let at = 0;
  for (const { times, stale } of columns) {
    if (stale !== undefined) marks.set(stale, at);
    at += times.length;
  }
  return marks;
}

function concatenated(parts: readonly Float64Array[]): Float64Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A bound as the label `le` writes it. */
export function printBound(bound: number): string {
  return printNumber(bound);
}
