import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApiError, createClient } from '@belay/client';
import type { Client } from '@belay/client';
import { endpoints, problem } from '@belay/protocol';
import type { Endpoint, LiveEvent } from '@belay/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from './main.ts';
import type { RunningServer } from './main.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'belay-server-'));
const dataDir = path.join(cwd, '.belay');
let server: RunningServer;
let admin: Client;
let secret: string;

beforeAll(async () => {
  server = await start();
  secret = readFileSync(path.join(dataDir, 'cli-token'), 'utf8').trim();
  admin = createClient({ baseUrl: server.url, token: secret });
});
afterAll(async () => {
  await server.close();
  rmSync(cwd, { recursive: true, force: true });
});

const closed = Object.entries<Endpoint>(endpoints).filter(([, { scope }]) => scope !== null);

test.each(closed)('%s answers 401 without a token and 403 with a token of another scope', async (_name, endpoint) => {
  const other = endpoint.scope === 'ingest' ? 'evaluate' : 'ingest';
  const weak = await admin.call('tokenCreate', { body: { name: 'weak', scopes: [other] } });
  const address = `${server.url}${endpoint.path.replaceAll(/\{\w+\}/g, 'x')}`;
  const init = { method: endpoint.method };
  const without = await fetch(address, init);
  expect(without.status).toBe(401);
  expect(without.headers.get('www-authenticate')).toContain('Bearer');
  expect(problem.parse(await without.json()).code).toBe('access.unauthenticated');
  const refused = await fetch(address, { ...init, headers: { authorization: `Bearer ${weak.secret}` } });
  expect(refused.status).toBe(403);
  expect(problem.parse(await refused.json()).detail).toContain(endpoint.scope);
  await admin.call('tokenRevoke', { params: { id: weak.id } });
});

test.each(['/v1/traces', '/v1/metrics', '/v1/logs', '/ofrep/v1/evaluate/flags/x'])(
  'POST %s needs a token',
  async (address) => {
    const answer = await fetch(server.url + address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(401);
  },
);

test.each(['/api/v1/events', '/api/v1/stream/flags?service=a&instance=b', '/metrics', '/openapi.json'])(
  'GET %s needs a token',
  async (address) => {
    expect((await fetch(server.url + address)).status).toBe(401);
  },
);

test.each(['/livez', '/readyz', '/startupz'])('GET %s is open to everybody', async (address) => {
  const answer = await fetch(server.url + address);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ ok: true });
});

const bad: readonly [name: string, request: () => Promise<Response>, status: number, code: string][] = [
  ['an unknown address', () => ask('GET', '/api/v1/nothing'), 404, 'route.not-found'],
  ['a wrong method', () => ask('PATCH', '/api/v1/overview'), 405, 'route.method-not-allowed'],
  ['broken JSON', () => ask('POST', '/api/v1/tokens', '{"name":'), 400, 'request.malformed'],
  [
    'bytes that are no UTF-8',
    () => ask('POST', '/api/v1/tokens', new Uint8Array([0x22, 0xff, 0x22])),
    400,
    'request.malformed',
  ],
  ['JSON too deep', () => ask('POST', '/api/v1/tokens', '['.repeat(100_000)), 400, 'request.malformed'],
  ['a prototype in JSON', () => ask('POST', '/api/v1/tokens', '{"__proto__":{"a":1}}'), 400, 'request.malformed'],
  ['a body too large', () => ask('POST', '/api/v1/tokens', `"${'x'.repeat(1_100_000)}"`), 413, 'request.too-large'],
  [
    'another content type',
    () => ask('POST', '/api/v1/tokens', '<a/>', 'text/xml'),
    415,
    'request.unsupported-media-type',
  ],
  ['a missing field', () => ask('POST', '/api/v1/tokens', '{"scopes":["read"]}'), 422, 'request.invalid'],
  ['a query out of range', () => ask('GET', '/api/v1/tokens?limit=100000'), 422, 'request.invalid'],
  ['an unknown token id', () => ask('DELETE', '/api/v1/tokens/tok_x'), 404, 'token.not-found'],
  [
    'a write without a version',
    () => ask('PUT', '/api/v1/flags/a', '{"definition":{"state":"ENABLED","variants":{}}}'),
    428,
    'request.precondition-required',
  ],
];

