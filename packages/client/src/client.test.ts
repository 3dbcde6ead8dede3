import { expect, test } from 'vitest';
import { ApiError, UnreachableError } from './api-error.ts';
import { createClient } from './client.ts';

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

test('a call fills the path, the query, the body, the version and the token', async () => {
  const { sent, client } = answering(() => Response.json({ key: 'a/b' }));
  const body = { definition: { state: 'ENABLED', variants: {} } } as const;
  await client.call('flagPut', { params: { key: 'a/b c' }, body, ifMatch: 7 });
  await client.call('flagPut', { params: { key: 'x' }, body, ifMatch: 'absent' });
  await client.call('changeList', { query: { limit: 5, kind: undefined } });
  expect(sent.map(({ url, init }) => [init.method, url])).toEqual([
    ['PUT', 'http://belay.example/api/v1/flags/a%2Fb%20c'],
    ['PUT', 'http://belay.example/api/v1/flags/x'],
    ['GET', 'http://belay.example/api/v1/changes?limit=5'],
  ]);
  expect(sent[0]?.init.body).toBe(JSON.stringify(body));
  expect(sent[0]?.init.headers).toMatchObject({
    authorization: 'Bearer blt_x',
    'if-match': '"7"',
    'x-belay-client': 'cli',
  });
  expect(sent[1]?.init.headers).toMatchObject({ 'if-none-match': '*' });
  expect(sent[2]?.init.headers).not.toHaveProperty('content-type');
});

test('a problem is thrown with its code and how long to wait', async () => {
  const problem = {
    type: 't',
    title: 't',
    status: 429,
    detail: 'Too many',
    instance: '/',
    code: 'request.rate-limited',
    requestId: 'r',
  };
  const { client } = answering(() => Response.json(problem, { status: 429, headers: { 'retry-after': '3' } }));
  const failing = client.call('overview');
  await expect(failing).rejects.toBeInstanceOf(ApiError);
  await expect(failing).rejects.toMatchObject({
    code: 'request.rate-limited',
    status: 429,
    retryAfterSeconds: 3,
    problem,
  });
});

test.each([
  ['a page of a proxy', () => new Response('<html>', { status: 502 })],
  ['a page instead of JSON', () => new Response('<html>', { status: 200 })],
  ['JSON that is no problem', () => Response.json({ error: 'no' }, { status: 404 })],
  ['nobody', () => Promise.reject(new TypeError('fetch failed', { cause: new TypeError('connect ECONNREFUSED') }))],
])('%s is told as unreachable', async (_name, answer) => {
  await expect(answering(answer).client.call('overview')).rejects.toBeInstanceOf(UnreachableError);
});

test("aborting throws the caller's own reason", async () => {
  const { client } = answering((_url, init) => {
    init.signal?.throwIfAborted();
    return Response.json({});
  });
  await expect(client.call('overview', { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});

function answering(answer: (url: string, init: RequestInit) => Response | Promise<Response>) {
  const sent: Sent[] = [];
  const client = createClient({
    baseUrl: 'http://belay.example/',
    token: 'blt_x',
    name: 'cli',
    fetch: async (input, init = {}) => {
      const url = input instanceof Request ? input.url : input.toString();
      sent.push({ url: url, init });
      const response = await answer(url, init);
      Object.defineProperty(response, 'url', { value: url });
      return response;
    },
  });
  return { sent, client };
}
