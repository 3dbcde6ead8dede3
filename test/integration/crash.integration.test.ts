import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type Client } from '@belay/client';
import { afterAll, expect, test } from 'vitest';

const KILLS = 50;
const SEED = 20_261_124;
const ENTRY = path.join(import.meta.dirname, 'server-process.ts');
const cwd = mkdtempSync(path.join(tmpdir(), 'belay-crash-'));
let child: ChildProcess | undefined;

afterAll(async () => {
  if (child !== undefined) await kill(child);
  rmSync(cwd, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

test(
  `a rollout survives ${KILLS} kills at random points with its ledger, state and outcomes whole`,
  { timeout: 900_000 },
  async () => {
    const random = randomOf(SEED);
    let api = await boot();
    const definition = { state: 'ENABLED' as const, variants: { on: true, off: false }, defaultVariant: 'off' };
    await api.client.call('flagPut', { params: { key: 'checkout' }, body: { definition }, ifMatch: 'absent' });
    const stages = [{ to: '10%', soak: '1h', min: 1 }, { to: '100%' }];
    const guards = [{ signal: 'http.errors' }];
    const no_data = { grace: '10m', then: 'hold' as const };
    const { id } = await api.client.call('rolloutCreate', {
      body: { flag: 'checkout', promote: 'clock', stages, guards, no_data, start: true },
    });
    const { revision } = await api.client.call('instanceList', {});
    const sent = { acknowledged: 0, attempted: 0 };
    for (let round = 0; round < KILLS; round += 1) {
      const until = Date.now() + 200 + random() * 1300;
      while (Date.now() < until) await send(api, { id, revision, sent });
      const last = send(api, { id, revision, sent });
      await delay(random() * 20);
      if (child !== undefined) await kill(child);
      await last;
      api = await boot();
      const view = await api.client.call('rolloutGet', { params: { id } });
      expect(view.status, `after kill ${round + 1}`).toBe('running');
      expect(view.happened.filter(({ kind }) => kind === 'rollout.started')).toHaveLength(1);
      expect(view.stages[0]?.status).toBe('now');
    }
    await expect
      .poll(async () => (await api.client.call('rolloutEvidence', { params: { id } })).canaryUnits, {
        timeout: 20_000,
        interval: 500,
      })
      .toBeGreaterThanOrEqual(sent.acknowledged);
    const evidence = await api.client.call('rolloutEvidence', { params: { id } });
    expect(evidence.canaryUnits).toBeLessThanOrEqual(sent.attempted);
    expect(sent.acknowledged).toBeGreaterThan(KILLS);
    const replay = await api.client.call('rolloutReplay', { params: { id } });
    expect(replay).toMatchObject({ agrees: true, firstDifference: null });
  },
);

interface Api {
  readonly client: Client;
  readonly url: string;
  readonly token: string;
}

async function boot(): Promise<Api> {
  child = spawn(process.execPath, ['--conditions=@belay/source', ENTRY, cwd], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const token = readFileSync(path.join(cwd, '.belay/cli-token'), 'utf8').trim();
  const client = createClient({ baseUrl: line, token });
  const ingest = await client.call('tokenCreate', { body: { name: 'crash', scopes: ['ingest'] } });
  return { client, url: line, token: ingest.secret };
}

async function kill(process_: ChildProcess): Promise<void> {
  if (process_.exitCode !== null || process_.signalCode !== null) return;
  const ended = once(process_, 'exit');
  process_.kill('SIGKILL');
  await ended;
}

interface Sending {
  readonly id: string;
  readonly revision: number;
  readonly sent: { acknowledged: number; attempted: number };
}

/** One canary unit and nine control units; counts what was acknowledged. */
async function send({ url, token }: Api, { id, revision, sent }: Sending): Promise<void> {
  sent.attempted += 1;
  const body = JSON.stringify(metrics(id, revision, sent.attempted));
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/v1/metrics`, { method: 'POST', body, headers }).catch(() => null);
  if (answer?.status === 200) sent.acknowledged += 1;
}

function metrics(rolloutId: string, revision: number, serial: number): object {
  const now = `${Date.now()}000000`;
  const side = (name: 'canary' | 'control', value: number) => ({
    asInt: String(value),
    timeUnixNano: now,
    startTimeUnixNano: now,
    attributes: Object.entries({
      'feature_flag.key': 'checkout',
      'feature_flag.version': String(revision),
      'feature_flag.result.variant': name === 'canary' ? 'on' : 'off',
      'belay.arm': 'randomised',
      'belay.side': name,
      'belay.rollout': rolloutId,
    })
      .map(([key, stringValue]): object => ({ key, value: { stringValue } }))
      .concat({ key: 'belay.group', value: { intValue: name === 'canary' ? '-1' : String(serial % 32) } }),
  });
  const sum = (name: string) => ({
    name,
    sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [side('canary', 1), side('control', 9)] },
  });
  const resource = {
    attributes: Object.entries({
      'service.name': 'shop',
      'service.instance.id': `shop-${serial}`,
      'telemetry.sdk.name': 'belay',
    }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  };
  return {
    resourceMetrics: [
      { resource, scopeMetrics: [{ metrics: [sum('belay.outcome.units'), sum('belay.outcome.exposures')] }] },
    ],
  };
}

/** Mulberry32: the same points of the kills every time, as far as the machine allows. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
