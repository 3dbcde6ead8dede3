/**
 * Indices (ascending) of the hypotheses that may be claimed at false-discovery rate `alpha` in (0, 1):
 * the k largest e-values for the largest k with e_(k) >= m / (alpha k). Valid under any dependence
 * (e-BH; Wang and Ramdas, JRSS B 84 (2022) 822).
 */
export function eBH(eValues: readonly number[], alpha: number): readonly number[] {
  const order = eValues.map((e, index) => ({ e, index })).toSorted((x, y) => y.e - x.e || x.index - y.index);
  const claimed = order.findLastIndex(({ e }, rank) => e >= eValues.length / (alpha * (rank + 1))) + 1;
  return order
    .slice(0, claimed)
    .map(({ index }) => index)
    .toSorted((x, y) => x - y);
}
