import { describe, expect, it } from 'vitest';
import {
  blockLogE,
  blockLogECounts,
  blockLogEMoments,
  blockLogEValues,
  cusum,
  eBH,
  HarmBinary,
  meanBet,
  phi,
  placeboP,
  project,
  signE,
  Srm,
  startMass,
  wallet,
  waldBound,
} from './index.ts';

const relative = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

function counts(canaryN: number, canaryBad: number, controlN: number, controlBad: number) {
  return { canaryN, canaryBad, controlN, controlBad };
}

describe('block e-values agree with the published vectors', () => {
  it.each([
    [counts(50, 2, 4950, 25), 0.01, 0.005, 0, 1, 1.1257270912260482],
    [counts(500, 9, 500, 4), 0.012, 0.006, 0, 1, 0.9778919317990438],
    [counts(50, 2, 4950, 25), 0.02, 0.005, 0.001, 1.1, 1.559505360535901],
    [counts(300, 0, 29700, 140), 0.01, 0.005, 0, 1, -1.4038443135366458],
    [counts(20, 3, 1980, 2), 0.05, 0.001, 0, 1, 9.865979504078293],
    [counts(200, 1, 1800, 9), 0.005, 0.005, 0.01, 1.2, 1.0130156045720393],
    [counts(200, 6, 1800, 9), 0.005, 0.005, 0.01, 1.2, -4.696363355821335],
  ])('%j at (%d, %d) with c = %d, k = %d', (block, canary, control, points, ratio, expected) => {
    expect(relative(blockLogE(block, { canary, control }, { points, ratio }), expected)).toBeLessThan(1e-9);
  });

  it('is 0 where a side is empty', () => {
    expect(blockLogE(counts(0, 0, 10, 1), { canary: 0.02, control: 0.01 })).toBe(0);
    expect(blockLogE(counts(10, 1, 0, 0), { canary: 0.02, control: 0.01 })).toBe(0);
  });

  it('projects onto the null with a tolerance', () => {
    const b = project({ canaryN: 50, controlN: 4950 }, { canary: 0.02, control: 0.005 }, { points: 0.001, ratio: 1.1 });
    expect(relative(b, 0.005114875435048329)).toBeLessThan(1e-9);
  });

  it('bets on event counts against their planned share', () => {
    const logE = blockLogECounts({ canary: 3, control: 40 }, { share: 0.01, ratio: 2.1 });
    expect(relative(logE, 1.7553946125397515)).toBeLessThan(1e-9);
  });
});

describe('the physical limit', () => {
  it.each([
    [0, 1, 2399.7597589921515],
    [0.0005, 1.1, 4175.881099812228],
  ])('for 0.5 to 1 % at 1/99 with c = %d, k = %d', (points, ratio, expected) => {
    const bound = waldBound({
      alpha: 0.01,
      control: 0.005,
      canary: 0.01,
      controlPerCanary: 99,
      tolerance: { points, ratio },
    });
    expect(relative(bound, expected)).toBeLessThan(1e-9);
  });

  it.each([
    [0.005, 0.01, Infinity, 2369],
    [0.01, 0.03, 9, 409],
    [0.001, 0.05, 1, 148],
    [0.05, 0.06, 1, 9562],
  ])('for %d to %d with %d control units per canary unit', (control, canary, controlPerCanary, expected) => {
    expect(Math.round(waldBound({ alpha: 0.01, control, canary, controlPerCanary }))).toBe(expected);
  });

  it('is infinite inside the tolerance', () => {
    const tolerance = { points: 0.001, ratio: 1.1 };
    expect(waldBound({ alpha: 0.01, control: 0.01, canary: 0.011, controlPerCanary: 9, tolerance })).toBe(Infinity);
  });
});

