import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core';
import { GrowthBookClient } from '@growthbook/growthbook';
import { init as launchDarkly, integrations } from '@launchdarkly/node-server-sdk';
import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import { Operator } from 'unleash-client/lib/strategy/strategy.js';
import { compileFlagSet, compileOverlays, evaluateFlag, evaluateGuarded } from '@belay/core/flag';
import { mean, publish, quantile, readArguments } from './statistics/report.ts';

/**
 * Nanoseconds to read one flag in process: a static flag, and a rule (one comparison) before a 50:50 split by a key.
 * All candidates are timed in turns within the same run, so that a busy machine is busy for all; the figure is the
 * median of the rounds. Keys change with every read, as users do. `rounds` is --replications.
 */
type Read = (unit: { readonly targetingKey: string; readonly plan: string }) => unknown;
interface Candidate {
  readonly name: string;
  readonly kind: 'static' | 'rule and split';
  readonly read: Read;
  /** Reads per round: slow candidates get fewer, so that each round takes them a similar time. */
  readonly reads: number;
}

const nobody = { targetingKey: '', plan: '' };
const unlikely = Symbol('never an answer');
const { replications: rounds, seed } = readArguments({ replications: 31, seed: 1 });
const units = Array.from({ length: 4096 }, (_nothing, index) => ({
  targetingKey: `user-${(index * 2_654_435_761 + seed) >>> 0}`,
  plan: index % 7 === 0 ? 'pro' : 'free',
}));

const candidates = [
  ...belay(),
  ...flagdCore(),
  ...(await unleash()),
  ...growthbook(),
  ...(await launchdarkly()),
  ...(await openFeature()),
];
const timings = new Map<Candidate, number[]>(candidates.map((candidate) => [candidate, []]));
for (let round = -3; round < rounds; round += 1) {
  for (const candidate of candidates) {
    const nanoseconds = await time(candidate);
    // The first three rounds warm up.
    if (round >= 0) timings.get(candidate)?.push(nanoseconds);
  }
}
publish({ name: 'flag-read', seed, replications: rounds, rows: candidates.map(rowOf) });
process.exit(0);

async function time({ read, reads }: Candidate): Promise<number> {
  const isAsync = read(units[0] ?? nobody) instanceof Promise;
  const started = process.hrtime.bigint();
  if (isAsync) for (let index = 0; index < reads; index += 1) sink(await read(units[index & 4095] ?? nobody));
  else for (let index = 0; index < reads; index += 1) sink(read(units[index & 4095] ?? nobody));
  return Number(process.hrtime.bigint() - started) / reads;
}

function rowOf(candidate: Candidate): Record<string, string | number> {
  const measured = timings.get(candidate) ?? [];
  const own = candidates.find(({ name, kind }) => name === 'Belay' && kind === candidate.kind);
  const ownMedian = quantile(own === undefined ? [] : (timings.get(own) ?? []), 0.5);
  const median = quantile(measured, 0.5);
  return {
    candidate: candidate.name,
    read: candidate.kind,
    medianNs: median,
    fastestNs: Math.min(...measured),
    meanNs: mean(measured),
    timesBelay: median / ownMedian,
  };
}

function belay(): Candidate[] {
  const { flags } = compileFlagSet(document());
  if (flags === undefined) throw new TypeError('the benchmark has a valid definition');
  const overlays = compileOverlays(flags, [
    {
      rolloutId: 'r',
      attempt: 1,
      flagKey: 'guarded',
      controlVariant: 'off',
      canaryVariant: 'on',
      share: 500_000,
      seed: 'seed:',
      bucketing: 'flagd-v2',
      leaseMs: 60_000,
    },
  ]);
  return [
    { name: 'Belay', kind: 'static', reads: 400_000, read: (unit) => evaluateFlag(flags, 'static', unit) },
    { name: 'Belay', kind: 'rule and split', reads: 200_000, read: (unit) => evaluateFlag(flags, 'split', unit) },
    {
      name: 'Belay, guarded rollout',
      kind: 'rule and split',
      reads: 200_000,
      read: (unit) => evaluateGuarded(flags, overlays, 'guarded', unit),
    },
  ];
}

function flagdCore(): Candidate[] {
  const silent = { error: ignore, warn: ignore, info: ignore, debug: ignore };
  const core = new FlagdCore(new MemoryStorage(silent), silent);
  core.setConfigurations(JSON.stringify(document()));
  const read =
    (key: string): Read =>
    (unit) =>
      core.resolveBooleanEvaluation(key, false, unit, silent);
  return [
    { name: '@openfeature/flagd-core 4.0.1', kind: 'static', reads: 40_000, read: read('static') },
    { name: '@openfeature/flagd-core 4.0.1', kind: 'rule and split', reads: 20_000, read: read('split') },
  ];
}

