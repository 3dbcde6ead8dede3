import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { createClient } from '@belay/client';
import type { RolloutView } from '@belay/protocol';
import { startServer } from '@belay/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const FLAG = 'search.v2';
const ADMIN = 'blt_otel-only-test-0123456789abcdefghijklmnopqrstuvwxyz';
/** How OpenTelemetry's manual starts a service that is an ES module. */
const INSTRUMENTED = [
  '--experimental-loader=@opentelemetry/instrumentation/hook.mjs',
  '--import',
  '@opentelemetry/auto-instrumentations-node/register',
];
const SERVICE = path.resolve(import.meta.dirname, '../../examples/otel-only/src/service.ts');

describe('a service with the official OpenFeature and OpenTelemetry packages only', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-otel-only-'));
  let server: Awaited<ReturnType<typeof startServer>>;
  let service: ChildProcess | undefined;
  let traffic: AbortController | undefined;

  beforeAll(async () => {
    server = await startServer({
      cwd: folder,
      port: 0,
      environment: { BELAY_ADMIN_TOKEN: ADMIN, BELAY_LOG_LEVEL: 'warn' },
    });
  });
  afterAll(async () => {
    traffic?.abort();
    if (service?.exitCode === null) {
      service.kill('SIGKILL');
      await once(service, 'exit');
    }
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is judged from its spans and rolled back', async () => {
    const client = createClient({ baseUrl: server.url, token: ADMIN });
    const definition = { state: 'ENABLED' as const, variants: { off: false, on: true }, defaultVariant: 'off' };
    await client.call('flagPut', { params: { key: FLAG }, body: { definition }, ifMatch: 'absent' });
    const tokens = await client.call('tokenCreate', { body: { name: 'search', scopes: ['ingest', 'evaluate'] } });
    const started = startService({ url: server.url, token: tokens.secret });
    service = started.process;
    traffic = new AbortController();
    drive(await started.port, traffic.signal);

    const rollout = await client.call('rolloutCreate', {
      body: {
        flag: FLAG,
        title: 'New search',
        profile: 'fast',
        stages: [{ to: '20%', soak: '5m', min: 50 }, { to: '100%' }],
        guards: [{ signal: 'http.errors' }],
        start: true,
      },
    });
    const ended = await until(client, rollout.id, ({ status }) => status !== 'running');
    expect(ended.sentence).toMatch(/Rolled back by itself/);
    expect(ended.status).toBe('rolled-back');
    expect(ended.leadingGuard).toBe('errors');

    const replay = await client.call('rolloutReplay', { params: { id: rollout.id } });
    expect(replay).toMatchObject({ agrees: true, firstDifference: null });
    const { control, canary } = ended.guards[0] ?? { control: { n: 0 }, canary: { n: 0, bad: 0 } };
    expect(control.n).toBeGreaterThan(canary.n);
    expect(canary.bad).toBeGreaterThanOrEqual(3);
  });
});

function startService({ url, token }: { url: string; token: string }): {
  process: ChildProcess;
  port: Promise<number>;
} {
  const child = spawn(process.execPath, [...INSTRUMENTED, SERVICE], {
    cwd: path.dirname(path.dirname(SERVICE)),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      OTEL_SERVICE_NAME: 'search',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${token}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '1000',
      OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http',
      OTEL_NODE_RESOURCE_DETECTORS: 'env',
      OFREP_URL: url,
      OFREP_TOKEN: token,
      FLAG,
      OLD_FAILURES: '0.005',
      NEW_FAILURES: '0.3',
    },
  });
  const port = new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => {
      const message: { port: number } = JSON.parse(line);
      resolve(message.port);
    });
    child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
  });
  return { process: child, port };
}

/** Sends requests of many users, at most 20 at once, until told to stop. */
function drive(port: number, signal: AbortSignal): void {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  let sent = 0;
  const one = (): void => {
    if (signal.aborted) return agent.destroy();
    sent += 1;
    const request = http.get(
      { port, host: '127.0.0.1', agent, headers: { 'x-user': `user-${sent % 5000}` } },
      (response) => {
        response.resume().once('close', one);
      },
    );
    request.once('error', () => setImmediate(one));
  };
  for (let lane = 0; lane < 20; lane += 1) one();
}

async function until(
  client: ReturnType<typeof createClient>,
  id: string,
  isIt: (view: RolloutView) => boolean,
): Promise<RolloutView> {
  const found = Promise.withResolvers<RolloutView>();
  const stop = new AbortController();
  const look = async (): Promise<void> => {
    const view = await client.call('rolloutGet', { params: { id } });
    if (isIt(view)) found.resolve(view);
  };
  const stream = client.events({
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === 'rollout' && event.rolloutId === id) look().catch(found.reject);
    },
  });
  await look();
  try {
    return await found.promise;
  } finally {
    stop.abort();
    await stream.catch(() => undefined);
  }
}
