import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storedRows } from './stored-rows.ts';
import {
  attributes,
  createFlag,
  outcomes,
  problemOf,
  startRollout,
  startTestedServer,
  type TestedServer,
} from './tested-server.ts';

const volume = mkdtempSync(path.join(tmpdir(), 'belay-volume-'));
const canMount = mount();
let server: TestedServer;

beforeAll(async () => {
  if (canMount) server = await startTestedServer({ dataDir: path.join(volume, 'data') });
});
afterAll(async () => {
  if (canMount) {
    resize('2g');
    await server.close();
    execFileSync('umount', [volume]);
  }
  rmSync(volume, { recursive: true, force: true });
});

test.skipIf(!canMount)(
  'telemetry is refused while there is still room to keep what was acknowledged, and taken again afterwards',
  async () => {
    const rollout = await startRollout(server, 'low-on-disk');
    await delay(1000 - (Date.now() % 1000));
    const batches = [1, 2, 3].map((serial) => outcomes(rollout, { canary: 1, control: 9, serial }));
    const send = (serial: 1 | 2 | 3): Promise<Response> => server.otlp('metrics', batches[serial - 1]);
    expect((await send(1)).status).toBe(200);
    resize('1000m');
    await expect.poll(async () => (await send(2)).status, { timeout: 10_000, interval: 300 }).toBe(503);
    const refused = await send(3);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const problem = (await refused.json()) as { error: string; message: string };
    expect(problem).toMatchObject({ error: 'storage.full', message: expect.stringMatching(/MiB.*Free disk space/) });
    const { checks } = await server.admin.call('status');
    expect(checks.find(({ name }) => name === 'disk')).toMatchObject({ ok: false, mend: expect.any(String) });
    resize('2g');
    for (const serial of [2, 3] as const) {
      await expect.poll(async () => (await send(serial)).status, { timeout: 10_000, interval: 300 }).toBe(200);
    }
    const units = async (): Promise<number> =>
      (await server.admin.call('rolloutEvidence', { params: { id: rollout.id } })).canaryUnits;
    await expect.poll(units, { timeout: 20_000, interval: 300 }).toBe(3);
    await server.admin.call('kill', { body: { reason: 'done' } });
  },
);

test.skipIf(!canMount)(
  'spans, logs, metrics and errors are each refused while the disk is full, and stored once it is not',
  { timeout: 90_000 },
  async () => {
    const { dsn, project } = await server.admin.call('sentryKeyCreate', { body: { service: 'disk' } });
    const kinds = ['traces', 'logs', 'metrics', 'errors'] as const;
    const send = (kind: (typeof kinds)[number], serial: number): Promise<Response> => {
      if (kind !== 'errors') return server.otlp(kind, oneRow(kind, serial));
      const body = oneError(serial);
      return server.ask('POST', `/api/${project}/envelope/?sentry_key=${new URL(dsn).username}`, { body });
    };
    for (const kind of kinds) expect((await send(kind, 1)).status, kind).toBe(200);
    resize('1000m');
    for (const kind of kinds) {
      await expect.poll(async () => (await send(kind, 2)).status, { timeout: 20_000, interval: 300 }).toBe(503);
      const refused = await send(kind, 3);
      expect(refused.status, kind).toBe(503);
      expect(Number(refused.headers.get('retry-after')), kind).toBeGreaterThan(0);
    }
    resize('2g');
    // The very bytes that were refused are taken by themselves when there is room, as senders repeat them.
    for (const serial of [2, 3]) {
      for (const kind of kinds) {
        await expect.poll(async () => (await send(kind, serial)).status, { timeout: 20_000, interval: 300 }).toBe(200);
      }
    }
    const count = async (sql: string): Promise<unknown> => (await storedRows(server.dataDir, sql))[0];
    const once = { rows: 3, different: 3 };
    const of = (table: string, column: string, where: string): string =>
      `SELECT count() AS rows, uniqExact(${column}) AS different FROM ${table} WHERE ${where}`;
    expect(await count(of('spans', 'name', `service = 'disk'`))).toEqual(once);
    expect(await count(of('logs', 'body', `service = 'disk'`))).toEqual(once);
    expect(await count(of('m_num', 'value', `metric = 'disk.level'`))).toEqual(once);
    expect(await count(of('error_events', 'event_id', `service = 'disk'`))).toEqual(once);
  },
);

