import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { decodeOtlpRequest, type OutcomeRow } from '@belay/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Testbed, startTestbed, testDefinitions } from './belay-testbed.ts';
import type { Clock } from './clock.ts';
import { readSettings } from './settings.ts';
import { startFlags } from './start-flags.ts';
import type { AnyFlags, Flags, StartOptions } from './types.ts';
import { createWarningLog } from './warning-log.ts';

const everybody = 1_000_000;
let bed: Testbed;
let folder: string;
let open: Flags<AnyFlags>[] = [];
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);

beforeEach(async () => {
  bed = await startTestbed();
  folder = mkdtempSync(path.join(os.tmpdir(), 'belay-sdk-'));
  process.on('unhandledRejection', noteUnhandled);
});

afterEach(async () => {
  await Promise.all(open.map((flags) => flags.close()));
  open = [];
  await bed.close();
  rmSync(folder, { recursive: true, force: true });
  process.off('unhandledRejection', noteUnhandled);
  expect(unhandled).toEqual([]);
});

function start(options: StartOptions<AnyFlags> = {}, clock?: Clock): Flags<AnyFlags> {
  const given = {
    url: bed.url,
    key: 'token',
    service: 'shop',
    instance: 'i-1',
    snapshotFile: path.join(folder, 'flags.json'),
  };
  const { settings } = readSettings({ ...given, ...options }, {});
  const flags = startFlags({
    settings,
    warnings: createWarningLog(() => {}),
    random: () => 0.5,
    ...(clock === undefined ? {} : { clock }),
  });
  open.push(flags);
  return flags;
}

function createFakeClock() {
  let ms = 1_000_000;
  return { now: () => Date.now(), monotonic: () => ms, advance: (by: number) => void (ms += by) };
}

function outcomeRows(): OutcomeRow[] {
  return bed.received
    .filter(({ path: place }) => place === '/v1/metrics')
    .flatMap(
      ({ body }) => decodeOtlpRequest(Buffer.from(body), { signal: 'metrics', encoding: 'json' }).batch.outcomes,
    );
}

function sumOf(
  rows: readonly OutcomeRow[],
  side: 'canary' | 'control',
  field: 'units' | 'errors' | 'exposures',
): number {
  return rows.filter((row) => row.side === side).reduce((sum, row) => sum + row[field], 0);
}

function reports(): { revision: number; trips: unknown[]; lapsed: string[]; dropped: object }[] {
  return bed.received.filter(({ path: place }) => place === '/api/v1/applied').map(({ body }) => JSON.parse(body));
}

function changed(flags: Flags<AnyFlags>, revision: number): Promise<void> {
  return new Promise((resolve) => {
    if (flags.status().revision === revision) return resolve();
    const stop = flags.subscribe((change) => {
      if (change.kind !== 'changed' || change.revision !== revision) return;
      stop();
      resolve();
    });
  });
}

