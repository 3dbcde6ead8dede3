import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFlag, longRollout, problemOf, raw, startTestedServer, type TestedServer } from './tested-server.ts';

let server: TestedServer;

beforeAll(async () => {
  server = await startTestedServer();
});
afterAll(async () => server.close());

describe('every address of the OpenAPI document', () => {
  test('asks for a token unless it is declared open', async () => {
    const document = (await (await server.ask('GET', '/openapi.json')).json()) as OpenApi;
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => ({ path, method, security })),
    );
    expect(operations.length).toBeGreaterThanOrEqual(40);
    const closed = operations.filter(({ security }) => security === undefined || security.length > 0);
    expect(operations.length - closed.length).toBeLessThan(6);
    for (const { path, method } of closed) {
      const answer = await fetch(server.url + path.replaceAll(/\{\w+\}/g, 'x'), { method });
      const { code } = await problemOf(answer);
      expect([method, path, answer.status, code]).toEqual([method, path, 401, 'access.unauthenticated']);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });
});

const definitionWith = (more: object): object => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  ...more,
});

test.each([
  ['an unknown operator', { targeting: { if: [{ telepathy: [1] }, 'on', 'off'] } }, /targeting/, /telepathy/],
  ['a reference to nothing', { targeting: { if: [{ $ref: 'nobody' }, 'on', 'off'] } }, /targeting/, /nobody/],
  ['a default that is no variant', { defaultVariant: 'maybe' }, /defaultVariant/, /maybe/],
  [
    'a variant that does not exist',
    {
      targeting: {
        fractional: [
          ['on', 50],
          ['blue', 50],
        ],
      },
    },
    /targeting/,
    /blue/,
  ],
  [
    'weights that overflow',
    {
      targeting: {
        fractional: [
          ['on', 2 ** 31],
          ['off', 2 ** 31],
        ],
      },
    },
    /targeting/,
    /\d{10}/,
  ],
  ['no variants', { variants: {} }, /variants/, /./],
  ['an unknown state', { state: 'MAYBE' }, /state/, /MAYBE/],
])('a flag with %s is refused with field, value and mend', async (name, more, path, seen) => {
  const key = name.replaceAll(' ', '-');
  const answer = await putFlag(key, definitionWith(more), { 'if-none-match': '*' });
  const { status, issues = [] } = await problemOf(answer);
  expect(status).toBe(422);
  expect(issues.length).toBeGreaterThan(0);
  expect(issues[0]?.path).toMatch(path);
  expect(JSON.stringify(issues)).toMatch(seen);
  expect(issues.every(({ mend }) => mend !== undefined && mend !== '')).toBe(true);
  expect((await server.ask('GET', `/api/v1/flags/${key}`)).status).toBe(404);
});

test('evaluators that refer to each other in a circle are refused', async () => {
  const definition = definitionWith({
    $evaluators: { a: { $ref: 'b' }, b: { $ref: 'a' } },
    targeting: { if: [{ $ref: 'a' }, 'on', 'off'] },
  });
  const { status, issues = [] } = await problemOf(await putFlag('circle', definition, { 'if-none-match': '*' }));
  expect(status).toBe(422);
  expect(issues.length).toBeGreaterThan(0);
});

test.each(['constructor', 'toString', 'hasOwnProperty', 'a/b.c-d_e'])('a flag may be called %s', async (key) => {
  expect((await server.ask('GET', `/api/v1/flags/${encodeURIComponent(key)}`)).status).toBe(404);
  const answer = await putFlag(key, definitionWith({}), { 'if-none-match': '*' });
  expect(answer.status).toBe(200);
  const evaluated = await server.ask('POST', `/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`, { body: '{}' });
  expect(await evaluated.json()).toMatchObject({ key, value: false, variant: 'off' });
});

test.each(['', ' ', '../etc', '%00', 'a'.repeat(300), 'ключ', '-x'])('a flag may not be called "%s"', async (key) => {
  const answer = await putFlag(key, definitionWith({}), { 'if-none-match': '*' });
  expect([404, 405, 422]).toContain((await problemOf(answer)).status);
});