test.skipIf(!canMount)(
  'on a disk without one free byte reading goes on, writing is refused and nothing is lost',
  async () => {
    await createFlag(server, 'before');
    const rollout = await startRollout(server, 'disk-full');
    fill();
    const refused = await writeUntilRefused();
    const { status, code, hint, detail } = await problemOf(refused);
    expect([status, code]).toEqual([503, 'storage.full']);
    expect(detail).toMatch(/disk/i);
    expect(hint).toMatch(/[Ff]ree/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const batch = outcomes(rollout, { canary: 1, control: 9, serial: 100 });
    expect((await server.otlp('metrics', batch)).status).toBe(503);
    expect((await server.admin.call('flagGet', { params: { key: 'before' } })).version).toBe(1);
    expect((await server.ask('GET', '/livez')).status).toBe(200);
    const evaluated = await server.ask('POST', '/ofrep/v1/evaluate/flags/before', { body: '{}' });
    expect(await evaluated.json()).toMatchObject({ value: false });
    // Without a disk nothing can be written down, so the guards' permission lapses and the old path is served.
    const leases = async (): Promise<readonly string[]> =>
      (await server.admin.call('snapshot', { query: { service: 'shop', instance: 'one' } })).leases;
    await expect.poll(leases, { timeout: 20_000, interval: 300 }).toEqual([]);
    resize('2g');
    const rolledBack = await server.admin.call('rolloutRollback', {
      params: { id: rollout.id },
      body: { reason: 'there is room again' },
    });
    expect(rolledBack.status).toBe('rolled-back');
    await expect.poll(async () => (await server.otlp('metrics', batch)).status, { timeout: 20_000 }).toBe(200);
  },
);

const startNs = BigInt(Date.now()) * 1_000_000n;

function oneRow(kind: 'traces' | 'logs' | 'metrics', serial: number): object {
  const resource = { attributes: attributes({ 'service.name': 'disk' }) };
  const time = String(startNs + BigInt(serial));
  if (kind === 'logs') {
    const logRecords = [{ timeUnixNano: time, body: { stringValue: `line ${serial}` } }];
    return { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] };
  }
  if (kind === 'metrics') {
    const gauge = { dataPoints: [{ timeUnixNano: time, asInt: String(serial) }] };
    return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: 'disk.level', gauge }] }] }] };
  }
  const ids = { traceId: String(serial).padStart(32, 'a'), spanId: String(serial).padStart(16, 'b') };
  const spans = [{ ...ids, name: `span ${serial}`, kind: 2, startTimeUnixNano: time, endTimeUnixNano: time }];
  return { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] };
}

function oneError(serial: number): string {
  const frames = [{ filename: '/app/src/a.ts', function: 'a', lineno: 1, in_app: true }];
  const exception = { values: [{ type: 'DiskError', value: 'full', stacktrace: { frames } }] };
  const event = { event_id: String(serial).padStart(32, 'd'), platform: 'node', exception };
  return `{}\n{"type":"event"}\n${JSON.stringify(event)}`;
}

/** Each write needs a little of what is left; a full disk refuses one of the first. */
async function writeUntilRefused(): Promise<Response> {
  for (let write = 0; write < 200; write += 1) {
    const definition = { state: 'ENABLED', variants: { on: 'x'.repeat(50_000) }, defaultVariant: 'on' };
    const answer = await server.ask('PUT', `/api/v1/flags/filler-${write}`, {
      body: JSON.stringify({ definition }),
      headers: { 'if-none-match': '*' },
    });
    if (answer.status !== 200) return answer;
  }
  throw new Error('the disk was never full');
}

/** Shrinks the volume to what is on it. */
function fill(): void {
  const { blocks, bfree, bsize } = statfsSync(volume);
  resize(String((blocks - bfree) * bsize));
}

function resize(size: string): void {
  execFileSync('mount', ['-o', `remount,size=${size}`, volume]);
}

/** A volume in memory needs the right to mount, which the machines that must run this test give. */
function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2g', 'tmpfs', volume], { stdio: 'pipe' });
    return true;
  } catch (error) {
    process.stderr.write(`disk-full tests are skipped, because nothing can be mounted here: ${String(error)}\n`);
    return false;
  }
}