test.each(bad)('%s is answered as a problem', async (_name, request, status, code) => {
  const answer = await request();
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  const body = problem.parse(await answer.json());
  expect([answer.status, body.status, body.code]).toEqual([status, status, code]);
  expect(body.requestId).toBe(answer.headers.get('x-request-id'));
});

test('a refused field is named with the value seen and how to mend it', async () => {
  const answer = await ask('POST', '/api/v1/tokens', '{"name":"a","scopes":["root"]}');
  const body = problem.parse(await answer.json());
  expect(body.issues?.[0]).toMatchObject({
    path: 'scopes.0',
    seen: '"root"',
    mend: expect.stringContaining('operate'),
  });
});

test('what is not HTTP is refused, and headers have limits', async () => {
  expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
  expect(await raw(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
});

test('a revoked token ends its live stream and opens nothing more', async () => {
  const token = await admin.call('tokenCreate', { body: { name: 'reader', scopes: ['read'] } });
  const reader = createClient({ baseUrl: server.url, token: token.secret });
  const { promise: opened, resolve } = Promise.withResolvers<void>();
  const stream = reader.events({ signal: AbortSignal.timeout(20_000), onEvent: () => undefined, onOpen: resolve });
  await opened;
  await admin.call('tokenRevoke', { params: { id: token.id } });
  await stream;
  await expect(reader.call('overview')).rejects.toMatchObject({ status: 401 });
});

test('live events tell of changes, resume after the last one seen, and say when some were missed', async () => {
  const seen = await firstEvent({});
  const later = await admin.call('tokenCreate', { body: { name: 'unseen', scopes: ['read'] } });
  const resumed = await firstEvent({ lastEventId: seen.id });
  expect(resumed.event).toMatchObject({ kind: 'token.created', sentence: expect.stringContaining('"unseen"') });
  await admin.call('tokenRevoke', { params: { id: later.id } });
  const stop = new AbortController();
  let resets = 0;
  const lost = admin.events({
    signal: stop.signal,
    lastEventId: '1',
    onReset: () => void (resets += 1),
    onEvent: () => stop.abort(),
  });
  await expect(lost).rejects.toThrow();
  expect(resets).toBe(1);
});

test('the set-up token works once, gives a session, and sessions write only from the dashboard itself', async () => {
  const setUp = new URL(server.setupUrl ?? '');
  const token = new URLSearchParams(setUp.hash.slice(1)).get('token') ?? '';
  expect(setUp.search).toBe('');
  await expect(admin.call('setup', { body: { token: 'setup_wrong' } })).rejects.toMatchObject({
    code: 'access.unauthenticated',
  });
  const body = JSON.stringify({ token, name: 'Ada' });
  const first = await ask('POST', '/api/v1/setup', body);
  expect(first.status).toBe(201);
  expect((await ask('POST', '/api/v1/setup', body)).status).toBe(409);
  const given = first.headers.get('set-cookie') ?? '';
  expect(given).toContain('HttpOnly');
  expect(given).toContain('SameSite=Strict');
  const cookie = given.split(';')[0] ?? '';
  const session = await fetch(`${server.url}/api/v1/session`, { headers: { cookie } });
  expect(await session.json()).toEqual({ name: 'Ada', scopes: ['admin'], setUp: true });
  const write = (headers: Record<string, string>) =>
    fetch(`${server.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...headers },
      body: '{"name":"by hand","scopes":["read"]}',
    });
  expect((await write({})).status).toBe(403);
  expect((await write({ origin: 'https://evil.example' })).status).toBe(403);
  expect((await write({ origin: server.url })).status).toBe(201);
  const ended = await fetch(`${server.url}/api/v1/session`, {
    method: 'DELETE',
    headers: { cookie, origin: server.url },
  });
  expect(ended.status).toBe(200);
  expect((await fetch(`${server.url}/api/v1/tokens`, { headers: { cookie } })).status).toBe(401);
});

test("secrets are stored as hashes alone, and the command line's file is readable by its owner alone", () => {
  expect(statSync(path.join(dataDir, 'cli-token')).mode & 0o777).toBe(0o600);
  const stored =
    readFileSync(path.join(dataDir, 'belay.db')).toString('latin1') +
    readFileSync(path.join(dataDir, 'belay.db-wal')).toString('latin1');
  expect(stored).not.toContain(secret);
});

test('a second server on the same data is refused clearly', async () => {
  await expect(start()).rejects.toMatchObject({ code: 'server.data-in-use', hint: expect.stringContaining('--data') });
});

test('a taken port is told, and the data folder is free again after the failed start', async () => {
  const other = path.join(cwd, 'other');
  const port = Number(new URL(server.url).port);
  await expect(start({ dataDir: other, port })).rejects.toMatchObject({ code: 'server.address-in-use' });
  const second = await start({ dataDir: other });
  await second.close();
});

test('what is in force and what would be wrong can be asked', async () => {
  const { values } = await admin.call('configGet');
  expect(values).toContainEqual({ path: 'server.port', value: 0, origin: 'command line' });
  const wrong = admin.call('configValidate', { body: 'policy:\n  profle: fast\n' });
  await expect(wrong).rejects.toBeInstanceOf(ApiError);
  await expect(wrong).rejects.toMatchObject({
    problem: { issues: [{ path: 'policy.profle', mend: 'did you mean "profile"?' }] },
  });
});

test('the status names every self check, and metrics say the same to Prometheus', async () => {
  const status = await admin.call('status');
  expect(status.checks.map(({ name }) => name)).toEqual([
    'backups',
    'control plane',
    'telemetry store',
    'stored parts',
    'guards',
    'ingest',
    'disk',
    'data',
    'clocks',
  ]);
  expect(status.ready).toBe(true);
  const text = await (await ask('GET', '/metrics')).text();
  expect(text).toMatch(/^belay_ready 1$/m);
  const wrong = text
    .split('\n')
    .filter((line) => line !== '' && !/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? [-\d.e+]+)$/.test(line));
  expect(wrong).toEqual([]);
});

test('a wrong belay.yaml stops the start with everything that is wrong', async () => {
  const file = path.join(cwd, 'wrong.yaml');
  writeFileSync(file, 'server:\n  port: "a"\n  token: abc\npolicy:\n  warn_at: 100\n');
  const failing = startServer({ cwd, environment: {}, configFile: file, logLevel: 'silent' });
  await expect(failing).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringMatching(/server\.port[^]*server\.token|server\.token[^]*server\.port/),
  });
});

function start(options: { dataDir?: string; port?: number } = {}): Promise<RunningServer> {
  return startServer({ cwd, environment: {}, port: 0, logLevel: 'silent', validatesResponses: true, ...options });
}

function ask(
  method: string,
  address: string,
  body?: string | Uint8Array<ArrayBuffer>,
  type = 'application/json',
): Promise<Response> {
  return fetch(server.url + address, {
    method,
    headers: { authorization: `Bearer ${secret}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  });
}

/** The first event that is no heartbeat, after a token was made to cause one where nothing is resumed. */
async function firstEvent({ lastEventId }: { lastEventId?: string }): Promise<{ event: LiveEvent; id: string }> {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<{ event: LiveEvent; id: string }>();
  const reading = admin.events({
    signal: stop.signal,
    lastEventId,
    onEvent: (event, id) => (event.type === 'ledger' ? resolve({ event, id: id ?? '' }) : undefined),
    onOpen: () =>
      void (lastEventId === undefined && admin.call('tokenCreate', { body: { name: 'seen', scopes: ['read'] } })),
  });
  const found = await promise;
  stop.abort();
  await expect(reading).rejects.toThrow();
  return found;
}

function raw(text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => socket.write(text));
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.on('close', () => resolve(answer));
  socket.on('error', reject);
  return promise;
}
