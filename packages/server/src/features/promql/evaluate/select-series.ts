import type { AtTime, Duration, VectorSelector } from '../parse/ast.ts';
import { printMatcher } from '../parse/label-matcher.ts';
import { resolveDuration } from '../parse/duration.ts';
import { executionError } from '../parse/promql-error.ts';
import type { Evaluation } from './evaluation.ts';
import { timeAt } from './series.ts';
import type { SampleSeries, StepSeries } from './series.ts';

/** Where a selector looks at each step of the grid, Unix ms. */
export function referenceTimes(
  evaluation: Evaluation,
  { at, offset }: { readonly at: AtTime | undefined; readonly offset: Duration | undefined },
): Float64Array {
  const { grid } = evaluation;
  const offsetMs = offset === undefined ? 0 : durationOf(offset, evaluation);
  const fixed = at === undefined ? undefined : atTime(at, evaluation);
  const times = new Float64Array(grid.count);
  for (let step = 0; step < grid.count; step += 1) times[step] = (fixed ?? timeAt(grid, step)) - offsetMs;
  return times;
}

function atTime(at: AtTime, { queryStartMs, queryEndMs }: Evaluation): number {
  if (at.kind === 'time') return at.ms;
  return at.kind === 'start' ? queryStartMs : queryEndMs;
}

/** Resolves `step()` and `range()` and refuses what has no answer. */
export function durationOf(duration: Duration, { grid, queryStartMs, queryEndMs }: Evaluation): number {
  const ms = resolveDuration(duration, { stepMs: grid.stepMs, rangeMs: queryEndMs - queryStartMs });
  if (Number.isSafeInteger(ms)) return ms;
  throw executionError('a duration expression has no answer', 'Look for a division by zero.');
}

export interface Selection {
  readonly rangeMs: number;
  readonly call: string;
}

/** Samples that a selector needs for all steps together. */
export async function selectSamples(
  evaluation: Evaluation,
  selector: VectorSelector,
  times: Float64Array,
  { rangeMs, call }: Selection,
): Promise<readonly SampleSeries[]> {
  if (times.length === 0) return [];
  const { storage, rules, budget, grid, selections } = evaluation;
  const back = rangeMs === 0 ? rules.lookbackMs : rangeMs;
  const fromMs = Math.min(times[0] ?? 0, times[times.length - 1] ?? 0) - back;
  const toMs = Math.max(times[0] ?? 0, times[times.length - 1] ?? 0);
  const key = `${selector.matchers.map(printMatcher).join(',')}|${fromMs}|${toMs}|${call}`;
  const known = selections.get(key);
  if (known !== undefined) return known;
  const found = storage.select(selector.matchers, fromMs, toMs, { call, rangeMs, stepMs: grid.stepMs, budget });
  selections.set(key, found);
  return found;
}

/** The newest sample of each series at each step, unless it is too old or the series has ended. */
export async function evaluateSelector(
  evaluation: Evaluation,
  selector: VectorSelector,
  value: 'sample' | 'timestamp' = 'sample',
): Promise<StepSeries[]> {
  const { budget, grid, rules } = evaluation;
  const times = referenceTimes(evaluation, selector);
  const call = value === 'timestamp' ? 'timestamp' : '';
  const samples = await selectSamples(evaluation, selector, times, { rangeMs: 0, call });
  const result: StepSeries[] = [];
  for (const series of samples) {
    budget.take(grid.count);
    const onGrid = placeOnGrid(series, times, rules);
    if (onGrid !== undefined) result.push(value === 'timestamp' ? onGrid.timestamps : onGrid.samples);
    await budget.breathe();
  }
  return result;
}

interface Placed {
  readonly samples: StepSeries;
  /** The same points with the time of the sample (s) as value. */
  readonly timestamps: StepSeries;
}

function placeOnGrid(
  series: SampleSeries,
  times: Float64Array,
  { lookbackMs, prometheus }: Evaluation['rules'],
): Placed | undefined {
  const { labels, stale, histograms } = series;
  const count = times.length;
  const values = new Float64Array(count);
  const sampleTimes = new Float64Array(count);
  const present = new Uint8Array(count);
  const placed =
    histograms === undefined ? undefined : Array.from<NonNullable<typeof histograms>[number]>({ length: count });
  const oldest = prometheus === 3 ? lookbackMs - 1 : lookbackMs;
  let next = 0;
  let found = false;
  for (let step = 0; step < count; step += 1) {
    const time = times[step] ?? 0;
    while (next < series.times.length && (series.times[next] ?? 0) <= time) next += 1;
    const index = next - 1;
    if (index < 0 || time - (series.times[index] ?? 0) > oldest || stale?.[index] === 1) continue;
    values[step] = series.values[index] ?? 0;
    sampleTimes[step] = (series.times[index] ?? 0) / 1000;
    if (placed !== undefined) placed[step] = histograms?.[index];
    present[step] = 1;
    found = true;
  }
  if (!found) return undefined;
  return {
    samples: { labels, values, present, histograms: placed },
    timestamps: { labels, values: sampleTimes, present },
  };
}

/** Without stale markers, which windows do not see. */
export function withoutStale(series: SampleSeries): SampleSeries {
  const { labels, times, values, stale, histograms } = series;
  if (stale === undefined) return series;
  const keep: number[] = [];
  for (let index = 0; index < times.length; index += 1) if (stale[index] !== 1) keep.push(index);
  return {
    labels,
    times: Float64Array.from(keep, (index) => times[index] ?? 0),
    values: Float64Array.from(keep, (index) => values[index] ?? 0),
    histograms: histograms === undefined ? undefined : keep.map((index) => histograms[index]),
  };
}
