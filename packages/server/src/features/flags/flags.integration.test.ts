import { flagSnapshot, leaseEvent } from '@belay/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { transaction } from '../../platform/sqlite/database.ts';
import { readLedger } from '../ledger/api.ts';
import { createFlags } from './api.ts';
import {
  actor,
  call,
  definition,
  jsonOf,
  openStream,
  overlay,
  published,
  put,
  quiet,
  roll,
  start,
  stop,
} from './flags-testbed.ts';
import type { World } from './flags-testbed.ts';

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await stop(world);
});

async function startWorld(options?: Parameters<typeof start>[0]): Promise<World> {
  const world = await start(options);
  worlds.push(world);
  return world;
}

describe('flags over the API', () => {
  it('creates, reads, changes and deletes a flag, each with its version, ledger entry and revision', async () => {
    const world = await startWorld();
    expect((await put(world, { definition })).status).toBe(200);
    const read = await call(world, 'GET', '/api/v1/flags/checkout');
    expect(read.headers.get('etag')).toBe('"1"');
    expect((await jsonOf(read)).whoGetsWhat).toBe(
      'Those that a rule names get what it says; everybody else gets "old".',
    );
    const off = { ...definition, state: 'DISABLED' };
    expect((await put(world, { definition: off }, { 'if-match': '"1"' })).status).toBe(200);
    expect((await put(world, { definition }, { 'if-match': '"1"' })).status).toBe(412);
    expect((await put(world, { definition }, {})).status).toBe(428);
    expect((await call(world, 'DELETE', '/api/v1/flags/checkout', undefined, { 'if-match': '"2"' })).status).toBe(200);
    expect((await call(world, 'GET', '/api/v1/flags/checkout')).status).toBe(404);
    const ledger = await readLedger(world.db, { limit: 10 });
    expect(ledger.items.map((entry) => entry.sentence)).toEqual([
      'checkout was deleted.',
      'checkout was switched off.',
      'checkout was created.',
    ]);
    expect(world.flags.revision()).toBe(3);
    expect(world.events.filter((event) => event.type === 'flag').map((event) => event.revision)).toEqual([1, 2, 3]);
  });

  it('refuses a definition with everything that is wrong, and stores nothing', async () => {
    const world = await startWorld();
    const answer = await put(world, {
      definition: { ...definition, defaultVariant: 'older', targeting: { regex: ['a'] } },
    });
    expect(answer.status).toBe(422);
    const problem = await jsonOf(answer);
    expect(problem.code).toBe('flag.invalid');
    expect(problem.issues?.map((issue) => issue.path)).toEqual(['definition.defaultVariant', 'definition.targeting']);
    expect(world.flags.revision()).toBe(0);
  });

  it('refuses to edit a flag while a rollout is in charge of it, but takes a new description', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await roll(world, overlay);
    const edit = { definition: { ...definition, defaultVariant: 'new' } };
    expect((await put(world, edit, { 'if-match': '*' })).status).toBe(409);
    expect((await put(world, { definition, description: 'Checkout' }, { 'if-match': '*' })).status).toBe(200);
    expect((await call(world, 'DELETE', '/api/v1/flags/checkout', undefined, { 'if-match': '*' })).status).toBe(409);
  });

  it('says who would get what, and why', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await roll(world, { ...overlay, share: 0 });
    const contexts = [{ staff: true, targetingKey: 'a' }, { targetingKey: 'a' }, {}];
    const answer = await call(world, 'POST', '/api/v1/flags/checkout/try', { contexts });
    expect((await jsonOf(answer)).results).toMatchObject([
      { variant: 'new', arm: 'forced', why: expect.stringContaining('A rule of the flag') },
      { variant: 'old', arm: 'randomised', why: expect.stringContaining('outside the 0%') },
      { variant: 'old', arm: null, why: expect.stringContaining('Without a targeting key') },
    ]);
  });

  it.each(['seed', 'canaryVariant', 'bucketing'])('refuses to change the %s of a running attempt', async (field) => {
    const world = await startWorld();
    await put(world, { definition });
    await roll(world, overlay);
    await expect(roll(world, { ...overlay, [field]: 'other' })).rejects.toMatchObject({ code: 'rollout.not-allowed' });
    await roll(world, { ...overlay, share: 10, leaseMs: 5000 });
    await roll(world, { ...overlay, attempt: 2, seed: 'other' });
  });

  it('keeps every flag and overlay over a restart', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await roll(world, overlay);
    const again = await createFlags({ ...quiet, db: world.db, leasesGranted: () => ['rol_1'] });
    expect(again.revision()).toBe(2);
    expect(again.evaluate('checkout', { targetingKey: 'a' })).toMatchObject({ variant: 'new', side: 'canary' });
    await again.close();
  });
});

