// Whole A/A rollouts through the engine: how often a harmless change is rolled back (sections 2.1 and 2.4).
import type { OutcomeBlock } from '@belay/core';
import {
  createEngineConfig,
  createGuardEngine,
  type EngineConfig,
  type EngineOptions,
  foldBlock,
  readEngine,
} from '@belay/core/statistics';
import { createRandom, type Random } from './random.ts';
import { publish, readArguments, type Row } from './report.ts';
import { drawBlock, drawDuration } from './traffic.ts';
import { createUserTraffic, type Population } from './users.ts';

const { replications, seed } = readArguments({ replications: 2000, seed: 2 });
const STRICT = { points: 0, ratio: 1 };
const ERRORS: EngineOptions['guards'] = [
  { id: 'errors', kind: 'errors', tolerance: STRICT },
  { id: 'ceiling', kind: 'ceiling' },
];
const FULL: EngineOptions['guards'] = [
  ...ERRORS,
  { id: 'latency', kind: 'latency', toleranceBuckets: 0 },
  { id: 'cost', kind: 'value', value: 'cost', harmful: 'up', tolerance: 0 },
];

interface Scenario {
  readonly name: string;
  readonly guards: EngineOptions['guards'];
  readonly plannedMinutes: number;
  readonly warmUpSeconds?: number;
  /** Share of `replications` to run, for scenarios that draw every request. */
  readonly effort: number;
  /** Highest accepted rate; scenarios that break the contract of one bad unit per user and 300 s have none. */
  readonly gate: number | 'none';
  readonly source: (random: Random) => (second: number, share: number) => OutcomeBlock;
}

/** A stream where both sides share a rate that may drift. */
function common(rate: (second: number) => number, requestsPerSecond: number = 100): Scenario['source'] {
  return (random) => (second, share) =>
    drawBlock(random, second, {
      canary: { requestsPerSecond: requestsPerSecond * share, errorRate: rate(second) },
      control: { requestsPerSecond: requestsPerSecond * (1 - share), errorRate: rate(second) },
    });
}

function detailed(requestsPerSecond: number): Scenario['source'] {
  return (random) => (second, share) => {
    const side = (part: number) => ({
      requestsPerSecond: requestsPerSecond * part,
      errorRate: 0.005,
      duration: drawDuration(random),
      value: { name: 'cost', draw: () => Math.exp(0.6 * random.normal()) },
    });
    return drawBlock(random, second, { canary: side(share), control: side(1 - share) });
  };
}

function users(population: Omit<Population, 'usersPerSecond' | 'requestsPerUser' | 'errorRate'>): Scenario['source'] {
  return (random) =>
    createUserTraffic(random, { usersPerSecond: 10, requestsPerUser: 10, errorRate: 0.002, ...population });
}

const drift = (depth: number) => (second: number) => 0.005 * (1 + depth * Math.sin((2 * Math.PI * second) / 10_800));
const clusters = { share: 0.01, requests: 10, errorRate: 0.4 };
const bots = { share: 0.0001, requests: 300, errorRate: 1 };
const errors = { guards: ERRORS, plannedMinutes: 20, warmUpSeconds: 0, effort: 1, gate: 0.015 };
const SCENARIOS: readonly Scenario[] = [
  { ...errors, name: 'steady 0.5 %', source: common(() => 0.005) },
  { ...errors, name: 'steady 5 %', source: common(() => 0.05) },
  { ...errors, name: 'ramp and drift of 50 %', source: common(drift(0.5)) },
  { ...errors, name: 'ramp and drift of 80 %', source: common(drift(0.8)) },
  { ...errors, name: 'bursts of 30 % on both sides', source: common((second) => (second % 600 < 5 ? 0.3 : 0.005)) },
  { ...errors, name: '2 requests per second', source: common(() => 0.01, 2) },
  {
    ...errors,
    effort: 0.5,
    name: 'clusters, counted once per 300 s',
    source: users({ odd: clusters, dedupSeconds: 300 }),
  },
  {
    ...errors,
    effort: 0.5,
    gate: 'none',
    name: 'clusters, every request counted',
    source: users({ odd: clusters, dedupSeconds: 0 }),
  },
  { ...errors, effort: 0.5, name: 'bots, counted once per 300 s', source: users({ odd: bots, dedupSeconds: 300 }) },
  {
    ...errors,
    effort: 0.5,
    gate: 'none',
    name: 'bots, every request counted',
    source: users({ odd: bots, dedupSeconds: 0 }),
  },
  { ...errors, effort: 0.5, guards: FULL, plannedMinutes: 10, name: 'all guards at 100/s', source: detailed(100) },
  { ...errors, guards: FULL, plannedMinutes: 10, name: 'all guards at 20/s', source: detailed(20) },
];

const rows: Row[] = SCENARIOS.map((scenario, index) => {
  const config = configOf(scenario);
  const random = createRandom(seed * 1000 + index);
  const runs = Math.max(1, Math.round(replications * scenario.effort));
  let rollbacks = 0;
  let mismatches = 0;
  for (let run = 0; run < runs; run += 1) {
    const end = rollOut(config, scenario.source(random));
    if (end.isRolledBack) rollbacks += 1;
    if (end.isMismatched) mismatches += 1;
  }
  const row = {
    scenario: scenario.name,
    rollouts: runs,
    rollbacks,
    rate: rollbacks / runs,
    gate: scenario.gate,
    'sample-ratio alarms': mismatches,
  };
  process.stderr.write(`${JSON.stringify(row)}\n`);
  return row;
});
publish({ name: 'false-rollback', rows, seed, replications });

function configOf({ guards, plannedMinutes, warmUpSeconds = 30 }: Scenario): EngineConfig {
  const stages = [0.01, 0.1, 0.5].map((share) => ({ share, plannedMinutes }));
  return createEngineConfig({ stages, guards, warmUpSeconds, baseline: { errorRate: 0.005 } });
}

function rollOut(
  config: EngineConfig,
  draw: (second: number, share: number) => OutcomeBlock,
): { isRolledBack: boolean; isMismatched: boolean } {
  const state = createGuardEngine(config);
  let second = 0;
  for (const [stage, { share, plannedMinutes }] of config.stages.entries()) {
    for (let i = 0; i < plannedMinutes * 60 && state.decided === null; i += 1) {
      foldBlock(config, state, draw(second, share), stage);
      second += 1;
    }
  }
  return { isRolledBack: state.decided !== null, isMismatched: readEngine(config, state).srmBroken };
}
