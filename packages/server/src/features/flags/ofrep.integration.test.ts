import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { OpenFeature as WebOpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import type { Provider as WebProvider } from '@openfeature/web-sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { call, definition, jsonOf, openStream, overlay, put, roll, start, stop } from './flags-testbed.ts';
import type { World } from './flags-testbed.ts';

const worlds: World[] = [];
afterEach(async () => {
  await OpenFeature.close();
  await WebOpenFeature.close();
  for (const world of worlds.splice(0)) await stop(world);
});

async function startWorld(options?: Parameters<typeof start>[0]): Promise<World> {
  const world = await start(options);
  worlds.push(world);
  return world;
}

describe('OFREP', () => {
  it('serves the official server provider', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: world.url }));
    const client = OpenFeature.getClient();
    expect(await client.getStringDetails('checkout', 'x', { staff: true })).toMatchObject({
      value: 'v2',
      variant: 'new',
      reason: 'TARGETING_MATCH',
      flagMetadata: { version: '1' },
    });
    expect(await client.getStringDetails('nope', 'x', {})).toMatchObject({ value: 'x', errorCode: 'FLAG_NOT_FOUND' });
    expect(await client.getBooleanDetails('checkout', true, {})).toMatchObject({
      value: true,
      errorCode: 'TYPE_MISMATCH',
    });
  });

  it('serves the canary only under a lease', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await roll(world, overlay);
    const ask = async (): Promise<unknown> =>
      (await call(world, 'POST', '/ofrep/v1/evaluate/flags/checkout', { context: { targetingKey: 'a' } })).json();
    expect(await ask()).toMatchObject({ variant: 'old', reason: 'DEFAULT' });
    world.leases.add('rol_1');
    expect(await ask()).toMatchObject({
      variant: 'new',
      reason: 'SPLIT',
      metadata: { 'belay.arm': 'randomised', 'belay.side': 'canary', 'belay.rollout': 'rol_1' },
    });
  });

  it('answers all flags with an ETag, and 304 while nothing has changed for that context', async () => {
    const world = await startWorld();
    await put(world, { definition });
    const ask = async (context: object, headers = {}): Promise<Response> =>
      call(world, 'POST', '/ofrep/v1/evaluate/flags', { context }, headers);
    const first = await ask({ targetingKey: 'a' });
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    expect((await jsonOf(first)).flags).toMatchObject([{ key: 'checkout', value: 'v1' }]);
    expect((await ask({ targetingKey: 'a' }, headers)).status).toBe(304);
    expect((await ask({ targetingKey: 'b' }, headers)).status).toBe(200);
    await put(world, { definition: { ...definition, defaultVariant: 'new' } }, { 'if-match': '*' });
    expect((await ask({ targetingKey: 'a' }, headers)).status).toBe(200);
  });

  it('serves the official web provider, and its change stream makes it fetch anew', async () => {
    const world = await startWorld();
    await put(world, { definition });
    await WebOpenFeature.setContext({ targetingKey: 'a' });
    const provider = new OFREPWebProvider({ baseUrl: world.url, pollInterval: -1 });
    // The package's types were made without exactOptionalPropertyTypes; the classes fit.
    await WebOpenFeature.setProviderAndWait(provider as WebProvider);
    const client = WebOpenFeature.getClient();
    expect(client.getStringValue('checkout', 'x')).toBe('v1');
    const bulk = await call(world, 'POST', '/ofrep/v1/evaluate/flags', { context: { targetingKey: 'a' } });
    const requestUri = (await jsonOf(bulk)).eventStreams?.[0]?.endpoint.requestUri ?? '';
    const stream = await openStream(world, requestUri);
    await put(world, { definition: { ...definition, defaultVariant: 'new' } }, { 'if-match': '*' });
    expect((await stream.next('message')).data).toMatchObject({ type: 'refetchEvaluation' });
    stream.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    client.addHandler(ProviderEvents.Ready, () => resolve());
    await WebOpenFeature.setContext({ targetingKey: 'b' });
    await promise;
    expect(client.getStringValue('checkout', 'x')).toBe('v2');
  });

  it('refuses a change stream without its ticket', async () => {
    const world = await startWorld();
    for (const ticket of ['', 'x', `${Date.now() + 1e9}.forged`]) {
      expect((await call(world, 'GET', `/ofrep/v1/changes?ticket=${ticket}`)).status).toBe(401);
    }
  });

  it('answers 429 with Retry-After beyond its rate, and the official provider keeps to it', async () => {
    const world = await startWorld({ ofrepPerMinute: 10 });
    await put(world, { definition });
    const ask = async (): Promise<Response> => call(world, 'POST', '/ofrep/v1/evaluate/flags/checkout', {});
    expect((await ask()).status).toBe(200);
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('6');
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: world.url }));
    expect(await OpenFeature.getClient().getStringDetails('checkout', 'x')).toMatchObject({
      value: 'x',
      reason: 'ERROR',
    });
  });

  it.each([
    ['{"context": 7}', 'INVALID_CONTEXT'],
    ['{"context"', 'PARSE_ERROR'],
  ])('answers %s in its own words', async (body, errorCode) => {
    const { url } = await startWorld();
    const answer = await fetch(`${url}/ofrep/v1/evaluate/flags/f`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(400);
    expect(await jsonOf(answer)).toMatchObject({ key: 'f', errorCode });
  });
});