test('rules that would eat memory or time fail alone, and the server goes on', async () => {
  const twice = { reduce: [{ var: 'list' }, { cat: [{ var: 'accumulator' }, { var: 'accumulator' }] }, 'x'] };
  const definition = definitionWith({ targeting: { if: [{ '==': [twice, 'y'] }, 'on', 'off'] } });
  const written = await putFlag('bomb', definition, { 'if-none-match': '*' });
  expect([200, 422]).toContain(written.status);
  const body = JSON.stringify({ context: { targetingKey: 'u', list: Array.from({ length: 64 }, () => 1) } });
  const evaluated = await server.ask('POST', '/ofrep/v1/evaluate/flags/bomb', { body });
  expect(evaluated.status).toBeLessThan(500);
  expect((await server.ask('GET', '/livez')).status).toBe(200);
});

test('a write that has not seen the newest version is refused, and one that names none too', async () => {
  await createFlag(server, 'versioned');
  const read = await server.ask('GET', '/api/v1/flags/versioned');
  const tag = read.headers.get('etag') ?? '';
  expect(tag).toMatch(/^"\d+"$/);
  const definition = definitionWith({ defaultVariant: 'on' });
  expect((await problemOf(await putFlag('versioned', definition, {}))).status).toBe(428);
  expect((await problemOf(await putFlag('versioned', definition, { 'if-match': 'seven' }))).issues?.[0]).toMatchObject({
    path: 'If-Match',
    seen: 'seven',
  });
  expect((await putFlag('versioned', definition, { 'if-match': tag })).status).toBe(200);
  const stale = await problemOf(await putFlag('versioned', definition, { 'if-match': tag }));
  expect([stale.status, stale.code]).toEqual([412, 'request.stale']);
  expect((await problemOf(await server.ask('DELETE', '/api/v1/flags/versioned'))).status).toBe(428);
  const exists = await problemOf(await putFlag('versioned', definition, { 'if-none-match': '*' }));
  expect(exists.status).toBe(412);
  const unchanged = await server.ask('GET', '/api/v1/flags/versioned', { headers: { 'if-none-match': '"2"' } });
  expect(unchanged.status).toBe(304);
});

test('of two rollouts started at once on one component exactly one wins', async () => {
  await createFlag(server, 'left');
  await createFlag(server, 'right');
  const start = (flag: string): Promise<Response> =>
    server.ask('POST', '/api/v1/rollouts', { body: JSON.stringify({ ...longRollout(flag), component: 'shared' }) });
  const answers = await Promise.all(['left', 'right', 'left', 'right'].map(start));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
  for (const answer of answers.filter(({ status }) => status === 409)) {
    const { code, hint } = await problemOf(answer);
    expect([code, hint]).toEqual(['rollout.component-busy', expect.any(String)]);
  }
  const { rolledBack } = await server.admin.call('kill', { body: { reason: 'done' } });
  expect(rolledBack).toHaveLength(1);
});

test('while a rollout runs its flag and its stages stay as they are', async () => {
  await createFlag(server, 'pinned');
  const rollout = await server.admin.call('rolloutCreate', { body: longRollout('pinned') });
  const tag = (await server.ask('GET', '/api/v1/flags/pinned')).headers.get('etag') ?? '';
  const edit = await problemOf(await putFlag('pinned', definitionWith({ defaultVariant: 'on' }), { 'if-match': tag }));
  expect([edit.status, edit.code, edit.detail]).toEqual([409, 'flag.guarded', expect.stringContaining(rollout.id)]);
  const removed = await server.ask('DELETE', '/api/v1/flags/pinned', { headers: { 'if-match': tag } });
  expect((await problemOf(removed)).code).toBe('flag.guarded');
  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    const body = JSON.stringify({ stages: [{ to: '100%' }] });
    const answer = await problemOf(await server.ask(method, `/api/v1/rollouts/${rollout.id}`, { body }));
    expect([method, answer.status, answer.hint]).toEqual([method, 405, expect.stringContaining('GET')]);
  }
  const again = await server.ask('POST', `/api/v1/rollouts/${rollout.id}/start`, { body: '{}' });
  expect((await problemOf(again)).code).toBe('rollout.not-allowed');
  await server.admin.call('rolloutRollback', { params: { id: rollout.id }, body: { reason: 'done' } });
});

