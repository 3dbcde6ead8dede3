import { bucketIndexOf, type OutcomeBlock, type SideCounts } from '@belay/core';
import {
  draftOf,
  engineOptionsOf,
  next,
  parseDuration,
  parsePercent,
  planRollout,
  type Actor,
  type Flow,
  type GuardInput,
  type RolloutState,
  type StageInput,
} from '@belay/core/rollout';
import { createEngineConfig, createGuardEngine, foldBlock, readEngine } from '@belay/core/statistics';
import { createRandom, type Random } from './random.ts';

/** What happened in a scenario: the status at each second, and the final state. */
export interface ScenarioRun {
  readonly statuses: readonly string[];
  readonly stages: readonly number[];
  readonly state: RolloutState;
}

interface World {
  /** Units per second of both sides together. */
  rate: number;
  control: number;
  canary: number;
  /** Canary's durations as a multiple of control's. */
  slower: number;
  isCut: boolean;
}

interface Scenario {
  readonly stages: StageInput[];
  readonly guards: GuardInput[];
  readonly options: {
    grace: string;
    then: 'hold' | 'rollback';
    promote: 'evidence' | 'clock';
    seed: number;
    length: number;
  };
  readonly happenings: { readonly at: number; readonly words: readonly string[] }[];
  readonly expectations: string[];
}

/**
 * Runs a plain-text scenario against the statistics and the state machine with seeded traffic. Lines:
 * `stage 10% soak 20s min 100 [approve]`, `guard http.errors 0.5pp`, `grace 5s [then rollback]`, `promote clock`,
 * `seed 1`, `length 120s`, `at 30s load 200/s`, `at 0s errors 0.5%`, `at 10s canary errors 5%`,
 * `at 10s canary slower 1.6`, `at 20s cut telemetry`, `at 40s restore telemetry`, `at 50s resume|rollback|hold|approve`,
 * `expect rolled-back by 60s`, `expect held at 40s`, `expect never completed`, `expect stage 1 at 40s`.
 */
export function runScenario(text: string): { readonly run: ScenarioRun; readonly failures: readonly string[] } {
  const scenario = parse(text);
  const run = simulate(scenario);
  return { run, failures: scenario.expectations.flatMap((line) => judge(line, run)) };
}

function parse(text: string): Scenario {
  const scenario: Scenario = {
    stages: [],
    guards: [],
    options: { grace: '10s', then: 'hold', promote: 'evidence', seed: 1, length: 120 },
    happenings: [],
    expectations: [],
  };
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*$/, '').trim();
    if (line !== '') parseLine(scenario, line);
  }
  scenario.happenings.sort((a, b) => a.at - b.at);
  return scenario;
}

function parseLine(scenario: Scenario, line: string): void {
  const words = line.split(/\s+/);
  const [verb = '', ...rest] = words;
  const { options } = scenario;
  const after = (word: string): string | undefined => {
    const at = words.indexOf(word);
    return at < 0 ? undefined : words[at + 1];
  };
  switch (verb) {
    case 'stage': {
      const soak = after('soak');
      const min = after('min');
      scenario.stages.push({
        to: rest[0] ?? '',
        soak,
        min: min === undefined ? undefined : Number(min),
        approve: words.includes('approve'),
      });
      return;
    }
    case 'guard':
      scenario.guards.push({ signal: rest[0] ?? '', worse_by: rest[1] });
      return;
    case 'grace':
      options.grace = rest[0] ?? options.grace;
      options.then = after('then') === 'rollback' ? 'rollback' : 'hold';
      return;
    case 'promote':
      options.promote = rest[0] === 'clock' ? 'clock' : 'evidence';
      return;
    case 'seed':
      options.seed = Number(rest[0]);
      return;
    case 'length':
      options.length = seconds(rest[0]);
      return;
    case 'at':
      scenario.happenings.push({ at: seconds(rest[0]), words: rest.slice(1) });
      return;
    case 'expect':
      scenario.expectations.push(line);
      return;
    default:
      throw new TypeError(`A scenario does not know "${line}".`);
  }
}

