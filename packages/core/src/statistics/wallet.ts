/** A guard's e-value and its share in the wallet. */
export interface Stake {
  readonly weight: number;
  readonly e: number;
}

/** The wallet: weighted sum of e-values, itself an e-value while the weights add up to at most 1 (1.6). */
export function wallet(stakes: readonly Stake[]): number {
  let sum = 0;
  for (const { weight, e } of stakes) sum += weight * e;
  return sum;
}