test.each([
  ['no stages', { stages: [] }, 'stages'],
  ['shares that fall', { stages: [{ to: '50%' }, { to: '10%' }, { to: '100%' }] }, 'stages'],
  ['a share above everything', { stages: [{ to: '101%' }] }, 'stages.0.to'],
  ['a soak without a unit', { stages: [{ to: '1%', soak: '5' }, { to: '100%' }] }, 'stages.0.soak'],
  ['a soak of a million weeks', { stages: [{ to: '1%', soak: '1000000w' }, { to: '100%' }] }, 'stages.0.soak'],
  ['an unknown guard', { guards: [{ signal: 'http.karma' }] }, 'guards.0'],
  ['an unknown variant', { to: 'purple' }, 'to'],
  ['an unknown key', { stges: [] }, ''],
  ['another type', { flag: 7 }, 'flag'],
])('a plan with %s is refused with field and mend', async (_name, more, path) => {
  await server.admin.call('flagGet', { params: { key: 'versioned' } });
  const body = JSON.stringify({ flag: 'versioned', guards: [{ signal: 'http.errors' }], ...more });
  const { status, issues = [] } = await problemOf(await server.ask('POST', '/api/v1/rollouts/plan', { body }));
  expect(status).toBe(422);
  expect(issues.map((issue) => issue.path).join(' ')).toContain(path);
  expect(issues.every((issue) => issue.mend !== undefined)).toBe(true);
});

test.each([
  ['a bomb of aliases', yamlBomb(12)],
  ['an alias of itself', 'rollouts: &a\n  x: *a\n'],
  ['lists in lists in lists', `rollouts: ${'['.repeat(20_000)}`],
  ['lists in lists that close', `rollouts: ${'['.repeat(5000)}${']'.repeat(5000)}`],
  ['a tag of code', 'rollouts: !!js/function "function () { return 1 }"'],
  ['two documents', 'server: {}\n---\nserver: {}\n'],
])('a configuration with %s is refused with the reason', async (_name, yaml) => {
  const answer = await server.ask('POST', '/api/v1/config/validate', { body: JSON.stringify(yaml) });
  const { status, code, issues = [] } = await problemOf(answer);
  expect([status, code]).toEqual([422, 'config.invalid']);
  expect(issues.length).toBeGreaterThan(0);
});

test('a configuration that is only checked cannot read the environment of the server', async () => {
  const body = JSON.stringify('server:\n  host: "${HOME}"\n  data: "${PATH:-nowhere}"\n');
  const text = await (await server.ask('POST', '/api/v1/config/validate', { body })).text();
  expect(text).not.toContain(process.env['PATH']);
  expect(text).not.toContain(`"${process.env['HOME']}"`);
});

test.each([
  ['HEAD', '/api/v1/stream/flags?service=a&instance=b'],
  ['HEAD', '/api/v1/events'],
  ['HEAD', '/ofrep/v1/changes'],
])('%s %s is answered at once and opens no stream', async (method, address) => {
  const answer = await server.ask(method, address);
  expect([404, 405]).toContain(answer.status);
  const { items } = await server.admin.call('instanceList', {});
  expect(items.filter(({ connected }) => connected)).toEqual([]);
});

test.each([
  ['a negative count', { trips: [{ rolloutId: 'r', units: -7, errors: 3, reason: 'x' }] }, 'trips.0.units'],
  ['more causes than there are', { dropped: manyCauses(2000) }, 'dropped'],
  ['a cause without end', { dropped: { ['x'.repeat(5000)]: 1 } }, 'dropped'],
  ['a list without end', { lapsed: Array.from({ length: 1000 }, () => 'r') }, 'lapsed'],
])('a report of an SDK with %s is refused', async (_name, more, path) => {
  const report = { service: 'shop', instance: 'i', revision: 1, applyMs: 1, ...more };
  const answer = await server.ask('POST', '/api/v1/applied', { body: JSON.stringify(report) });
  const { status, issues = [] } = await problemOf(answer);
  expect([status, issues[0]?.path]).toEqual([422, expect.stringContaining(path)]);
});