describe('the kill switch', () => {
  it('serves the old path to everybody, in and out of the rollout, until the flag is written again', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await roll(world, overlay);
    const ended: unknown[] = [];
    world.flags.onKilled((...facts) => ended.push(facts));
    const answer = await call(world, 'POST', '/api/v1/flags/checkout/kill', { reason: 'it burns' });
    expect((await jsonOf(answer)).whoGetsWhat).toBe('Everybody gets "old", switched back by hand.');
    expect(ended).toEqual([['rol_1', 'checkout', 'it burns']]);
    for (const context of [{ targetingKey: 'a' }, { staff: true }, {}]) {
      expect(world.flags.evaluate('checkout', context).variant).toBe('old');
    }
    const [entry] = (await readLedger(world.db, { limit: 1 })).items;
    expect(entry).toMatchObject({ kind: 'flag.killed', reason: 'it burns', rolloutId: 'rol_1', tone: 'bad' });
    await put(world, { definition }, { 'if-match': '*' });
    expect(world.flags.evaluate('checkout', { staff: true }).variant).toBe('new');
  });

  it('wins over a next stage of the attempt that it ended, and gives way to a new attempt', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await roll(world, { ...overlay, share: 10_000 });
    await world.flags.kill('checkout', { actor });
    await expect(roll(world, overlay)).rejects.toMatchObject({ code: 'rollout.not-allowed' });
    expect(world.flags.evaluate('checkout', { targetingKey: 'a' }).variant).toBe('old');
    world.leases.add('rol_1');
    await roll(world, { ...overlay, attempt: 2 });
    expect(world.flags.evaluate('checkout', { targetingKey: 'a' }).variant).toBe('new');
  });

  it('goes back to the path before the newest rollout, even after that was let out to everybody', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await roll(world, overlay);
    const ending = {
      rolloutId: 'rol_1',
      flagKey: 'checkout',
      serve: 'canary',
      canaryVariant: 'new',
      actor,
      at: 1,
    } as const;
    await transaction(world.db, (trx) => world.flags.removeOverlay(trx, ending));
    await published(world, 3);
    expect(world.flags.evaluate('checkout', { targetingKey: 'a' }).variant).toBe('new');
    await world.flags.kill('checkout', { actor });
    expect(world.flags.evaluate('checkout', { targetingKey: 'a' }).variant).toBe('old');
  });
});

describe('the stream to SDKs', () => {
  it('sends a whole snapshot at once and at every change, leases in between, and knows who applied what', async () => {
    const world = await startWorld();
    await put(world, { definition });
    const stream = await openStream(world, '/api/v1/stream/flags?service=shop&instance=i1&sdk=node%2F1');
    expect(flagSnapshot.parse((await stream.next('snapshot')).data)).toMatchObject({ revision: 1, rollouts: [] });
    await roll(world, overlay);
    expect((await stream.next('snapshot')).data).toMatchObject({ revision: 2, rollouts: [overlay], leases: [] });
    world.leases.add('rol_1');
    expect(leaseEvent.parse((await stream.next('lease')).data)).toEqual({ revision: 2, leases: ['rol_1'] });
    const report = { service: 'shop', instance: 'i1', revision: 2, applyMs: 1 };
    const applied: unknown[] = [];
    world.flags.onApplied((seen) => applied.push(seen));
    expect((await call(world, 'POST', '/api/v1/applied', report)).status).toBe(200);
    expect(applied).toMatchObject([report]);
    expect(world.flags.instances()).toMatchObject([
      { instance: 'i1', connected: true, appliedRevision: 2, sdk: 'node/1' },
    ]);
    expect(world.flags.propagation().count).toBe(1);
    stream.close();
    await expect.poll(() => world.flags.instances()[0]?.connected).toBe(false);
  });

  it('answers a poll with the snapshot, and with 304 while nothing has changed', async () => {
    const world = await startWorld();
    await put(world, { definition });
    const path = '/api/v1/snapshot?service=shop&instance=i1';
    const first = await call(world, 'GET', path);
    const tag = first.headers.get('etag') ?? '';
    expect(flagSnapshot.parse(await jsonOf(first)).revision).toBe(1);
    expect((await call(world, 'GET', path, undefined, { 'if-none-match': tag })).status).toBe(304);
    await roll(world, overlay);
    expect((await call(world, 'GET', path, undefined, { 'if-none-match': tag })).status).toBe(200);
  });

  it('names what is missing where an SDK does not say who it is', async () => {
    const world = await startWorld();
    const answer = await call(world, 'GET', '/api/v1/stream/flags?service=shop');
    expect(answer.status).toBe(422);
    expect((await jsonOf(answer)).issues?.[0]?.path).toBe('instance');
  });
});
