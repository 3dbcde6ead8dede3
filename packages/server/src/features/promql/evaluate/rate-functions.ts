import type { Window } from './range-functions.ts';

/** How much further than the mean distance of samples an edge may lie to count as reached. */
const REACH = 1.1;

/** Factor by which an increase between the first and last sample becomes that of the whole window. */
export interface Extrapolation {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Samples in the window. */
  readonly count: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Seconds until a counter would have been zero, going back; Infinity for gauges. */
  readonly secondsToZero: number;
  readonly prometheus: 2 | 3;
}

/** Prometheus' extrapolation to the edges of the window (`extrapolatedRate` in promql/functions.go). */
export function extrapolationFactor(input: Extrapolation): number {
  const sampled = (input.lastMs - input.firstMs) / 1000;
  const meanDistance = sampled / (input.count - 1);
  const threshold = meanDistance * REACH;
  let toStart = (input.firstMs - input.startMs) / 1000;
  let toEnd = (input.endMs - input.lastMs) / 1000;
  if (input.prometheus === 2) toStart = Math.min(toStart, input.secondsToZero);
  if (toStart >= threshold) toStart = meanDistance / 2;
  toStart = Math.min(toStart, input.secondsToZero);
  if (toEnd >= threshold) toEnd = meanDistance / 2;
  return (sampled + toStart + toEnd) / sampled;
}

function extrapolated(window: Window, isCounter: boolean): number | undefined {
  const { times, values, low, high } = window;
  if (high - low < 2) return undefined;
  const first = values[low] ?? 0;
  let change = (values[high - 1] ?? 0) - first;
  if (isCounter) {
    const lost = lostAtResets(window);
    if (lost !== undefined) change += (lost[high - 1] ?? 0) - (lost[low] ?? 0);
  }
  const [firstMs, lastMs] = [times[low] ?? 0, times[high - 1] ?? 0];
  const fromZero = ((lastMs - firstMs) / 1000) * (first / change);
  const secondsToZero = isCounter && change > 0 && first >= 0 ? fromZero : Infinity;
  const { startMs, endMs, prometheus } = window;
  const count = high - low;
  return change * extrapolationFactor({ firstMs, lastMs, count, startMs, endMs, secondsToZero, prometheus });
}

/**
 * What a counter had lost by its resets up to each sample; undefined when it never began anew. Windows overlap, and each
 * would add up the same resets again.
 */
function lostAtResets({ values, memory }: Window): Float64Array | undefined {
  if (memory.lost !== undefined) return memory.lost === 'nothing' ? undefined : memory.lost;
  let lost: Float64Array | undefined;
  let total = 0;
  for (let index = 1; index < values.length; index += 1) {
    const before = values[index - 1] ?? 0;
    if ((values[index] ?? 0) < before) {
      lost ??= new Float64Array(values.length);
      total += before;
    }
    if (lost !== undefined) lost[index] = total;
  }
  memory.lost = lost ?? 'nothing';
  return lost;
}

export function delta(window: Window): number | undefined {
  return extrapolated(window, false);
}

export function increase(window: Window): number | undefined {
  return extrapolated(window, true);
}

export function rate(window: Window): number | undefined {
  const change = extrapolated(window, true);
  return change === undefined ? undefined : change / ((window.endMs - window.startMs) / 1000);
}

/** The change between the last two samples; for a counter after a reset what it counted since. */
function lastChange({ values, low, high }: Window, isCounter: boolean): number | undefined {
  if (high - low < 2) return undefined;
  const [before, now] = [values[high - 2] ?? 0, values[high - 1] ?? 0];
  return isCounter && now < before ? now : now - before;
}

export function idelta(window: Window): number | undefined {
  return lastChange(window, false);
}

export function irate(window: Window): number | undefined {
  const change = lastChange(window, true);
  if (change === undefined) return undefined;
  const seconds = ((window.times[window.high - 1] ?? 0) - (window.times[window.high - 2] ?? 0)) / 1000;
  return seconds === 0 ? undefined : change / seconds;
}
