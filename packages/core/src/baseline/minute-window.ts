import type { Baseline } from './fit-baseline.ts';
import { type SlotValue, sparseResidual } from './hour-value.ts';
import { median } from './robust.ts';
import { fromScale, toleranceOn, toScale } from './signal-scale.ts';

/** Values of five minutes of a quarter of an hour, or of an hour, beside what is usual for each. */
export interface MinuteWindow {
  readonly slots: readonly SlotValue[];
  /** Usual position of each slot on the scale. */
  readonly usual: readonly number[];
  /** Standard deviation of the median of such a window. */
  readonly sigma: number;
}

/** How far a window strays. */
export interface WindowReading {
  /** Median distance on the scale; that of all events together where few are expected. */
  readonly residual: number;
  /** Distance beyond the tolerance in standard deviations. */
  readonly size: number;
}

/** Reads a window: the median of its residuals, or the count of its events where fewer than 25 are expected. */
export function readWindow(
  { slots, usual, sigma }: MinuteWindow,
  baseline: Baseline,
  tolerance: number,
): WindowReading {
  const { scale, counting, eventsPerUnit, dispersion } = baseline;
  const counts = slots.map(({ count }) => count ?? 0);
  const count = slots.every((slot) => slot.count !== null) ? counts.reduce((sum, n) => sum + n, 0) : null;
  const expected = fromScale(scale, median(usual));
  const pooled = pooledValue(slots, counts, counting);
  const together = { hour: 0, value: pooled, count };
  const perWindow = { value: expected, eventsPerUnit: (eventsPerUnit * slots.length) / 12 };
  const sparse = sparseResidual(together, perWindow, counting);
  if (sparse !== null) {
    const size = (Math.abs(sparse.residual) - tolerance * sparse.root) / dispersion;
    return { residual: toScale(scale, pooled) - median(usual), size };
  }
  const residual = median(slots.map(({ value }, index) => toScale(scale, value) - (usual[index] ?? 0)));
  return { residual, size: (Math.abs(residual) - toleranceOn(scale, tolerance)) / sigma };
}

function pooledValue(slots: readonly SlotValue[], counts: readonly number[], counting: Baseline['counting']): number {
  const count = counts.reduce((sum, n) => sum + n, 0);
  if (counting !== 'ratio') return slots.reduce((sum, { value }) => sum + value, 0) / Math.max(1, slots.length);
  const bad = slots.reduce((sum, { value }, index) => sum + (value / 100) * (counts[index] ?? 0), 0);
  return (100 * (bad + 0.5)) / (count + 1);
}
