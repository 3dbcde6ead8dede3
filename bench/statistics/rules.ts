// The rules people use today, as formulas on the same streams (documented settings; see docs for the sources).
import { HarmBinary } from '@belay/core/statistics';

/** Counts of one second on both sides. */
export interface Second {
  readonly canaryN: number;
  readonly canaryBad: number;
  readonly controlN: number;
  readonly controlBad: number;
}

/** Reads one second and says whether the rule would roll back now. */
export type Watch = (second: Second) => boolean;

/** A rule: a name, and a fresh watch per rollout. */
export interface Rule {
  readonly name: string;
  readonly start: () => Watch;
}

/** Belay's errors guard: one e-process, started half at once and half over the planned hour. */
export function bettingRule(prior: number): Rule {
  return {
    name: 'e-process',
    start: () => {
      const state = HarmBinary.start();
      let seconds = 0;
      return (second) => {
        HarmBinary.addMass(state, seconds === 0 ? 0.5 : seconds % 60 === 0 && seconds < 3600 ? 0.5 / 59 : 0);
        seconds += 1;
        if (second.canaryN > 0 && second.controlN > 0) HarmBinary.fold(state, second, { prior });
        return HarmBinary.eValue(state) >= 100;
      };
    },
  };
}

/** Asymptotic confidence sequence as in GrowthBook's sequential test: one-sided, alpha .01, tuned to 5000, n >= 100. */
export const growthBookRule: Rule = {
  name: 'GrowthBook CS',
  start: () => {
    const add = createTotals();
    const rhoSquared = (-2 * Math.log(ALPHA) + Math.log(-2 * Math.log(ALPHA) + 1)) / 5000;
    return (second) => {
      const { canaryN, canaryBad, controlN, controlBad } = add(second);
      if (canaryN < 100 || controlN < 100) return false;
      const [p, q] = [canaryBad / canaryN, controlBad / controlN];
      const variance = (p * (1 - p)) / canaryN + (q * (1 - q)) / controlN;
      const n = canaryN + controlN;
      const scaled = n * rhoSquared + 1;
      const width =
        Math.sqrt(variance * n) *
        Math.sqrt(((2 * scaled) / (n * n * rhoSquared)) * Math.log(1 + Math.sqrt(scaled) / (2 * ALPHA)));
      return variance > 0 && p - q > width;
    };
  },
};

/** Mixture SPRT with a normal mixture of standard deviation `tau`, one-sided, n >= 100. */
export function mixtureSprtRule(tau: number): Rule {
  return {
    name: 'mSPRT',
    start: () => {
      const add = createTotals();
      return (second) => {
        const { canaryN, canaryBad, controlN, controlBad } = add(second);
        if (canaryN < 100 || controlN < 100) return false;
        const difference = canaryBad / canaryN - controlBad / controlN;
        const p = (canaryBad + controlBad) / (canaryN + controlN);
        const variance = p * (1 - p) * (1 / canaryN + 1 / controlN);
        if (variance === 0 || difference <= 0) return false;
        const total = variance + tau * tau;
        const log = 0.5 * Math.log(variance / total) + (tau * tau * difference * difference) / (2 * variance * total);
        return log >= Math.log(1 / ALPHA);
      };
    },
  };
}

/** Fisher's exact test on everything so far, looked at every minute, p < .01. */
export const fisherRule: Rule = {
  name: 'Fisher, peeking each minute',
  start: () => {
    const add = createTotals();
    let seconds = 0;
    return (second) => {
      const totals = add(second);
      seconds += 1;
      return seconds % 60 === 0 && fisherP(totals) < ALPHA;
    };
  },
};

/** Share of good units below `least` in `failures` one-minute checks (Flagger and Argo style). */
export function thresholdRule(name: string, least: number, failures: number): Rule {
  return {
    name,
    start: () => {
      let minute = { n: 0, bad: 0 };
      let seconds = 0;
      let failed = 0;
      return ({ canaryN, canaryBad }) => {
        minute = { n: minute.n + canaryN, bad: minute.bad + canaryBad };
        seconds += 1;
        if (seconds % 60 !== 0) return false;
        if (minute.n > 0 && 1 - minute.bad / minute.n < least) failed += 1;
        minute = { n: 0, bad: 0 };
        return failed >= failures;
      };
    },
  };
}

/** Mann-Whitney on the rates of single minutes, looked at every ten minutes, one-sided p < .01 (Kayenta's classifier). */
export const mannWhitneyRule: Rule = {
  name: 'Mann-Whitney, each 10 min',
  start: () => {
    const canary: number[] = [];
    const control: number[] = [];
    let add = createTotals();
    let seconds = 0;
    return (second) => {
      const minute = add(second);
      seconds += 1;
      if (seconds % 60 !== 0) return false;
      if (minute.canaryN > 0) canary.push(minute.canaryBad / minute.canaryN);
      if (minute.controlN > 0) control.push(minute.controlBad / minute.controlN);
      add = createTotals();
      return seconds % 600 === 0 && mannWhitneyZ(canary, control) > Z_ALPHA;
    };
  },
};

function createTotals(): (second: Second) => Second {
  const totals = { canaryN: 0, canaryBad: 0, controlN: 0, controlBad: 0 };
  return (second) => {
    totals.canaryN += second.canaryN;
    totals.canaryBad += second.canaryBad;
    totals.controlN += second.controlN;
    totals.controlBad += second.controlBad;
    return totals;
  };
}

/** P(at least as many bad canary units) given all margins. */
function fisherP({ canaryN, canaryBad, controlN, controlBad }: Second): number {
  const bad = canaryBad + controlBad;
  const all = canaryN + controlN;
  if (canaryN === 0 || controlN === 0 || bad === 0) return 1;
  let log = choose(bad, canaryBad) + choose(all - bad, canaryN - canaryBad) - choose(all, canaryN);
  let p = 0;
  for (let x = canaryBad; x <= Math.min(bad, canaryN); x += 1) {
    const term = Math.exp(log);
    p += term;
    if (term < p * 1e-12) break;
    log += Math.log(((bad - x) * (canaryN - x)) / ((x + 1) * (all - bad - canaryN + x + 1)));
  }
  return p;
}

function choose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Stirling's series; exact sums below 20. */
function logFactorial(n: number): number {
  if (n < 20) {
    let sum = 0;
    for (let i = 2; i <= n; i += 1) sum += Math.log(i);
    return sum;
  }
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3);
}

function mannWhitneyZ(canary: readonly number[], control: readonly number[]): number {
  const all = [
    ...canary.map((value) => ({ value, isCanary: true })),
    ...control.map((value) => ({ value, isCanary: false })),
  ];
  all.sort((x, y) => x.value - y.value);
  let rankSum = 0;
  let ties = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    while (end < all.length && all[end]?.value === all[start]?.value) end += 1;
    const size = end - start;
    ties += size ** 3 - size;
    for (let i = start; i < end; i += 1) if (all[i]?.isCanary === true) rankSum += (start + 1 + end) / 2;
    start = end;
  }
  const [n, m, total] = [canary.length, control.length, all.length];
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  return variance > 0 ? (rankSum - (n * (n + 1)) / 2 - (n * m) / 2 - 0.5) / Math.sqrt(variance) : 0;
}

const ALPHA = 0.01;
const Z_ALPHA = 2.3263;
