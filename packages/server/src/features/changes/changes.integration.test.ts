import type { ReplayReport, RolloutEvidence, RolloutView } from '@belay/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { call, plan, second, startServer, startWorld, stopServer, stopWorld, type World } from './changes-testbed.ts';

let world: World;

beforeEach(async () => {
  world = await startWorld();
});

afterEach(async () => {
  await stopWorld(world);
});

const start = async (): Promise<RolloutView> => {
  const { status, body } = await call<RolloutView>(world, 'POST', '/api/v1/rollouts', { ...plan, start: true });
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
};

const view = async (id: string): Promise<RolloutView> =>
  (await call<RolloutView>(world, 'GET', `/api/v1/rollouts/${id}`)).body;

const healthy = (rolloutId: string, share: number) => ({
  rolloutId,
  canary: { units: Math.round(200 * share), errors: 0 },
  control: { units: Math.round(200 * (1 - share)), errors: share === 0.1 ? 1 : 0 },
});

test('a harmless change is kept and replays bit by bit', async () => {
  const { id } = await start();
  for (let i = 0; i < 120; i += 1) {
    const { status, share } = await view(id);
    if (status !== 'running') break;
    await second(world, healthy(id, share));
  }
  const kept = await view(id);
  expect(kept).toMatchObject({ status: 'completed', word: 'Kept', share: 1 });
  expect(kept.happened.map(({ kind }) => kind)).toEqual([
    'rollout.kept',
    'rollout.promoted',
    'rollout.promoted',
    'rollout.started',
    'rollout.created',
  ]);
  const flag = await call(world, 'GET', '/api/v1/flags/checkout');
  expect(flag.body).toMatchObject({ definition: { defaultVariant: 'on' }, rolloutId: null });
  const replay = await call<ReplayReport>(world, 'POST', `/api/v1/rollouts/${id}/replay`, {});
  expect(replay.body).toMatchObject({ agrees: true, firstDifference: null });
  expect(replay.body.decisions).toBeGreaterThanOrEqual(2);
});

test('harm is rolled back at once, explained, and found again by a replay', async () => {
  const { id } = await start();
  let seconds = 0;
  for (; seconds < 60 && (await view(id)).status === 'running'; seconds += 1) {
    await second(world, { ...healthy(id, 0.1), canary: { units: 20, errors: 3 } });
  }
  const ended = await view(id);
  expect(ended).toMatchObject({ status: 'rolled-back', word: 'Rolled back', share: 0, leadingGuard: 'errors' });
  expect(ended.verdict.headline).toMatch(/^Rolled back by itself at \d\d:\d\d:\d\d \S+, \d+ s into 10%\.$/);
  expect(ended.verdict.detail).toMatch(/^Failed requests rose by .* points, past your limit of 0\.5\./);
  expect(ended.allowed).toEqual(['acknowledge']);
  const evidence = await call<RolloutEvidence>(world, 'GET', `/api/v1/rollouts/${id}/evidence`);
  expect(evidence.body.canaryFailed).toBe(seconds * 3);
  expect(evidence.body.waldBound).toBeGreaterThan(0);
  const replay = await call<ReplayReport>(world, 'POST', `/api/v1/rollouts/${id}/replay`, {});
  expect(replay.body).toMatchObject({ agrees: true, firstDifference: null });
  const series = await call<{ points: unknown[] }>(world, 'GET', `/api/v1/rollouts/${id}/series?guard=errors`);
  expect(series.body.points.length).toBeGreaterThan(0);
  const retry = await call(world, 'POST', `/api/v1/rollouts/${id}/start`, {});
  expect(retry).toMatchObject({ status: 409, body: { code: 'rollout.not-allowed' } });
  await call(world, 'POST', `/api/v1/rollouts/${id}/acknowledge`, { reason: 'a missing index' });
  const early = await call(world, 'POST', `/api/v1/rollouts/${id}/start`, {});
  expect(early).toMatchObject({ status: 409, body: { code: 'rollout.cooling-down' } });
});

test('silence withdraws the lease, holds, and never promotes', async () => {
  const { id } = await start();
  for (let i = 0; i < 5; i += 1) await second(world, healthy(id, 0.1));
  expect(world.server.changes.leasesGranted(world.clock.now())).toEqual([id]);
  for (let i = 0; i < 8; i += 1) await second(world, null);
  expect(world.server.changes.leasesGranted(world.clock.now())).toEqual([]);
  for (let i = 0; i < 60; i += 1) await second(world, null);
  const held = await view(id);
  expect(held).toMatchObject({ status: 'held', share: 0.1, held: { code: 'no-telemetry' } });
  for (let i = 0; i < 30; i += 1) await second(world, healthy(id, 0.1));
  expect((await view(id)).status).toBe('held');
  await call(world, 'POST', `/api/v1/rollouts/${id}/resume`, {});
  await second(world, healthy(id, 0.1));
  expect((await view(id)).status).toBe('running');
  expect(world.server.changes.leasesGranted(world.clock.now())).toEqual([id]);
});