function simulate({ stages, guards, options, happenings }: Scenario): ScenarioRun {
  const flag = { key: 'f', variants: ['on', 'off'], defaultVariant: 'off', state: 'ENABLED', p95Ms: null } as const;
  const input = {
    flag: 'f',
    stages,
    guards: guards.length === 0 ? undefined : guards,
    promote: options.promote,
    no_data: { grace: options.grace, then: options.then },
  };
  const policy = {
    profile: 'fast',
    environment: 'development',
    freeze: [],
    cooldown: null,
    maxAttempts: 3,
    falseRollback: 0.01,
    warnAt: 10,
    leaseMs: 6000,
    minimumSoakMs: 0,
  } as const;
  const { plan, issues } = planRollout(input, flag, policy);
  if (plan === undefined) throw new TypeError(JSON.stringify(issues));
  const config = createEngineConfig(engineOptionsOf(plan, {}));
  const engine = createGuardEngine(config);
  const random = createRandom(options.seed);
  const world: World = { rate: 100, control: 0.005, canary: 0.005, slower: 1, isCut: false };
  let state = next(draftOf(plan), { type: 'start', actor: PERSON, frozen: null }, 0).state;
  let silentFor = 0;
  const statuses: string[] = [];
  const reached: number[] = [];
  for (let second = 0; second < options.length; second += 1) {
    for (const { at, words } of happenings)
      if (at === second) state = happen(world, state, { words, now: second * 1000 });
    const share = state.status === 'running' || state.status === 'held' ? (plan.stages[state.stage]?.share ?? 0) : 0;
    silentFor = world.isCut ? silentFor + 1 : 0;
    const stage = state.stages.findLast(({ fromSecond }) => fromSecond <= second)?.index ?? 0;
    if (!world.isCut && share > 0) foldBlock(config, engine, blockOf(world, { second, share, random }), stage);
    const flow: Flow = silentFor > PATIENCE ? 'no-telemetry' : 'flowing';
    const reading = engine.lastSecond === null ? null : readEngine(config, engine);
    state = next(state, { type: 'tick', reading, flow, frozen: null }, (second + 1) * 1000).state;
    statuses.push(state.status);
    reached.push(state.stage);
  }
  return { statuses, stages: reached, state };
}

function happen(
  world: World,
  state: RolloutState,
  { words, now }: { readonly words: readonly string[]; readonly now: number },
): RolloutState {
  const [first = '', second = '', third = ''] = words;
  if (first === 'load') world.rate = Number.parseFloat(second);
  else if (first === 'errors') world.control = world.canary = ratio(second);
  else if (first === 'canary' && second === 'errors') world.canary = ratio(third);
  else if (first === 'canary' && second === 'slower') world.slower = Number(third);
  else if (second === 'telemetry') world.isCut = first === 'cut';
  else if (first === 'resume' || first === 'hold' || first === 'approve') {
    return next(state, { type: first, actor: PERSON, reason: 'scenario' }, now).state;
  } else if (first === 'rollback') return next(state, { type: first, actor: PERSON, reason: 'scenario' }, now).state;
  else throw new TypeError(`Nothing called "${words.join(' ')}" can happen in a scenario.`);
  return state;
}

interface Moment {
  readonly second: number;
  readonly share: number;
  readonly random: Random;
}

function blockOf(world: World, { second, share, random }: Moment): OutcomeBlock {
  const canary = side(random, { n: random.poisson(world.rate * share), bad: world.canary, factor: world.slower });
  const control = side(random, { n: random.poisson(world.rate * (1 - share)), bad: world.control, factor: 1 });
  const zeros = Array.from({ length: 32 }, () => 0);
  const n = zeros.map((_, group) => Math.floor(control.n / 32) + (group < control.n % 32 ? 1 : 0));
  const errors = zeros.slice();
  for (let bad = 0; bad < control.errors; bad += 1) {
    const group = Math.floor(random.uniform() * 32);
    errors[group] = (errors[group] ?? 0) + 1;
  }
  return {
    second,
    canary,
    control,
    controlGroups: { n: n.map((count, group) => Math.max(count, errors[group] ?? 0)), errors },
  };
}

function side(
  random: Random,
  { n, bad, factor }: { readonly n: number; readonly bad: number; readonly factor: number },
): SideCounts {
  let errors = 0;
  const duration = new Map<number, number>();
  for (let unit = 0; unit < n; unit += 1) {
    if (random.uniform() < bad) errors += 1;
    const bucket = bucketIndexOf(40 * factor * Math.exp(0.5 * random.normal()));
    duration.set(bucket, (duration.get(bucket) ?? 0) + 1);
  }
  return { n, errors, exposures: n, distinctBad: errors, duration, values: new Map() };
}

function judge(line: string, { statuses, stages }: ScenarioRun): readonly string[] {
  const [, first = '', second = '', third = '', fourth = ''] = line.split(/\s+/);
  const fail = (seen: string): readonly string[] => [`${line}: saw ${seen}`];
  if (first === 'never') return statuses.includes(second) ? fail(`${second} at ${statuses.indexOf(second)} s`) : [];
  if (first === 'stage') {
    const seen = stages[seconds(fourth)];
    return seen === Number(second) ? [] : fail(`stage ${seen}`);
  }
  if (second === 'by') {
    const at = statuses.indexOf(first);
    return at >= 0 && at <= seconds(third) ? [] : fail(at < 0 ? `it never, but ${statuses.at(-1)}` : `it at ${at} s`);
  }
  if (second === 'at') {
    const seen = statuses[seconds(third)] ?? 'the end';
    return seen === first ? [] : fail(seen);
  }
  throw new TypeError(`A scenario cannot expect "${line}".`);
}

function seconds(text: string | undefined): number {
  const ms = text === undefined ? null : parseDuration(text);
  if (ms === null) throw new TypeError(`"${text}" is not a time.`);
  return ms / 1000;
}

function ratio(text: string): number {
  const value = parsePercent(text);
  if (value === null) throw new TypeError(`"${text}" is not a percentage.`);
  return value;
}

const PERSON: Actor = { kind: 'person', name: 'scenario', via: 'api' };
/** Seconds of silence that are still chance. */
const PATIENCE = 6;