describe('flags', () => {
  it('come by stream, are served at once when they change, and what is served is reported', async () => {
    const flags = start();
    expect(flags.on('checkout.v2', { key: 'ann' })).toBe(false);
    expect(await flags.ready()).toBe(true);
    expect(flags.value('greeting', { key: 'ann' }, 'none')).toBe('hello');
    bed.publish(2, [{ rolloutId: 'r1', share: everybody }]);
    await changed(flags, 2);
    expect(flags.on('checkout.v2', { key: 'ann' })).toBe(true);
    await bed.until(() => reports().some(({ revision }) => revision === 2));
    expect(bed.received[0]?.headers.authorization).toBe('Bearer token');
    expect(bed.received[0]?.path).toContain('service=shop&instance=i-1');
    expect(flags.status()).toMatchObject({ revision: 2, source: 'server', connected: true, dropped: {} });
  });

  it('never go back to an older revision, and say so', async () => {
    const flags = start();
    bed.publish(5);
    await flags.ready();
    bed.publish(4, [{ rolloutId: 'r1', share: everybody }]);
    bed.publish(6);
    await changed(flags, 6);
    expect(flags.status().dropped).toEqual({ 'snapshot-older': 1 });
  });

  it('are polled where the stream is not possible', async () => {
    bed.break('/api/v1/stream', (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    );
    const flags = start();
    expect(await flags.ready()).toBe(true);
    expect(flags.status()).toMatchObject({ revision: 1, connected: false });
  });

  it('are kept in a file for the next start without a server, without their leases', async () => {
    const flags = start();
    bed.publish(3, [{ rolloutId: 'r1', share: everybody }]);
    await changed(flags, 3);
    await flags.close();
    expect(readFileSync(path.join(folder, 'flags.json'), 'utf8')).not.toContain('leases');
    await bed.close();
    const next = start();
    expect(next.status()).toMatchObject({ revision: 3, source: 'file' });
    expect(next.value('greeting', { key: 'ann' }, 'none')).toBe('hello');
    expect(next.on('checkout.v2', { key: 'ann' })).toBe(false);
  });

  it('start from a bootstrap, and from a broken file go on to it', () => {
    writeFileSync(path.join(folder, 'flags.json'), '{"revision": 9, "definitions"');
    const flags = start({ bootstrap: testDefinitions, url: 'http://127.0.0.1:9' });
    expect(flags.value('greeting', {}, 'none')).toBe('hello');
    expect(flags.status()).toMatchObject({ source: 'bootstrap', dropped: { 'snapshot-file': 1 } });
  });

  it('fall back to the default on a wrong type, an unknown flag, a hostile context', async () => {
    const flags = start({ defaults: { 'new.one': true } });
    await flags.ready();
    const hostile = {
      get key(): string {
        throw new TypeError('no');
      },
    };
    expect(flags.value('greeting', { key: 'ann' }, 7)).toBe(7);
    expect(flags.on('new.one', { key: 'ann' })).toBe(true);
    expect(() => flags.on('checkout.v2', hostile)).not.toThrow();
    expect(flags.details('nothing', {}, 'x')).toMatchObject({
      value: 'x',
      errorCode: 'FLAG_NOT_FOUND',
      reason: 'ERROR',
    });
  });
});

describe('leases', () => {
  it('lapse by the monotonic clock, come back with a renewal, and are reported', async () => {
    const clock = createFakeClock();
    const flags = start({}, clock);
    bed.publish(2, [{ rolloutId: 'r1', share: everybody, leaseMs: 6000 }]);
    await changed(flags, 2);
    clock.advance(5999);
    expect(flags.on('checkout.v2', { key: 'ann' })).toBe(true);
    clock.advance(1);
    expect(flags.details('checkout.v2', { key: 'ann' }, true)).toMatchObject({
      value: false,
      variant: 'off',
      reason: 'STALE',
    });
    expect(flags.status().rollouts).toEqual([{ rolloutId: 'r1', flagKey: 'checkout.v2', state: 'lapsed' }]);
    await bed.until(() => reports().some(({ lapsed }) => lapsed.includes('r1')));
    // A lease of another rollout renews nothing; the flags after it prove that it was read.
    bed.sendEvent('lease', { revision: 2, leases: ['r2'] });
    bed.publish(3, [{ rolloutId: 'r1', share: everybody, leaseMs: 6000 }], []);
    await changed(flags, 3);
    expect(flags.on('checkout.v2', { key: 'ann' })).toBe(false);
    bed.sendEvent('lease', { revision: 3, leases: ['r1'] });
    bed.publish(4, [{ rolloutId: 'r1', share: everybody, leaseMs: 6000 }], []);
    await changed(flags, 4);
    expect(flags.on('checkout.v2', { key: 'ann' })).toBe(true);
  });

  it('leave no exposure that would look like an uneven split', async () => {
    const clock = createFakeClock();
    const flags = start({}, clock);
    bed.publish(2, [{ rolloutId: 'r1', share: everybody / 2, leaseMs: 1000 }]);
    await changed(flags, 2);
    for (let user = 0; user < 400; user += 1) flags.on('checkout.v2', { key: `before-${user}` });
    clock.advance(1000);
    for (let user = 0; user < 400; user += 1) {
      flags.unit('job', `after-${user}`, () => flags.on('checkout.v2'));
    }
    await flags.close();
    const rows = outcomeRows();
    expect(sumOf(rows, 'canary', 'exposures') + sumOf(rows, 'control', 'exposures')).toBe(400);
    expect(sumOf(rows, 'canary', 'units')).toBe(0);
    expect(sumOf(rows, 'control', 'units')).toBeGreaterThan(100);
  });
});

describe('outcomes', () => {
  it('count units, first exposures and failures of each side once', async () => {
    const flags = start();
    bed.publish(2, [{ rolloutId: 'r1', share: everybody }]);
    await changed(flags, 2);
    const fail = () =>
      flags.unit('job', 'ann', () => {
        flags.on('checkout.v2');
        flags.on('checkout.v2');
        flags.track('order.cost', 2);
        flags.track('order.cost', 3);
        throw new RangeError('broken');
      });
    expect(fail).toThrow(RangeError);
    expect(fail).toThrow(RangeError);
    await expect(flags.unit('job', 'bob', async () => flags.on('checkout.v2'))).resolves.toBe(true);
    flags.track('order.cost', 1);
    await flags.close();
    const rows = outcomeRows();
    expect(sumOf(rows, 'canary', 'units')).toBe(3);
    expect(sumOf(rows, 'canary', 'errors')).toBe(1);
    expect(sumOf(rows, 'canary', 'exposures')).toBe(2);
    const values = rows.find((row) => row.valueName === 'order.cost');
    expect(values?.histogram).toEqual(new Map([[37, 2]]));
    expect(flags.status().dropped).toEqual({ 'value-outside-unit': 1 });
  });

  it('count a unit once though the flags change under it', async () => {
    const flags = start();
    bed.publish(2, [{ rolloutId: 'r1', share: everybody }]);
    await changed(flags, 2);
    await flags.unit('job', 'ann', async () => {
      flags.on('checkout.v2');
      bed.publish(3, [{ rolloutId: 'r1', share: everybody }]);
      await changed(flags, 3);
      flags.on('checkout.v2');
    });
    await flags.close();
    expect(sumOf(outcomeRows(), 'canary', 'units')).toBe(1);
  });

  it('are sent again with the very same bytes until the server has them', async () => {
    let refusals = 2;
    bed.break('/v1/metrics', (_request, response) => {
      refusals -= 1;
      if (refusals >= 0) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.setHeader('content-type', 'application/json').end('{}');
    });
    const flags = start();
    bed.publish(2, [{ rolloutId: 'r1', share: everybody }]);
    await changed(flags, 2);
    flags.unit('job', 'ann', () => flags.on('checkout.v2'));
    const sent = () => bed.received.filter(({ path: place }) => place === '/v1/metrics');
    await bed.until(() => sent().length >= 3);
    expect(new Set(sent().map(({ body }) => body)).size).toBe(1);
    await flags.close();
    expect(sent().filter(({ body }) => body === sent()[0]?.body)).toHaveLength(3);
    expect(flags.status().dropped).toEqual({});
  });

  it('are counted as dropped where they cannot be sent before the end', async () => {
    const flags = start();
    bed.publish(2, [{ rolloutId: 'r1', share: everybody }]);
    await changed(flags, 2);
    flags.unit('job', 'ann', () => flags.on('checkout.v2'));
    bed.break('/v1/metrics', () => {});
    await flags.close({ timeoutMs: 50 });
    expect(flags.status().waiting.batches + (flags.status().dropped['outcomes-closed'] ?? 0)).toBeGreaterThanOrEqual(1);
  });
});

describe('the local trip', () => {
  it('cuts an always-failing path in this process, reports it, and gives the next attempt a new chance', async () => {
    const flags = start();
    bed.publish(2, [{ rolloutId: 'r1', share: 100_000 }]);
    await changed(flags, 2);
    let failures = 0;
    for (let user = 0; user < 3000; user += 1) {
      try {
        flags.unit('job', `user-${user}`, () => {
          if (flags.on('checkout.v2')) throw new RangeError('broken');
        });
      } catch {
        failures += 1;
      }
    }
    expect(failures).toBeGreaterThanOrEqual(3);
    expect(failures).toBeLessThanOrEqual(12);
    await bed.until(() => reports().some(({ trips }) => trips.length > 0));
    expect(reports().findLast(({ trips }) => trips.length > 0)?.trips[0]).toMatchObject({
      rolloutId: 'r1',
      errors: failures,
    });
    bed.publish(3, [{ rolloutId: 'r1', share: everybody }]);
    await changed(flags, 3);
    expect(flags.on('checkout.v2', { key: 'user-1' })).toBe(false);
    bed.publish(4, [{ rolloutId: 'r1', share: everybody, attempt: 2 }]);
    await changed(flags, 4);
    expect(flags.on('checkout.v2', { key: 'user-1' })).toBe(true);
  });

  it('does not cut a path because of one user whose every request fails', async () => {
    const flags = start();
    bed.publish(2, [{ rolloutId: 'r1', share: everybody / 2 }]);
    await changed(flags, 2);
    const noisy = Array.from({ length: 50 }, (_nothing, user) => `user-${user}`).find((key) =>
      flags.on('checkout.v2', { key }),
    );
    for (let round = 0; round < 2000; round += 1) {
      flags.unit('job', `user-${round}`, () => flags.on('checkout.v2'));
      const failing = () =>
        flags.unit('job', noisy, () => {
          flags.on('checkout.v2');
          throw new RangeError('always');
        });
      expect(failing).toThrow(RangeError);
    }
    expect(flags.status().rollouts[0]?.state).toBe('serving');
    await flags.close();
    expect(sumOf(outcomeRows(), 'canary', 'errors')).toBe(1);
  });
});

it('leaves no draft files behind', async () => {
  const flags = start();
  await flags.ready();
  await flags.close();
  expect(readdirSync(folder)).toEqual(['flags.json']);
});
