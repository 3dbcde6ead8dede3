import { expect, test } from 'vitest';
import { planRollout } from './plan-rollout.ts';
import { flag, planOf, policy } from './rollout-samples.ts';
import type { FlagFacts, Policy, RolloutInput } from './types.ts';

const issuesOf = (
  input: Partial<RolloutInput>,
  facts: Partial<FlagFacts> = {},
  rules: Partial<Policy> = {},
): string[] =>
  (planRollout({ flag: flag.key, ...input }, { ...flag, ...facts }, { ...policy, ...rules }).issues ?? []).map(
    ({ path }) => path,
  );

test('three lines are a whole plan', () => {
  expect(planOf({ profile: 'balanced', component: 'api' })).toMatchObject({
    controlVariant: 'off',
    canaryVariant: 'on',
    component: 'api',
    alpha: 0.01,
    promote: 'evidence',
    onHarm: 'rollback',
    leaseMs: 60_000,
    maxAttempts: 3,
    warmUpMs: 0,
    cooldown: { firstMs: 3_600_000, factor: 4 },
  });
  expect(planOf().stages.map(({ share }) => share)).toEqual([0.01, 0.1, 0.5, 1]);
  expect(planOf().guards.map(({ id }) => id)).toEqual(['errors', 'latency', 'ceiling']);
});

test.each<[string, Partial<RolloutInput>, string[]]>([
  ['stages that shrink', { stages: [{ to: '20%' }, { to: '10%' }, { to: '100%' }] }, ['stages.1.to']],
  ['a last stage short of everybody', { stages: [{ to: '10%' }] }, ['stages.0.to']],
  ['a first stage of everybody', { stages: [{ to: '100%' }] }, ['stages.0.to']],
  ['a stage of nobody', { stages: [{ to: '0%' }, { to: '100%' }] }, ['stages.0.to']],
  ['a soak of months', { stages: [{ to: '1%', soak: '90d' }, { to: '100%' }] }, ['stages.0.soak']],
  ['a warning that comes after the rollback', { false_rollback: '10%' }, ['false_rollback']],
  ['a lease that is no guard', { lease: '1h' }, ['lease']],
  ['a lease that flaps', { lease: '500ms' }, ['lease']],
  ['an early end of a conservative plan', { profile: 'conservative', promote: 'evidence' }, ['promote']],
  ['an unknown variant', { to: 'blue' }, ['to']],
  ['a change to the same variant', { to: 'off' }, ['to']],
  [
    'failures limited in milliseconds',
    { guards: [{ signal: 'http.errors', worse_by: '20ms' }] },
    ['guards.0.worse_by'],
  ],
  ['an unknown signal', { guards: [{ signal: 'http.magic' }] }, ['guards.0.signal']],
  ['a signal guarded twice', { guards: [{ signal: 'cost' }, { signal: 'cost' }] }, ['guards.1.signal']],
  ['a tolerance that guards nothing', { guards: [{ signal: 'cost', worse_by: '95%' }] }, ['guards.0.worse_by']],
])('%s is refused where it stands', (_, input, expected) => {
  expect(issuesOf(input)).toEqual(expected);
});

test('everything wrong is told at once', () => {
  expect(issuesOf({ lease: '1h', to: 'blue', stages: [{ to: '0%' }] })).toEqual([
    'to',
    'stages.0.to',
    'stages.0.to',
    'lease',
  ]);
});

test('a disabled flag and a choice of variants are told', () => {
  expect(issuesOf({}, { state: 'DISABLED' })).toEqual(['flag']);
  expect(issuesOf({}, { variants: ['a', 'b', 'c'], defaultVariant: 'a' })).toEqual(['to']);
});

test('policy raises default soaks and refuses shorter ones', () => {
  const rules = { minimumSoakMs: 15 * 60_000 };
  expect(issuesOf({ stages: [{ to: '1%', soak: '1m' }, { to: '100%' }] }, {}, rules)).toEqual(['stages.0.soak']);
  const { plan } = planRollout({ flag: flag.key }, flag, { ...policy, ...rules });
  expect(plan?.stages[0]?.soakMs).toBe(15 * 60_000);
});

test('limits become what the engine tests', () => {
  const { guards } = planOf({
    guards: [
      { signal: 'http.errors', worse_by: '0.5pp' },
      { signal: 'http.latency', slower_than: 'p95', worse_by: '5pp' },
      { signal: 'order.revenue', worse_by: '3%', worse: 'down' },
    ],
  });
  expect(guards.map(({ options }) => options)).toEqual([
    { id: 'errors', kind: 'errors', tolerance: { points: 0.005, ratio: 1 } },
    { id: 'slow-p95', kind: 'slow', quantile: 0.95, tolerance: { points: 0.05, ratio: 1 } },
    { id: 'order.revenue', kind: 'value', value: 'order.revenue', harmful: 'down', tolerance: 0.03 },
  ]);
  expect(guards[2]?.worseSign).toBe(-1);
});

test('a limit in milliseconds needs a measured old path', () => {
  const guards = [{ signal: 'http.latency', worse_by: '20ms' }];
  expect(issuesOf({ guards })).toEqual(['guards.0.worse_by']);
  const { plan } = planRollout({ flag: flag.key, guards }, { ...flag, p95Ms: 200 }, policy);
  expect(plan?.guards[0]?.options).toMatchObject({ kind: 'latency', toleranceBuckets: 2 });
});
