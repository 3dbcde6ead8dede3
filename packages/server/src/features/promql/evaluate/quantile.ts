/** Quantile of values with linear interpolation between neighbours; reorders `values`. NaN sorts below everything. */
export function quantileOf(q: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  values.sort();
  // Typed arrays sort NaN to the end; Prometheus takes it for the least.
  let nans = 0;
  while (nans < values.length && Number.isNaN(values[values.length - 1 - nans])) nans += 1;
  const sortedAt = (index: number): number => (index < nans ? NaN : (values[index - nans] ?? NaN));
  const rank = q * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return sortedAt(lower) * (1 - weight) + sortedAt(upper) * weight;
}