describe('processes', () => {
  const xs = [0, 1, 0, 2, 0, 1, 1, 0, 3, 0, 1, 2];

  it('crosses 100 at block 6 on the published series, and not before', () => {
    const state = HarmBinary.start();
    HarmBinary.addMass(state, 1 / 6);
    const values = xs.map((x) => {
      HarmBinary.fold(state, counts(10, x, 990, 5), { prior: 0.005 });
      return HarmBinary.eValue(state);
    });
    expect(values.findIndex((e) => e >= 100)).toBe(6);
    // The published series does not say control's counts; 5 of 990 with a prior of .005 comes to 105.68.
    expect(Math.abs((values[6] ?? 0) - 105.589)).toBeLessThan(0.2);
  });

  it('stays calm when both arms burst together', () => {
    const state = HarmBinary.start();
    HarmBinary.addMass(state, 1 / 6);
    for (let i = 0; i < 6; i += 1) {
      HarmBinary.fold(state, counts(10, 4 + (i % 2), 990, 445), { prior: 0.005 });
      expect(HarmBinary.eValue(state)).toBeGreaterThan(0.8333);
      expect(HarmBinary.eValue(state)).toBeLessThan(0.9);
    }
  });

  it('finds the sample-ratio mismatch of the published series', () => {
    const state = Srm.start();
    const values = [
      [12, 988, 0.01],
      [9, 991, 0.01],
      [8, 992, 0.01],
      [60, 940, 0.1],
      [70, 930, 0.1],
      [62, 938, 0.1],
    ].map(([canary = 0, control = 0, share = 0]) => {
      Srm.fold(state, { canary, control, share });
      return Srm.eValue(state);
    });
    expect(values.slice(0, 3).map((e) => e.toFixed(3))).toEqual(['0.732', '0.626', '0.578']);
    expect(values[3]?.toFixed(1)).toBe('90.3');
    expect(values[4]?.toFixed(0)).toBe('7272');
    expect(values[5]?.toExponential(2)).toBe('4.93e+6');
  });

  it('gives moments less evidence than the values they come from', () => {
    const bet = meanBet({ canaryN: 300, controlN: 2700, canaryMean: 0.12, controlMean: 0.1, variance: 0.01 });
    const canary: [number, number][] = [
      [0.02, 100],
      [0.11, 120],
      [0.3, 80],
    ];
    const control: [number, number][] = [
      [0.02, 1300],
      [0.11, 900],
      [0.3, 500],
    ];
    const moments = (pairs: [number, number][]) => ({
      n: pairs.reduce((sum, [, count]) => sum + count, 0),
      sum: pairs.reduce((sum, [score, count]) => sum + score * count, 0),
      squares: pairs.reduce((sum, [score, count]) => sum + score * score * count, 0),
    });
    const fromValues = blockLogEValues(canary, control, bet);
    const fromMoments = blockLogEMoments(moments(canary), moments(control), bet);
    expect(fromMoments).toBeLessThan(fromValues);
    expect(fromMoments).toBeGreaterThan(0);
  });
});

describe('the rest of the kit', () => {
  it('measures dispersion between groups', () => {
    const errors = [5, 4, 14, 2, 6, 19, 3, 5];
    expect(relative(phi({ n: errors.map(() => 1000), errors }), 3.5785826552853006)).toBeLessThan(1e-9);
    expect(phi({ n: [1000, 1000], errors: [4, 0] })).toBe(1);
  });

  it('averages guards in one wallet', () => {
    const stakes = (e: number) => [
      { weight: 0.35, e: 12 },
      { weight: 0.35, e },
      { weight: 0.2, e: 0.4 },
      { weight: 0.1, e: 1 },
    ];
    expect(wallet(stakes(260)).toFixed(2)).toBe('95.38');
    expect(wallet(stakes(280)).toFixed(2)).toBe('102.38');
  });

  it.each([
    [
      [200, 90],
      [0, 1],
    ],
    [
      [120, 85],
      [0, 1],
    ],
    [[79, 30], []],
  ])('claims by e-BH among eight: %j', (large, expected) => {
    expect(eBH([...large, 1, 1, 1, 1, 1, 1], 0.05)).toEqual(expected);
  });

  it('gives each stage its share of start mass, half of it at once', () => {
    const at = (second: number) => startMass({ stages: 3, plannedMinutes: 10, second });
    expect(at(0)).toBeCloseTo(1 / 6, 12);
    expect(at(60)).toBeCloseTo(1 / 54, 12);
    expect(at(61)).toBe(0);
    let sum = 0;
    for (let second = 0; second < 3600; second += 1) sum += at(second);
    expect(sum).toBeCloseTo(1 / 3, 12);
  });

  it('raises a CUSUM alarm for a lasting deviation only', () => {
    const options = { sigma: 0.02, tolerance: Math.log(1.02) };
    let state = cusum({ up: 0, down: 0 }, 0.1, options);
    expect(state.alarm).toBeNull();
    for (let hour = 0; hour < 3 && state.alarm === null; hour += 1) state = cusum(state, 0.1, options);
    expect(state.alarm).toBe('up');
    expect(cusum({ up: 0, down: 0 }, 0.019, options)).toEqual({ up: 0, down: 0, alarm: null });
  });

  it('ranks a change among placebos', () => {
    expect(placeboP(3, [1, 2, 3, 4])).toBe(3 / 5);
    expect(placeboP(3, [])).toBe(1);
  });

  it('is a fair bet on signs: E averages to one over all outcomes', () => {
    for (const total of [1, 4, 9]) {
      let mean = 0;
      let choose = 1;
      for (let positive = 0; positive <= total; positive += 1) {
        mean += (choose / 2 ** total) * signE(positive, total);
        choose = (choose * (total - positive)) / (positive + 1);
      }
      expect(mean).toBeCloseTo(1, 10);
    }
    expect(signE(10, 10)).toBeGreaterThan(100);
  });
});
