import type { Labels } from './labels.ts';
import type { NativeHistogram } from './native-histogram.ts';

/** Samples of one series as they are stored, in order of time, at most one per time. */
export interface SampleSeries {
  readonly labels: Labels;
  /** Unix ms. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** 1 where the sample is a stale marker: the series ended there. */
  readonly stale?: Uint8Array | undefined;
  /** Set where samples are native histograms; their `values` mean nothing. */
  readonly histograms?: readonly (NativeHistogram | undefined)[] | undefined;
}

/** Times at which a query is evaluated. */
export interface Grid {
  /** Unix ms. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** A series on a grid. */
export interface StepSeries {
  readonly labels: Labels;
  readonly values: Float64Array;
  /** 1 where there is a point. */
  readonly present: Uint8Array;
  /** Set where points are native histograms. */
  readonly histograms?: (NativeHistogram | undefined)[] | undefined;
}

export type Value =
  | { readonly type: 'scalar'; readonly values: Float64Array }
  | { readonly type: 'vector'; readonly series: readonly StepSeries[] }
  | { readonly type: 'string'; readonly value: string };

export function emptySeries(labels: Labels, count: number): StepSeries {
  return { labels, values: new Float64Array(count), present: new Uint8Array(count) };
}

export function timeAt(grid: Grid, step: number): number {
  return grid.startMs + step * grid.stepMs;
}

export function isEmpty(series: StepSeries): boolean {
  return !series.present.includes(1);
}