test.each(['/assets/..%2f..%2fpackage.json', '/assets/../../package.json', '/%2e%2e/%2e%2e/etc/passwd', '/docs/../x'])(
  'no file beside the dashboard is served at %s',
  async (address) => {
    const answer = await raw(server.port, `GET ${address} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[0-9]/);
    expect(answer).not.toContain('root:');
  },
);

test.each(['/api/v1/changes', '/api/v1/rollouts', '/api/v1/flags', '/api/v1/tokens'])(
  '%s is read page by page, each entry once, and a wrong cursor is named',
  async (address) => {
    const whole = (await (await server.ask('GET', `${address}?limit=200`)).json()) as Page;
    const seen: string[] = [];
    let cursor = '';
    for (let page = 0; page <= whole.items.length; page += 1) {
      const answer = await server.ask('GET', `${address}?limit=2${cursor}`);
      const { items, next } = (await answer.json()) as Page;
      seen.push(...items.map((item) => JSON.stringify(item.id ?? item.key)));
      if (next === null) break;
      cursor = `&cursor=${encodeURIComponent(next)}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(whole.items.length);
    const wrong = await server.ask('GET', `${address}?cursor=${encodeURIComponent("' OR 1=1 --")}`);
    const { status, issues } = await problemOf(wrong);
    expect([status, issues?.[0]?.path]).toEqual([422, 'cursor']);
  },
);

test.each([
  ['a ticket of another length', '/ofrep/v1/changes?ticket=short'],
  ['a ticket without end', `/ofrep/v1/changes?ticket=${'x'.repeat(5000)}`],
  ['two tickets', '/ofrep/v1/changes?ticket=a&ticket=b'],
  ['a ticket that is an object', '/ofrep/v1/changes?ticket[a]=b'],
])('the change stream of OFREP refuses %s', async (_name, address) => {
  const answer = await fetch(server.url + address);
  expect(answer.status).toBe(401);
});

test.each([
  ['broken JSON', '{"context":', 400],
  ['a context that is no object', '{"context":[1]}', 400],
  ['JSON too deep', `{"context":{"a":${'['.repeat(1000)}${']'.repeat(1000)}}}`, 400],
  ['a body too large', `{"context":{"a":"${'x'.repeat(1_100_000)}"}}`, 413],
])('OFREP refuses %s in its own words', async (_name, body, status) => {
  const answer = await server.ask('POST', '/ofrep/v1/evaluate/flags/versioned', { body });
  expect([answer.status, await answer.json()]).toEqual([
    status,
    expect.objectContaining({ errorDetails: expect.stringMatching(/.{10}/) }),
  ]);
});

test('headers without end, half requests and slow ones cost nothing to others', { timeout: 40_000 }, async () => {
  expect(await raw(server.port, `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(
    /^HTTP\S+ 431/,
  );
  expect(await raw(server.port, 'GET / HTTP/9.9\r\n\r\n')).toMatch(/^HTTP\S+ 400/);
  expect(await raw(server.port, 'POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-length: -4\r\n\r\n')).toMatch(
    /^HTTP\S+ 400/,
  );
  const slow = await Promise.all(Array.from({ length: 300 }, () => halfARequest(server.port)));
  const ended = slow.map(async (socket) => {
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    await once(socket, 'close');
    return answer;
  });
  expect((await server.ask('GET', '/livez')).status).toBe(200);
  expect((await server.admin.call('overview')).headline).toBeTypeOf('string');
  const answers = await Promise.all(ended);
  expect(answers.every((answer) => answer.startsWith('HTTP/1.1 408'))).toBe(true);
});

async function halfARequest(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('POST /v1/metrics HTTP/1.1\r\nhost: a\r\nx-slow: ');
  return socket;
}

function yamlBomb(levels: number): string {
  const lines = Array.from({ length: levels }, (_, level) => {
    const items = level === 0 ? 'x' : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 9 }, () => items).join(', ')}]`;
  });
  return `${lines.join('\n')}\n`;
}

function manyCauses(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`cause-${index}`, 1]));
}

function putFlag(key: string, definition: object, headers: Record<string, string>): Promise<Response> {
  const address = `/api/v1/flags/${encodeURIComponent(key)}`;
  return server.ask('PUT', address, { body: JSON.stringify({ definition }), headers });
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly security?: readonly unknown[] }>>>>;
}

interface Page {
  readonly items: readonly { readonly id?: string | number; readonly key?: string }[];
  readonly next: string | null;
}
