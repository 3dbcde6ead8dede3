// Canary requests until the start-mixture e-process proves a harm, against the Wald bound (section 2.2).
import { HarmBinary, waldBound } from '@belay/core/statistics';
import { createRandom, type Random } from './random.ts';
import { mean, publish, quantile, readArguments, type Row } from './report.ts';

const { replications, seed } = readArguments({ replications: 1500, seed: 1 });
const random = createRandom(seed);
const REQUESTS_PER_SECOND = 100;
const CASES = [
  { control: 0.005, canary: 0.01, gate: 1.6 },
  { control: 0.01, canary: 0.02, gate: 1.6 },
  { control: 0.01, canary: 0.03, gate: 1.6 },
  { control: 0.05, canary: 0.06, gate: 1.6 },
  { control: 0.001, canary: 0.05, gate: 2.1 },
];

const rows: Row[] = [];
for (const { control, canary, gate } of CASES) {
  for (const share of [0.01, 0.1, 0.5]) {
    const bound = waldBound({ alpha: 0.01, control, canary, controlPerCanary: (1 - share) / share });
    const used = Array.from({ length: replications }, () =>
      requestsUntilProof(random, { control, canary, share, bound }),
    );
    const found = used.filter((n) => n < Infinity);
    rows.push({
      case: `${control * 100}->${canary * 100} %`,
      share,
      bound,
      mean: mean(found),
      p95: quantile(found, 0.95),
      ratio: mean(found) / bound,
      gate,
      found: found.length / used.length,
    });
  }
}
publish({ name: 'detection', rows, seed, replications });

interface Harm {
  readonly control: number;
  readonly canary: number;
  readonly share: number;
  readonly bound: number;
}

/** A single stage with a planned hour, harm from its first second, read every second. */
function requestsUntilProof(source: Random, { control, canary, share, bound }: Harm): number {
  const state = HarmBinary.start();
  HarmBinary.addMass(state, 0.5);
  let requests = 0;
  for (let second = 0; requests < 30 * bound; second += 1) {
    if (second > 0 && second % 60 === 0) HarmBinary.addMass(state, 0.5 / 59);
    const canaryN = source.poisson(REQUESTS_PER_SECOND * share);
    const controlN = source.poisson(REQUESTS_PER_SECOND * (1 - share));
    const canaryBad = source.binomial(canaryN, canary);
    const controlBad = source.binomial(controlN, control);
    requests += canaryN;
    if (canaryN === 0 || controlN === 0) continue;
    HarmBinary.fold(state, { canaryN, canaryBad, controlN, controlBad }, { prior: control });
    if (HarmBinary.eValue(state) >= 100) return requests;
  }
  return Infinity;
}
