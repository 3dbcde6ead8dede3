// The rules people use today on the same streams, at their nominal 1 %: false alarms and canary requests to detection.
import { createRandom, type Random } from './random.ts';
import { mean, publish, readArguments, type Row } from './report.ts';
import {
  bettingRule,
  fisherRule,
  growthBookRule,
  mannWhitneyRule,
  mixtureSprtRule,
  type Rule,
  thresholdRule,
} from './rules.ts';

const { replications, seed } = readArguments({ replications: 400, seed: 3 });

interface Case {
  readonly name: string;
  readonly share: (second: number) => number;
  readonly control: (second: number) => number;
  /** Canary's rate over control's. */
  readonly ratio: number;
  readonly seconds: number;
  /** A guard on good events (conversions), where fewer is harm: bad is "did not convert". */
  readonly isDrop?: boolean;
}

const steady = (value: number) => () => value;
const ramp = (second: number): number => (second < 1200 ? 0.01 : second < 2400 ? 0.1 : 0.5);
const drift = (second: number): number => 0.005 * (1 + 0.5 * Math.sin((2 * Math.PI * second) / 10_800));
const CASES: readonly Case[] = [
  { name: 'A/A 0.5 %, 1/99', share: steady(0.01), control: steady(0.005), ratio: 1, seconds: 10_000 },
  { name: 'A/A 5 %, 10/90', share: steady(0.1), control: steady(0.05), ratio: 1, seconds: 3600 },
  { name: 'A/A 3 %, 10/90', share: steady(0.1), control: steady(0.03), ratio: 1, seconds: 3600 },
  { name: 'A/A ramp 1-10-50 %, drift 50 %', share: ramp, control: drift, ratio: 1, seconds: 3600 },
  {
    name: 'A/A conversion 1 %, 1/99',
    share: steady(0.01),
    control: steady(0.01),
    ratio: 1,
    seconds: 10_000,
    isDrop: true,
  },
  { name: '0.5->1 %, 10/90', share: steady(0.1), control: steady(0.005), ratio: 2, seconds: 3600 },
  { name: '0.1->5 %, 10/90', share: steady(0.1), control: steady(0.001), ratio: 50, seconds: 3600 },
  { name: '1->3 %, 1/99', share: steady(0.01), control: steady(0.01), ratio: 3, seconds: 3600 },
];

const rows: Row[] = CASES.flatMap((scenario, index) => {
  const results = rulesOf(scenario).map((rule) => ({ rule, used: [] as number[] }));
  const random = createRandom(seed * 1000 + index);
  for (let run = 0; run < replications; run += 1) {
    const stops = playOnce(
      random,
      scenario,
      results.map(({ rule }) => rule),
    );
    stops.forEach((stop, i) => results[i]?.used.push(stop));
  }
  return results.map(({ rule, used }) => {
    const found = used.filter((n) => n < Infinity);
    return {
      case: scenario.name,
      rule: rule.name,
      'rolled back': found.length / used.length,
      'canary requests (mean of those)': found.length === 0 ? 'none' : mean(found),
    };
  });
});
publish({ name: 'peers', rows, seed, replications });

function rulesOf({ control, isDrop = false }: Case): readonly Rule[] {
  const rate = isDrop ? 1 - control(0) : control(0);
  const tests = [
    bettingRule(rate),
    growthBookRule,
    mixtureSprtRule(Math.min(rate, 1 - rate)),
    fisherRule,
    mannWhitneyRule,
  ];
  if (isDrop) return tests;
  return [
    ...tests,
    thresholdRule('Flagger example (99 %, 5 failures)', 0.99, 5),
    thresholdRule('Argo style (95 %, 3 failures)', 0.95, 3),
  ];
}

/** Canary requests until each rule stops; Infinity where it never does. */
function playOnce(random: Random, scenario: Case, rules: readonly Rule[]): number[] {
  const watches = rules.map((rule) => rule.start());
  const stops = rules.map(() => Infinity);
  let requests = 0;
  for (let t = 0; t < scenario.seconds; t += 1) {
    const share = scenario.share(t);
    const rate = scenario.control(t);
    const canaryN = random.poisson(100 * share);
    const controlN = random.poisson(100 * (1 - share));
    const canaryHits = random.binomial(canaryN, rate * scenario.ratio);
    const controlHits = random.binomial(controlN, rate);
    requests += canaryN;
    const canaryBad = scenario.isDrop === true ? canaryN - canaryHits : canaryHits;
    const controlBad = scenario.isDrop === true ? controlN - controlHits : controlHits;
    watches.forEach((watch, i) => {
      if (stops[i] === Infinity && watch({ canaryN, canaryBad, controlN, controlBad })) stops[i] = requests;
    });
  }
  return stops;
}