test('a restart goes on where it stopped and does not count the time it was away', async () => {
  const { id } = await start();
  for (let i = 0; i < 10; i += 1) await second(world, healthy(id, 0.1));
  const before = await view(id);
  await stopServer(world.server);
  world.clock.advance(20_000);
  world.server = await startServer(world);
  await second(world, healthy(id, 0.1));
  const after = await view(id);
  expect(after.status).toBe('running');
  expect(after.stages[0]?.elapsedMs).toBeLessThanOrEqual((before.stages[0]?.elapsedMs ?? 0) + 2000);
  const replay = await call<ReplayReport>(world, 'POST', `/api/v1/rollouts/${id}/replay`, {});
  expect(replay.body).toMatchObject({ agrees: true });
});

test('two rollouts of one component never go out together', async () => {
  await start();
  const second_ = await call(world, 'POST', '/api/v1/rollouts', { ...plan, start: true });
  expect(second_).toMatchObject({ status: 409, body: { code: 'rollout.component-busy' } });
});

test('a dangerous plan is refused with every reason at once', async () => {
  const stages = [{ to: '60%' }, { to: '50%', soak: '99d' }];
  const { status, body } = await call(world, 'POST', '/api/v1/rollouts/plan', {
    ...plan,
    stages,
    false_rollback: '10%',
  });
  expect(status).toBe(422);
  expect(body).toMatchObject({ code: 'rollout.invalid' });
  expect((body['issues'] as { path: string }[]).map(({ path }) => path).sort()).toEqual([
    'false_rollback',
    'stages.0.to',
    'stages.1.soak',
    'stages.1.to',
    'stages.1.to',
  ]);
});

test('a local trip and the kill switches end a rollout', async () => {
  const first = await start();
  await call(world, 'POST', '/api/v1/applied', {
    service: 'shop',
    instance: 'shop-1',
    revision: world.server.flags.revision(),
    applyMs: 1,
    trips: [{ rolloutId: first.id, units: 12, errors: 12, reason: 'every request failed' }],
  });
  await expect.poll(async () => (await view(first.id)).status).toBe('rolled-back');
  expect((await view(first.id)).verdict.detail).toContain('cut the new path off itself: 12 of 12 requests failed');
});

test('kill takes back everything that is going out', async () => {
  const { id } = await start();
  const killed = await call(world, 'POST', '/api/v1/kill', { reason: 'drill' });
  expect(killed.body).toEqual({ rolledBack: [id] });
  expect(await view(id)).toMatchObject({ status: 'rolled-back', word: 'Stopped by you', share: 0 });
});

test("the flag's own kill switch ends its rollout", async () => {
  const { id } = await start();
  await call(world, 'POST', '/api/v1/flags/checkout/kill', { reason: 'drill' });
  await expect.poll(async () => (await view(id)).status).toBe('rolled-back');
});

test('a rollback works while the telemetry store is down', async () => {
  const { id } = await start();
  await world.engine.close();
  await world.server.changes.loop.tick();
  const { body } = await call(world, 'POST', `/api/v1/rollouts/${id}/rollback`, {});
  expect(body).toMatchObject({ status: 'rolled-back' });
});

test('a freeze stops promotions and starts, never guards', async () => {
  const { id } = await start();
  const until = world.clock.now() + 3_600_000;
  const frozen = await call(world, 'POST', '/api/v1/freeze', { until, reason: 'audit week' });
  expect(frozen.body).toMatchObject({ freeze: { active: true, reason: 'audit week' } });
  for (let i = 0; i < 45; i += 1) await second(world, healthy(id, 0.1));
  expect(await view(id)).toMatchObject({ status: 'running', share: 0.1 });
  const promote = await call(world, 'POST', `/api/v1/rollouts/${id}/promote`, { reason: 'hurry' });
  expect(promote).toMatchObject({ status: 409, body: { code: 'rollout.frozen' } });
  await call(world, 'DELETE', '/api/v1/freeze');
  await second(world, healthy(id, 0.1));
  expect(await view(id)).toMatchObject({ status: 'running', share: 0.5 });
});

test('a golden path that fails holds promotion back, and one that the rollout broke takes it back', async () => {
  const { id } = await start();
  const path = { title: 'Chat works', sentence: 'ws_open: answered 502', lastGoodAt: null };
  // It failed before the rollout began: that is no reason to take anything back.
  world.outsideGuards.splice(0, 1, { ...path, isFailing: true, isDown: true });
  for (let i = 0; i < 45; i += 1) await second(world, healthy(id, 0.1));
  expect(await view(id)).toMatchObject({ status: 'running', share: 0.1 });
  world.outsideGuards.splice(0, 1, { ...path, isFailing: false, isDown: false, lastGoodAt: world.clock.now() });
  await second(world, healthy(id, 0.1));
  expect(await view(id)).toMatchObject({ status: 'running', share: 0.5 });
  world.outsideGuards.splice(0, 1, { ...path, isFailing: true, isDown: true, lastGoodAt: world.clock.now() });
  await second(world, healthy(id, 0.5));
  expect(await view(id)).toMatchObject({ status: 'rolled-back', share: 0 });
  const { body } = await call(world, 'GET', '/api/v1/changes?kind=rollout&limit=3');
  expect(JSON.stringify(body)).toContain('The golden path Chat works broke: ws_open: answered 502');
});
