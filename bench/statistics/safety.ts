// Canary requests until "not worse by the margin" is proven, and how often that is claimed wrongly at the margin (2.7).
import { SafeBinary, type Tolerance, waldBound } from '@belay/core/statistics';
import { createRandom, type Random } from './random.ts';
import { mean, publish, quantile, readArguments, type Row } from './report.ts';

const { replications, seed } = readArguments({ replications: 3000, seed: 6 });
const BASE = 0.005;
const MARGINS: readonly Tolerance[] = [
  { points: 0.01, ratio: 2 },
  { points: 0.005, ratio: 1.5 },
  { points: 0, ratio: 2 },
];
const random = createRandom(seed);

const rows: Row[] = MARGINS.flatMap((margin) =>
  [0.01, 0.1, 0.5].map((share) => {
    // The mirrored bound: good units instead of bad ones turn "at least the margin" into "at most".
    const bound = waldBound({
      alpha: 0.05,
      control: 1 - BASE,
      canary: 1 - BASE,
      controlPerCanary: (1 - share) / share,
      tolerance: { points: 1 - margin.points - margin.ratio, ratio: margin.ratio },
    });
    const trial = (canary: number, horizon: number): number =>
      requestsUntilSafe(random, { canary, share, margin, horizon });
    const harmless = Array.from({ length: replications }, () => trial(BASE, 20 * bound));
    const atMargin = margin.points + margin.ratio * BASE;
    const wrong = Array.from({ length: replications }, () => trial(atMargin, 5 * bound));
    const found = harmless.filter((n) => n < Infinity);
    return {
      margin: `c=${margin.points}, k=${margin.ratio}`,
      share,
      bound,
      mean: mean(found),
      p95: quantile(found, 0.95),
      ratio: mean(found) / bound,
      found: found.length / replications,
      'claimed safe at the margin': wrong.filter((n) => n < Infinity).length / replications,
      gate: 0.05,
    };
  }),
);
publish({ name: 'safety', rows, seed, replications });

interface Trial {
  readonly canary: number;
  readonly share: number;
  readonly margin: Tolerance;
  readonly horizon: number;
}

function requestsUntilSafe(source: Random, { canary, share, margin, horizon }: Trial): number {
  const state = SafeBinary.start();
  let requests = 0;
  while (requests < horizon) {
    const canaryN = source.poisson(100 * share);
    const controlN = source.poisson(100 * (1 - share));
    requests += canaryN;
    if (canaryN === 0 || controlN === 0) continue;
    const canaryBad = source.binomial(canaryN, canary);
    const controlBad = source.binomial(controlN, BASE);
    SafeBinary.fold(state, { canaryN, canaryBad, controlN, controlBad }, { prior: BASE, tolerance: margin });
    if (SafeBinary.eValue(state) >= 20) return requests;
  }
  return Infinity;
}
