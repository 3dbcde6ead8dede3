import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockLogE,
  blockLogECounts,
  blockLogEMoments,
  blockLogEValues,
  Count,
  HarmBinary,
  meanBet,
  MeanDifference,
  RateDifference,
  SafeBinary,
} from './index.ts';

const SEED = 20_260;
const ROUNDING = 1 + 1e-9;

/** Binomial probabilities of 0..n. */
function binomial(n: number, p: number): number[] {
  const probabilities: number[] = [];
  let choose = 1;
  for (let x = 0; x <= n; x += 1) {
    probabilities.push(choose * p ** x * (1 - p) ** (n - x));
    choose = (choose * (n - x)) / (x + 1);
  }
  return probabilities;
}

interface Rates {
  readonly canary: number;
  readonly control: number;
}

/** Expectation over every outcome of one block. */
function expectation(size: { canaryN: number; controlN: number }, rates: Rates, e: (x: number, y: number) => number) {
  const canary = binomial(size.canaryN, rates.canary);
  const control = binomial(size.controlN, rates.control);
  let sum = 0;
  canary.forEach((p, x) => control.forEach((q, y) => (sum += p * q * e(x, y))));
  return sum;
}

const rate = fc.double({ min: 0.0005, max: 0.95, noNaN: true });

describe('e-values never gain on average under their null, enumerated over every outcome', () => {
  const sizes = fc.record({ canaryN: fc.integer({ min: 1, max: 6 }), controlN: fc.integer({ min: 1, max: 25 }) });
  const tolerances = fc.constantFrom(
    { points: 0, ratio: 1 },
    { points: 0.0005, ratio: 1.1 },
    { points: 0.02, ratio: 1.3 },
  );

  it('binary harm, at every pair of rates on or inside the tolerance', () => {
    fc.assert(
      fc.property(
        sizes,
        tolerances,
        rate,
        rate,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (size, tolerance, b, bet, inside) => {
          const line = tolerance.points + tolerance.ratio * b;
          fc.pre(line < 0.99);
          const theta = { control: b, canary: Math.min(0.999, tolerance.points + tolerance.ratio * b + bet * 0.5) };
          const rates = { canary: line * inside, control: b };
          const mean = expectation(size, rates, (x, y) =>
            Math.exp(blockLogE({ ...size, canaryBad: x, controlBad: y }, theta, tolerance)),
          );
          expect(mean).toBeLessThanOrEqual(ROUNDING);
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('binary harm with a bet on quite another control rate', () => {
    fc.assert(
      fc.property(sizes, tolerances, rate, rate, (size, tolerance, p, guess) => {
        const canary = Math.min(0.999, tolerance.points + tolerance.ratio * guess * 2 + 0.01);
        const rates = { canary: Math.min(1, tolerance.points + tolerance.ratio * p), control: p };
        fc.pre(tolerance.points + tolerance.ratio * p <= 1);
        const mean = expectation(size, rates, (x, y) =>
          Math.exp(blockLogE({ ...size, canaryBad: x, controlBad: y }, { canary, control: guess }, tolerance)),
        );
        expect(mean).toBeLessThanOrEqual(ROUNDING);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('binary safety, at every pair of rates at or beyond the margin', () => {
    const margin = { points: 0.01, ratio: 1.2 };
    fc.assert(
      fc.property(
        sizes,
        fc.double({ min: 0.0005, max: 0.7, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (size, p, beyond) => {
          const line = margin.points + margin.ratio * p;
          const rates = { control: p, canary: line + (1 - line) * beyond };
          const state = SafeBinary.start();
          state.n0 = 500;
          state.x0 = 3;
          const mean = expectation(size, rates, (x, y) => {
            const copy = { ...state };
            SafeBinary.fold(copy, { ...size, canaryBad: x, controlBad: y }, { tolerance: margin, prior: p });
            return SafeBinary.eValue(copy);
          });
          expect(mean).toBeLessThanOrEqual(ROUNDING);
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('a whole mixture over two blocks whose common rate changes in between', () => {
    const size = { canaryN: 3, controlN: 8 };
    for (const [first, second] of [
      [0.01, 0.3],
      [0.5, 0.02],
      [0.9, 0.9],
    ] as const) {
      const mean = expectation(size, { canary: first, control: first }, (x, y) => {
        const state = HarmBinary.start();
        HarmBinary.addMass(state, 0.4);
        HarmBinary.fold(state, { ...size, canaryBad: x, controlBad: y });
        HarmBinary.addMass(state, 0.2);
        return expectation(size, { canary: second, control: second }, (x2, y2) => {
          const copy = { ...state, m: [...state.m] };
          HarmBinary.fold(copy, { ...size, canaryBad: x2, controlBad: y2 });
          return HarmBinary.eValue(copy);
        });
      });
      expect(mean).toBeLessThanOrEqual(ROUNDING);
      expect(mean).toBeGreaterThan(0.3);
    }
  });

  it('event counts against their planned share, and safety against the margin', () => {
    for (const share of [0.01, 0.1, 0.5]) {
      const events = binomial(12, share);
      for (const ratio of [0.2, 1.2, 3.5, 50]) {
        const mean = events.reduce(
          (sum, p, canary) => sum + p * Math.exp(blockLogECounts({ canary, control: 12 - canary }, { share, ratio })),
          0,
        );
        expect(mean).toBeCloseTo(1, 9);
      }
      const atMargin = binomial(12, (share * 1.2) / (1 - share + share * 1.2));
      const safe = atMargin.reduce((sum, p, canary) => {
        const state = Count.start();
        Count.fold(state, { canary, control: 12 - canary }, { share, harmful: 'up' });
        return sum + p * Count.safeE(state);
      }, 0);
      expect(safe).toBeLessThanOrEqual(ROUNDING);
    }
  });

  it('means of scores, from values and from moments, in both directions', () => {
    const scores = [0, 0.3, 1] as const;
    const weights = fc
      .tuple(
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
      )
      .map((parts) => parts.map((part) => part / (parts[0] + parts[1] + parts[2])));
    fc.assert(
      fc.property(weights, rate, rate, fc.integer({ min: 1, max: 3 }), (law, guess, shift, controlN) => {
        const canaryMean = Math.min(0.99, guess + shift * 0.4);
        const bet = meanBet({ canaryN: 2, controlN, canaryMean, controlMean: guess, variance: 0.05 });
        const safeBet = meanBet({ canaryN: 2, controlN, canaryMean: guess * 0.8, controlMean: guess, variance: 0.05 });
        let fromValues = 0;
        let fromMoments = 0;
        let safe = 0;
        forEachOutcome(law, 2 + controlN, (picked, p) => {
          const pairs = picked.map((i): [number, number] => [scores[i] ?? 0, 1]);
          const [canary, control] = [pairs.slice(0, 2), pairs.slice(2)];
          fromValues += p * Math.exp(blockLogEValues(canary, control, bet));
          safe += p * Math.exp(blockLogEValues(canary, control, safeBet));
          const moments = (side: [number, number][]) => ({
            n: side.length,
            sum: side.reduce((sum, [s]) => sum + s, 0),
            squares: side.reduce((sum, [s]) => sum + s * s, 0),
          });
          const lower = blockLogEMoments(moments(canary), moments(control), bet);
          expect(lower).toBeLessThanOrEqual(blockLogEValues(canary, control, bet) + 1e-9);
          fromMoments += p * Math.exp(lower);
        });
        expect(fromValues).toBeLessThanOrEqual(ROUNDING);
        expect(fromMoments).toBeLessThanOrEqual(ROUNDING);
        expect(safe).toBeLessThanOrEqual(ROUNDING);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe('the confidence sequences rest on supermartingales, enumerated', () => {
  it('each stake on a difference of rates has expectation at most one at the true difference', () => {
    const size = { canaryN: 4, controlN: 12 };
    for (const rates of [
      { canary: 0.3, control: 0.05 },
      { canary: 0.02, control: 0.2 },
      { canary: 0.5, control: 0.5 },
    ]) {
      const d = rates.canary - rates.control;
      const stakes = RateDifference.start().upGain.length;
      for (let j = 0; j < stakes; j += 1) {
        const mean = expectation(size, rates, (x, y) => {
          const state = RateDifference.start();
          RateDifference.fold(state, { ...size, canaryBad: x, controlBad: y }, 1);
          return Math.exp((state.upGain[j] ?? 0) - (state.upUnits[j] ?? 0) * d);
        });
        expect(mean).toBeLessThanOrEqual(ROUNDING);
      }
      for (let j = 0; j < RateDifference.start().downGain.length; j += 1) {
        const mean = expectation(size, rates, (x, y) => {
          const state = RateDifference.start();
          RateDifference.fold(state, { ...size, canaryBad: x, controlBad: y }, 1);
          return Math.exp((state.downGain[j] ?? 0) + (state.downUnits[j] ?? 0) * d);
        });
        expect(mean).toBeLessThanOrEqual(ROUNDING);
      }
    }
  });

  it('each stake on a difference of means has expectation at most one at the true difference', () => {
    const scores = [0, 0.3, 1] as const;
    const laws = { canary: [0.5, 0.3, 0.2], control: [0.7, 0.25, 0.05] };
    const meanOf = (law: readonly number[]) => law.reduce((sum, p, i) => sum + p * (scores[i] ?? 0), 0);
    const d = meanOf(laws.canary) - meanOf(laws.control);
    const up = MeanDifference.start().upGain.map(() => 0);
    const down = MeanDifference.start().downGain.map(() => 0);
    forEachOutcome(laws.canary, 2, (canary, p) =>
      forEachOutcome(laws.control, 3, (control, q) => {
        const state = MeanDifference.start();
        const pairs = (picked: readonly number[]) => picked.map((i): [number, number] => [scores[i] ?? 0, 1]);
        MeanDifference.fold(state, { canaryN: 2, controlN: 3, canary: pairs(canary), control: pairs(control) }, 0.2);
        state.upGain.forEach((gain, j) => {
          up[j] = (up[j] ?? 0) + p * q * Math.exp(gain - (state.upUnits[j] ?? 0) * d);
          down[j] = (down[j] ?? 0) + p * q * Math.exp((state.downGain[j] ?? 0) + (state.downUnits[j] ?? 0) * d);
        });
      }),
    );
    for (const mean of [...up, ...down]) expect(mean).toBeLessThanOrEqual(ROUNDING);
  });
});

/** Visits every sequence of `length` draws from a law over 0..law.length - 1, with its probability. */
function forEachOutcome(law: readonly number[], length: number, visit: (picked: number[], p: number) => void): void {
  const total = law.length ** length;
  for (let code = 0; code < total; code += 1) {
    const picked: number[] = [];
    let p = 1;
    for (let i = 0, rest = code; i < length; i += 1, rest = Math.floor(rest / law.length)) {
      picked.push(rest % law.length);
      p *= law[rest % law.length] ?? 0;
    }
    visit(picked, p);
  }
}