async function unleash(): Promise<Candidate[]> {
  const split = { name: 'flexibleRollout', parameters: { rollout: '50', stickiness: 'userId', groupId: 'split' } };
  const rule = {
    name: 'default',
    parameters: {},
    constraints: [
      { contextName: 'plan', operator: Operator.IN, values: ['pro'], inverted: false, caseInsensitive: false },
    ],
  };
  const common = {
    type: 'release',
    enabled: true,
    stale: false,
    impressionData: false,
    variants: [],
    project: 'default',
  };
  const data = [
    { ...common, name: 'static', strategies: [] },
    {
      ...common,
      name: 'split',
      strategies: [
        { ...rule, parameters: {} },
        { ...split, constraints: [] },
      ],
    },
  ];
  const client = new Unleash({
    appName: 'bench',
    url: 'http://127.0.0.1:9',
    refreshInterval: 0,
    disableMetrics: true,
    storageProvider: new InMemStorageProvider(),
    bootstrap: { data },
  });
  client.on('error', ignore);
  client.on('warn', ignore);
  await new Promise<void>((resolve) => {
    client.once('ready', () => resolve());
  });
  const read =
    (key: string): Read =>
    (unit) =>
      client.isEnabled(key, { userId: unit.targetingKey, properties: { plan: unit.plan } });
  return [
    { name: 'unleash-client 6.12.1', kind: 'static', reads: 40_000, read: read('static') },
    { name: 'unleash-client 6.12.1', kind: 'rule and split', reads: 20_000, read: read('split') },
  ];
}

function growthbook(): Candidate[] {
  const client = new GrowthBookClient({}).initSync({
    payload: {
      features: {
        static: { defaultValue: true },
        split: {
          defaultValue: false,
          rules: [
            { condition: { plan: 'pro' }, force: true },
            { force: true, coverage: 0.5, hashAttribute: 'id' },
          ],
        },
      },
    },
  });
  const read =
    (key: string): Read =>
    (unit) =>
      client.isOn(key, { attributes: { id: unit.targetingKey, plan: unit.plan } });
  return [
    { name: '@growthbook/growthbook 1.8.0', kind: 'static', reads: 40_000, read: read('static') },
    { name: '@growthbook/growthbook 1.8.0', kind: 'rule and split', reads: 20_000, read: read('split') },
  ];
}

async function launchdarkly(): Promise<Candidate[]> {
  const data = new integrations.TestData();
  await data.update(data.flag('static').booleanFlag().variationForAll(true));
  await data.usePreconfiguredFlag({
    key: 'split',
    version: 1,
    on: true,
    variations: [true, false],
    offVariation: 1,
    salt: 's',
    prerequisites: [],
    targets: [],
    rules: [{ id: 'r', variation: 0, clauses: [{ attribute: 'plan', op: 'in', values: ['pro'], negate: false }] }],
    fallthrough: {
      rollout: {
        variations: [
          { variation: 0, weight: 50_000 },
          { variation: 1, weight: 50_000 },
        ],
      },
    },
  });
  const client = launchDarkly('bench', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: { error: ignore, warn: ignore, info: ignore, debug: ignore },
  });
  await client.waitForInitialization({ timeout: 5 });
  const read =
    (key: string): Read =>
    async (unit) =>
      client.variation(key, { kind: 'user', key: unit.targetingKey, plan: unit.plan }, false);
  return [
    { name: '@launchdarkly/node-server-sdk 9.13.7, offline data', kind: 'static', reads: 8000, read: read('static') },
    {
      name: '@launchdarkly/node-server-sdk 9.13.7, offline data',
      kind: 'rule and split',
      reads: 8000,
      read: read('split'),
    },
  ];
}

async function openFeature(): Promise<Candidate[]> {
  const variants = { on: true, off: false };
  // The in-memory provider has no split of its own: a context evaluator chooses by a cheap test.
  await OpenFeature.setProviderAndWait(
    new InMemoryProvider({
      static: { variants, defaultVariant: 'on', disabled: false },
      split: {
        variants,
        defaultVariant: 'off',
        disabled: false,
        contextEvaluator: ({ plan, targetingKey = '' }) =>
          plan === 'pro' || targetingKey.charCodeAt(targetingKey.length - 1) & 1 ? 'on' : 'off',
      },
    }),
  );
  const client = OpenFeature.getClient();
  const read =
    (key: string): Read =>
    async (unit) =>
      client.getBooleanValue(key, false, unit);
  return [
    { name: '@openfeature/server-sdk 1.23.0, in-memory', kind: 'static', reads: 8000, read: read('static') },
    {
      name: '@openfeature/server-sdk 1.23.0, in-memory (no hash)',
      kind: 'rule and split',
      reads: 8000,
      read: read('split'),
    },
  ];
}

function document(): object {
  const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
  const isPro = { '==': [{ var: 'plan' }, 'pro'] };
  return {
    flags: {
      static: flag,
      split: {
        ...flag,
        targeting: {
          if: [
            isPro,
            'on',
            {
              fractional: [
                ['on', 50],
                ['off', 50],
              ],
            },
          ],
        },
      },
      guarded: { ...flag, targeting: { if: [isPro, 'on', null] } },
    },
  };
}

function ignore(): void {
  // Clients that cannot reach a server say so; here that is meant.
}

function sink(value: unknown): void {
  // Keeps the engine from dropping a read whose answer nobody uses.
  if (value === unlikely) process.stderr.write('');
}
