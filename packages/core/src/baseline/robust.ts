/** Median of a list; NaN when empty. Does not change the list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * Standard deviation told from the median absolute deviation (times 1.4826, exact for the normal distribution), which a
 * few spikes do not move. Where more than half of the values are the same it falls back to the mean absolute deviation
 * (times 1.2533). 0 for constant or empty lists.
 */
export function robustDeviation(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const centre = median(values);
  const distances = values.map((value) => Math.abs(value - centre));
  const byMedian = 1.4826 * median(distances);
  if (byMedian > 0) return byMedian;
  return (1.2533 * distances.reduce((sum, distance) => sum + distance, 0)) / distances.length;
}

/**
 * Lag-one autocorrelation of pairs of neighbours around a common centre, with values beyond four deviations cut off so
 * that a single spike does not decide. 0 without variation.
 */
export function neighbourCorrelation(
  pairs: readonly (readonly [number, number])[],
  { centre, deviation }: { readonly centre: number; readonly deviation: number },
): number {
  if (deviation <= 0) return 0;
  const cut = (value: number): number => Math.max(-4, Math.min(4, (value - centre) / deviation));
  let product = 0;
  let squares = 0;
  for (const [one, next] of pairs) {
    product += cut(one) * cut(next);
    squares += (cut(one) ** 2 + cut(next) ** 2) / 2;
  }
  return squares === 0 ? 0 : product / squares;
}
