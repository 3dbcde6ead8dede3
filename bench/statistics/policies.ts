// Whole policies: promote a change or take it back, with evidence, with fixed thresholds and by the clock (section 2.3).
import { createEngineConfig, createGuardEngine, foldBlock, readEngine } from '@belay/core/statistics';
import { createRandom, type Random } from './random.ts';
import { mean, publish, readArguments, type Row } from './report.ts';
import { type Second, thresholdRule, type Watch } from './rules.ts';
import { drawBlock } from './traffic.ts';

const { replications, seed } = readArguments({ replications: 300, seed: 4 });
const BASE = 0.005;
const CANARY_RATES = [BASE, 0.01, 0.02, 0.05, 0.3];
const STAGE_SECONDS = 600;
const SHARES = [0.01, 0.1, 0.5];

interface Outcome {
  readonly isPromoted: boolean;
  readonly seconds: number;
  readonly canaryRequests: number;
  readonly canaryErrors: number;
}

interface Policy {
  readonly name: string;
  readonly run: (random: Random, canaryRatio: number) => Outcome;
}

const POLICIES: readonly Policy[] = [
  { name: 'Belay, promote by evidence', run: (random, ratio) => belay(random, ratio, true) },
  { name: 'Belay, promote by the clock', run: (random, ratio) => belay(random, ratio, false) },
  {
    name: 'Flagger example (99 %, 5 failures, +10 % a minute)',
    run: (random, ratio) => fixed(random, { ratio, watch: thresholdRule('', 0.99, 5).start(), shares: minuteSteps() }),
  },
  {
    name: 'Argo style (95 %, 3 failures, 3 x 10 min)',
    run: (random, ratio) => fixed(random, { ratio, watch: thresholdRule('', 0.95, 3).start(), shares: threeStages() }),
  },
  {
    name: 'Argo style (99 %, 3 failures, 3 x 10 min)',
    run: (random, ratio) => fixed(random, { ratio, watch: thresholdRule('', 0.99, 3).start(), shares: threeStages() }),
  },
];

const rows: Row[] = POLICIES.flatMap((policy, p) =>
  CANARY_RATES.map((rate, r) => {
    const random = createRandom(seed * 1000 + p * 10 + r);
    const outcomes = Array.from({ length: replications }, () => policy.run(random, rate / BASE));
    const promoted = outcomes.filter(({ isPromoted }) => isPromoted);
    const undone = outcomes.filter(({ isPromoted }) => !isPromoted);
    return {
      policy: policy.name,
      'canary rate %': rate * 100,
      promoted: promoted.length / outcomes.length,
      'minutes to 100 %': promoted.length === 0 ? 'none' : mean(promoted.map(({ seconds }) => seconds / 60)),
      'rolled back': undone.length / outcomes.length,
      'seconds to rollback': undone.length === 0 ? 'none' : mean(undone.map(({ seconds }) => seconds)),
      'canary requests': undone.length === 0 ? 'none' : mean(undone.map(({ canaryRequests }) => canaryRequests)),
      'excess errors':
        undone.length === 0
          ? 'none'
          : mean(undone.map(({ canaryErrors, canaryRequests }) => canaryErrors - canaryRequests * BASE)),
    };
  }),
);
publish({ name: 'policies', rows, seed, replications });

/** Errors of both sides drift together by 60 % over two hours. */
function rateAt(second: number): number {
  return BASE * (1 + 0.6 * Math.sin((2 * Math.PI * second) / 7200));
}

function belay(random: Random, ratio: number, byEvidence: boolean): Outcome {
  const config = createEngineConfig({
    stages: SHARES.map((share) => ({ share, plannedMinutes: STAGE_SECONDS / 60 })),
    guards: [{ id: 'errors', kind: 'errors' }],
    warmUpSeconds: 0,
    baseline: { errorRate: BASE },
  });
  const state = createGuardEngine(config);
  let second = 0;
  for (const [stage, share] of SHARES.entries()) {
    for (let inStage = 1; ; inStage += 1) {
      const rate = rateAt(second);
      second += 1;
      const block = drawBlock(random, second, {
        canary: { requestsPerSecond: 100 * share, errorRate: Math.min(1, rate * ratio) },
        control: { requestsPerSecond: 100 * (1 - share), errorRate: rate },
      });
      foldBlock(config, state, block, stage);
      const reading = readEngine(config, state);
      const [errors] = reading.guards;
      const sums = { canaryRequests: errors?.canary.n ?? 0, canaryErrors: errors?.canary.bad ?? 0 };
      if (reading.rollbackNow) return { isPromoted: false, seconds: second, ...sums };
      const isProven = byEvidence && inStage >= 30 && reading.stageSafe;
      if (!reading.hold && (isProven || inStage >= STAGE_SECONDS)) {
        if (stage === SHARES.length - 1) return { isPromoted: true, seconds: second, ...sums };
        break;
      }
      // Held past four times the soak: a person would have decided; counted as taken back.
      if (inStage >= 4 * STAGE_SECONDS) return { isPromoted: false, seconds: second, ...sums };
    }
  }
  return { isPromoted: true, seconds: second, canaryRequests: 0, canaryErrors: 0 };
}

interface FixedPlan {
  readonly ratio: number;
  readonly watch: Watch;
  /** Share of the canary in each minute. */
  readonly shares: readonly number[];
}

function fixed(random: Random, { ratio, watch, shares }: FixedPlan): Outcome {
  let canaryRequests = 0;
  let canaryErrors = 0;
  for (let second = 0; second < shares.length * 60; second += 1) {
    const drawn = drawSecond(random, { second, share: shares[Math.floor(second / 60)] ?? 1, ratio });
    canaryRequests += drawn.canaryN;
    canaryErrors += drawn.canaryBad;
    if (watch(drawn)) return { isPromoted: false, seconds: second + 1, canaryRequests, canaryErrors };
  }
  return { isPromoted: true, seconds: shares.length * 60, canaryRequests, canaryErrors };
}

function drawSecond(random: Random, at: { second: number; share: number; ratio: number }): Second {
  const rate = rateAt(at.second);
  const canaryN = random.poisson(100 * at.share);
  const controlN = random.poisson(100 * (1 - at.share));
  const canaryBad = random.binomial(canaryN, Math.min(1, rate * at.ratio));
  return { canaryN, canaryBad, controlN, controlBad: random.binomial(controlN, rate) };
}

function minuteSteps(): number[] {
  return [0.1, 0.2, 0.3, 0.4, 0.5];
}

function threeStages(): number[] {
  return SHARES.flatMap((share) => Array.from({ length: 10 }, () => share));
}
