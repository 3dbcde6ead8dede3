import {
  ErrorCode,
  type Hook,
  OpenFeature,
  ProviderEvents,
  ProviderStatus,
  StandardResolutionReasons,
} from '@openfeature/server-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Testbed, startTestbed } from './belay-testbed.ts';
import { createBelayProvider } from './openfeature.ts';
import { readSettings } from './settings.ts';
import { startFlags } from './start-flags.ts';
import type { AnyFlags, Flags } from './types.ts';
import { createWarningLog } from './warning-log.ts';

let bed: Testbed;

// The flags of OpenFeature's own test suite (spec/specification/assets/gherkin/evaluation.feature).
const suite = {
  flags: {
    'boolean-flag': { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
    'string-flag': { state: 'ENABLED', variants: { greeting: 'hi', parting: 'bye' }, defaultVariant: 'greeting' },
    'integer-flag': { state: 'ENABLED', variants: { one: 1, ten: 10 }, defaultVariant: 'ten' },
    'float-flag': { state: 'ENABLED', variants: { tenth: 0.1, half: 0.5 }, defaultVariant: 'half' },
    'object-flag': {
      state: 'ENABLED',
      variants: { empty: {}, template: { showImages: true, title: 'Check out these pics!', imagesPerPage: 100 } },
      defaultVariant: 'template',
    },
    'context-aware': {
      state: 'ENABLED',
      variants: { internal: 'INTERNAL', external: 'EXTERNAL' },
      defaultVariant: 'external',
      targeting: {
        if: [
          {
            and: [
              { '==': [{ var: ['fn'] }, 'Sulisław'] },
              { '==': [{ var: ['ln'] }, 'Świętopełk'] },
              { '==': [{ var: ['age'] }, 29] },
              { '==': [{ var: ['customer'] }, false] },
            ],
          },
          'internal',
          'external',
        ],
      },
    },
    'wrong-flag': { state: 'ENABLED', variants: { one: 'uno', two: 'dos' }, defaultVariant: 'one' },
    'metadata-flag': {
      state: 'ENABLED',
      variants: { on: true, off: false },
      defaultVariant: 'on',
      metadata: { string: '1.0.2', integer: 2, float: 0.1, boolean: true },
    },
    'off-flag': { state: 'DISABLED', variants: { on: true, off: false }, defaultVariant: 'on' },
  },
};

beforeEach(async () => {
  bed = await startTestbed();
});

afterEach(async () => {
  await OpenFeature.close();
  OpenFeature.clearHooks();
  OpenFeature.setContext({});
  await bed.close();
});

function startClient(options: object = {}): Flags<AnyFlags> {
  const given = { url: bed.url, key: 'k', service: 's', instance: 'i', snapshotFile: false, ...options };
  return startFlags({
    settings: readSettings(given, {}).settings,
    warnings: createWarningLog(() => {}),
    random: () => 0.5,
  });
}

function next(event: ProviderEvents): Promise<unknown> {
  return new Promise((resolve) => OpenFeature.getClient().addHandler(event, resolve));
}

describe('evaluation', () => {
  beforeEach(async () => {
    await OpenFeature.setProviderAndWait(createBelayProvider(startClient({ url: '', bootstrap: suite })));
  });

  it('resolves every type with variant and reason', async () => {
    const client = OpenFeature.getClient();
    expect(await client.getBooleanDetails('boolean-flag', false)).toMatchObject({
      value: true,
      variant: 'on',
      reason: 'STATIC',
    });
    expect(await client.getStringDetails('string-flag', 'x')).toMatchObject({
      value: 'hi',
      variant: 'greeting',
      reason: 'STATIC',
    });
    expect(await client.getNumberDetails('integer-flag', 1)).toMatchObject({ value: 10, variant: 'ten' });
    expect(await client.getNumberDetails('float-flag', 0.1)).toMatchObject({ value: 0.5, variant: 'half' });
    expect(await client.getObjectDetails('object-flag', {})).toMatchObject({
      value: { showImages: true, title: 'Check out these pics!', imagesPerPage: 100 },
      variant: 'template',
    });
  });

  it('reads the context, merged from the API, the client and the call', async () => {
    OpenFeature.setContext({ fn: 'Sulisław' });
    const client = OpenFeature.getClient();
    client.setContext({ ln: 'Świętopełk', age: 29 });
    const inside = await client.getStringDetails('context-aware', 'x', { customer: false });
    expect(inside).toMatchObject({ value: 'INTERNAL', reason: StandardResolutionReasons.TARGETING_MATCH });
    expect(await client.getStringValue('context-aware', 'x', { customer: true })).toBe('EXTERNAL');
  });

  it('gives the default with the right code where a flag is missing, of another type, or off', async () => {
    const client = OpenFeature.getClient();
    expect(await client.getStringDetails('missing-flag', 'uh-oh')).toMatchObject({
      value: 'uh-oh',
      reason: 'ERROR',
      errorCode: ErrorCode.FLAG_NOT_FOUND,
    });
    expect(await client.getNumberDetails('wrong-flag', 13)).toMatchObject({
      value: 13,
      reason: 'ERROR',
      errorCode: ErrorCode.TYPE_MISMATCH,
    });
    const off = await client.getBooleanDetails('off-flag', false);
    expect(off).toMatchObject({ value: false, reason: 'DISABLED' });
    expect(off.errorCode).toBeUndefined();
  });

  it('hands out flag metadata, and the name of the provider', async () => {
    const details = await OpenFeature.getClient().getBooleanDetails('metadata-flag', false);
    expect(details.flagMetadata).toEqual({ string: '1.0.2', integer: 2, float: 0.1, boolean: true });
    expect(OpenFeature.providerMetadata.name).toBe('belay');
  });

  it('runs hooks in order, with an error for a failed resolution', async () => {
    const seen: string[] = [];
    const hook: Hook = {
      before: () => void seen.push('before'),
      after: (_context, { value }) => void seen.push(`after ${JSON.stringify(value)}`),
      error: (_context, error) => void seen.push(`error ${error instanceof Error ? error.name : ''}`),
      finally: (_context, { flagKey }) => void seen.push(`finally ${flagKey}`),
    };
    const client = OpenFeature.getClient().addHooks(hook);
    await client.getBooleanValue('boolean-flag', false);
    await client.getBooleanValue('missing-flag', false);
    expect(seen).toEqual([
      'before',
      'after true',
      'finally boolean-flag',
      'before',
      expect.stringMatching(/^error /),
      'finally missing-flag',
    ]);
  });
});

describe('events', () => {
  it('tell of readiness and of changed flags', async () => {
    const ready = next(ProviderEvents.Ready);
    await OpenFeature.setProviderAndWait(createBelayProvider(startClient()));
    await ready;
    const change = next(ProviderEvents.ConfigurationChanged);
    bed.publish(2, [{ rolloutId: 'r1', share: 1_000_000 }]);
    expect(await change).toMatchObject({ flagsChanged: ['checkout.v2'] });
    expect(
      await OpenFeature.getClient().getBooleanDetails('checkout.v2', false, { targetingKey: 'ann' }),
    ).toMatchObject({
      value: true,
      reason: 'SPLIT',
    });
  });

  it('tell of a lost server, with flags still served, and of its return', async () => {
    await OpenFeature.setProviderAndWait(createBelayProvider(startClient()));
    const client = OpenFeature.getClient();
    const stale = next(ProviderEvents.Stale);
    bed.cut();
    await stale;
    expect(client.providerStatus).toBe(ProviderStatus.STALE);
    const back = new Promise<void>((resolve) => {
      client.addHandler(ProviderEvents.Ready, () => resolve());
    });
    expect(await client.getStringValue('greeting', 'x')).toBe('hello');
    await back;
    expect(client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('tell of an error where there are no flags at all, and of readiness when they come', async () => {
    for (const prefix of ['/api', '/v1']) bed.break(prefix, (_request, response) => response.writeHead(500).end());
    const provider = createBelayProvider(startClient(), { readyTimeoutMs: 50 });
    await expect(OpenFeature.setProviderAndWait(provider)).rejects.toThrow('no flags');
    const client = OpenFeature.getClient();
    expect(await client.getBooleanDetails('checkout.v2', true)).toMatchObject({
      value: true,
      errorCode: ErrorCode.PROVIDER_NOT_READY,
    });
    const ready = next(ProviderEvents.Ready);
    for (const prefix of ['/api', '/v1']) bed.break(prefix, undefined);
    await ready;
    expect(await client.getStringValue('greeting', 'x')).toBe('hello');
  });
});
