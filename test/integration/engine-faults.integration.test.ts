import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcomes, startRollout, startTestedServer, type TestedServer } from './tested-server.ts';

let server: TestedServer;

beforeAll(async () => {
  server = await startTestedServer();
});
afterAll(async () => server.close());

/** Senders wait 10 s for an answer. */
const SENDERS_PATIENCE_MS = 10_000;

test('while the telemetry engine dies again and again nothing is acknowledged in vain, and people can roll back', async () => {
  const rollout = await startRollout(server, 'killed-engine');
  await delay(1000 - (Date.now() % 1000));
  const sent = { acknowledged: 0, refused: 0 };
  const send = async (serial: number): Promise<number> => {
    const answer = await server.otlp('metrics', outcomes(rollout, { canary: 1, control: 9, serial }));
    await answer.arrayBuffer();
    if (answer.status === 200) sent.acknowledged += 1;
    else {
      expect([answer.status, Number(answer.headers.get('retry-after'))]).toEqual([503, expect.any(Number)]);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      sent.refused += 1;
    }
    return answer.status;
  };
  for (let serial = 0; serial < 5; serial += 1) await send(serial);
  const killing = new AbortController();
  const killer = killEachEngine(killing.signal);
  try {
    for (let serial = 5; sent.refused === 0; serial += 1) await send(serial);
    const status = await server.admin.call('status');
    expect(status.checks.find(({ name }) => name === 'telemetry store')?.ok).toBe(false);
    expect((await server.ask('GET', '/livez')).status).toBe(200);
    const rolledBack = await server.admin.call('rolloutRollback', {
      params: { id: rollout.id },
      body: { reason: 'the engine is gone' },
    });
    expect(rolledBack.status).toBe('rolled-back');
    expect((await server.admin.call('overview')).goingOut).toHaveLength(0);
  } finally {
    killing.abort();
    await killer;
  }
  const next = await startAgain('after-the-engine');
  await expect.poll(() => sendOne(next), { timeout: 30_000, interval: 500 }).toBe(200);
  await expect
    .poll(async () => (await server.admin.call('rolloutReplay', { params: { id: rollout.id } })).agrees, {
      timeout: 30_000,
      interval: 500,
    })
    .toBe(true);
  const points = await server.admin.call('status');
  expect(points.ready).toBe(true);
  await server.admin.call('kill', { body: { reason: 'done' } });
});

test('outcomes acknowledged around the death of the engine are all judged, each once', async () => {
  const rollout = await startAgain('counted');
  await delay(1000 - (Date.now() % 1000));
  const batches = Array.from({ length: 12 }, (_, serial) => outcomes(rollout, { canary: 1, control: 9, serial }));
  for (const [index, batch] of batches.entries()) {
    const answer = server.otlp('metrics', batch);
    if (index % 3 === 1) killEngine();
    // As an exporter would: the same bytes until they are taken.
    let status = (await answer).status;
    for (let retry = 0; status !== 200 && retry < 10; retry += 1) {
      await delay(500);
      status = (await server.otlp('metrics', batch)).status;
    }
    expect(status).toBe(200);
  }
  await expect
    .poll(
      async () => {
        const { canaryUnits, controlUnits } = await server.admin.call('rolloutEvidence', {
          params: { id: rollout.id },
        });
        return [canaryUnits, controlUnits];
      },
      { timeout: 30_000, interval: 500 },
    )
    .toEqual([12, 108]);
  expect(await server.admin.call('rolloutReplay', { params: { id: rollout.id } })).toMatchObject({ agrees: true });
  await server.admin.call('kill', { body: { reason: 'done' } });
});

test(
  'an engine that hangs is answered for in time, holds up nobody, and is replaced',
  { timeout: 150_000 },
  async () => {
    const rollout = await startAgain('hanging');
    const [stopped] = enginePids();
    if (stopped === undefined) throw new Error('no engine runs');
    process.kill(stopped, 'SIGSTOP');
    try {
      // Guards that see nothing permit nothing; the permission comes back with the engine.
      // Vitest polls only once somebody waits, so this waits from the start.
      const lapsed = (async () => expect.poll(leases, { timeout: 30_000, interval: 200 }).toEqual([]))();
      const asked = Date.now();
      const answer = await server.otlp('metrics', outcomes(rollout, { canary: 1, control: 9, serial: 1 }));
      expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true]);
      expect(Date.now() - asked).toBeLessThan(SENDERS_PATIENCE_MS);
      const overview = await server.admin.call('overview');
      expect(overview.goingOut).toHaveLength(1);
      await lapsed;
      const { status } = await server.admin.call('rolloutRollback', {
        params: { id: rollout.id },
        body: { reason: 'x' },
      });
      expect(status).toBe('rolled-back');
      await expect.poll(() => enginePids(), { timeout: 60_000, interval: 500 }).not.toContain(stopped);
      const next = await startAgain('after-the-hang');
      await expect.poll(() => sendOne(next), { timeout: 30_000, interval: 500 }).toBe(200);
    } finally {
      if (enginePids().includes(stopped)) process.kill(stopped, 'SIGCONT');
    }
  },
);

let serials = 1000;

async function sendOne(rollout: Awaited<ReturnType<typeof startRollout>>): Promise<number> {
  const answer = await server.otlp('metrics', outcomes(rollout, { canary: 1, control: 1, serial: (serials += 1) }));
  return answer.status;
}

/**
 * Starting reads the past of the flag, so it needs the engine: tried until it is back. How long storing took is told of
 * the whole last minute, so it still speaks of the fault.
 */
async function startAgain(flag: string): Promise<Awaited<ReturnType<typeof startRollout>>> {
  await expect
    .poll(
      async () =>
        (await server.admin.call('status')).checks.every(({ ok, name }) => ok || name === 'data' || name === 'ingest'),
      {
        timeout: 30_000,
        interval: 300,
      },
    )
    .toBe(true);
  return startRollout(server, flag);
}

async function leases(): Promise<readonly string[]> {
  const query = { service: 'shop', instance: 'shop-1' };
  return (await server.admin.call('snapshot', { query })).leases;
}

async function killEachEngine(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    killEngine();
    await delay(20);
  }
}

function killEngine(): void {
  for (const pid of enginePids()) process.kill(pid, 'SIGKILL');
}

/** Engines that this process has started, found as an operator would find them. */
function enginePids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isOurEngine(pid));
}

function isOurEngine(pid: number): boolean {
  try {
    const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return Number(parent) === process.pid && command.includes('engine-process') && command.includes(server.dataDir);
  } catch (error) {
    // A process that ended while it was looked at is none.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false;
    throw error;
  }
}
