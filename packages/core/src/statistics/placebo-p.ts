/**
 * P-value of a before/after statistic against the same statistic at past moments without a change:
 * (1 + number of placebos at least as large) / (1 + number of placebos) (4.3). 1 without placebos.
 */
export function placeboP(statistic: number, placebos: readonly number[]): number {
  let asLarge = 0;
  for (const placebo of placebos) if (placebo >= statistic) asLarge += 1;
  return (1 + asLarge) / (1 + placebos.length);
}
