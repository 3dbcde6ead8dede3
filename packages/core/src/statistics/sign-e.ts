/**
 * E-value of "the sign is positive with a chance above one half", from `positive` of `total` pairs: the likelihood
 * ratio against 1/2 under a uniform mixture over chances in (1/2, 1). Exact, may be read after every pair (7).
 */
export function signE(positive: number, total: number): number {
  const negative = total - positive;
  // The Beta integral over (1/2, 1) is B(positive + 1, negative + 1) times a binomial tail.
  let logBeta = -Math.log(total + 1);
  for (let i = 1; i <= negative; i += 1) logBeta += Math.log(i / (positive + i));
  let tail = 0;
  let logTerm = -(total + 1) * Math.LN2;
  for (let i = 0; i <= positive; i += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((total + 1 - i) / (i + 1));
  }
  return Math.exp((total + 1) * Math.LN2 + logBeta) * tail;
}
