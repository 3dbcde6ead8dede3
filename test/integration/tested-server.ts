import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, type Client } from '@belay/client';
import { problem, type Problem } from '@belay/protocol';
import { startServer, type RunningServer } from '@belay/server';

/** A real server over real HTTP, with an administrator. */
export interface TestedServer {
  readonly url: string;
  readonly port: number;
  readonly setupUrl: string | undefined;
  readonly dataDir: string;
  readonly admin: Client;
  readonly secret: string;
  /** Sends a request with the administrator's token. */
  ask(method: string, address: string, options?: Asking): Promise<Response>;
  otlp(signal: 'metrics' | 'traces' | 'logs', body: unknown, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export interface Asking {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
}

interface TestedServerOptions {
  readonly yaml?: string;
  readonly dataDir?: string;
  readonly logLevel?: 'debug' | 'silent';
}

/** No test waits longer for one answer: what hangs must fail. */
const DEADLINE_MS = 30_000;

export async function startTestedServer(options: TestedServerOptions = {}): Promise<TestedServer> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'belay-tested-'));
  if (options.yaml !== undefined) writeFileSync(path.join(cwd, 'belay.yaml'), options.yaml);
  const dataDir = options.dataDir ?? path.join(cwd, '.belay');
  const logLevel = options.logLevel ?? 'silent';
  const server: RunningServer = await startServer({ cwd, environment: {}, port: 0, dataDir, logLevel });
  const secret = readFileSync(path.join(dataDir, 'cli-token'), 'utf8').trim();
  const ask = (method: string, address: string, { body, headers = {} }: Asking = {}): Promise<Response> =>
    fetch(server.url + address, {
      method,
      signal: AbortSignal.timeout(DEADLINE_MS),
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    setupUrl: server.setupUrl,
    dataDir,
    secret,
    admin: createClient({ baseUrl: server.url, token: secret }),
    ask,
    otlp: (signal, body, headers = {}) =>
      ask('POST', `/v1/${signal}`, {
        headers,
        body: body instanceof Uint8Array ? Uint8Array.from(body) : JSON.stringify(body),
      }),
    async close() {
      await server.close();
      rmSync(cwd, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** The problem document of an answer; fails where it is none. */
export async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text();
  const type = answer.headers.get('content-type') ?? '';
  if (!type.includes('application/problem+json')) throw new Error(`${answer.status} ${type}: ${text.slice(0, 300)}`);
  return problem.parse(JSON.parse(text));
}

/** Writes bytes as they are and reads until the server closes. */
export function raw(port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  let answer = '';
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('the server left a connection open')));
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.on('close', () => resolve(answer));
  socket.on('error', reject);
  return promise;
}

const BOOLEAN_FLAG = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' } as const;

export async function createFlag(server: TestedServer, key: string): Promise<void> {
  await server.admin.call('flagPut', { params: { key }, body: { definition: BOOLEAN_FLAG }, ifMatch: 'absent' });
}

interface StartedRollout {
  readonly id: string;
  readonly flag: string;
  readonly revision: number;
}

/** A flag with a rollout that stays in its first stage for the length of any test. */
export async function startRollout(server: TestedServer, flag: string): Promise<StartedRollout> {
  await createFlag(server, flag);
  const { id } = await server.admin.call('rolloutCreate', { body: longRollout(flag) });
  const { revision } = await server.admin.call('instanceList', {});
  return { id, flag, revision };
}

export function longRollout(flag: string) {
  return {
    flag,
    promote: 'clock' as const,
    stages: [{ to: '10%', soak: '1h', min: 1 }, { to: '100%' }],
    guards: [{ signal: 'http.errors' }],
    no_data: { grace: '10m', then: 'hold' as const },
    start: true,
  };
}

interface OutcomesOptions {
  readonly canary: number;
  readonly control: number;
  readonly variant?: string;
  /** When the units ended, Unix ms. */
  readonly at?: number;
  /** Makes one batch differ from the next. */
  readonly serial?: number;
}

/** What an SDK sends once a second about a rollout. */
export function outcomes({ id, flag, revision }: StartedRollout, options: OutcomesOptions): object {
  const { at = Date.now(), serial = 0 } = options;
  const nanoseconds = `${at}000000`;
  const point = (side: 'canary' | 'control', asInt: number): object => ({
    asInt: String(asInt),
    timeUnixNano: nanoseconds,
    startTimeUnixNano: nanoseconds,
    attributes: attributes({
      'feature_flag.key': flag,
      'feature_flag.version': String(revision),
      'feature_flag.result.variant': options.variant ?? (side === 'canary' ? 'on' : 'off'),
      'belay.arm': 'randomised',
      'belay.side': side,
      'belay.rollout': id,
      'belay.group': side === 'canary' ? '-1' : '3',
    }),
  });
  const dataPoints = [point('canary', options.canary), point('control', options.control)];
  const sum = (name: string): object => ({ name, sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints } });
  const resource = attributes({
    'service.name': 'shop',
    'service.instance.id': `shop-${serial}`,
    'telemetry.sdk.name': 'belay',
  });
  const metrics = [sum('belay.outcome.units'), sum('belay.outcome.exposures')];
  return { resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics: [{ metrics }] }] };
}

export function attributes(values: Record<string, string>): object[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
