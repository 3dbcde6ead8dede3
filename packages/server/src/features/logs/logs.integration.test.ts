import { type Client, createClient } from '@belay/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LogsTestbed, openLogsTestbed, type SentLine } from './logs-testbed.ts';

const NOW = Date.now() - 60_000;
const HOUR = 3_600_000;
const RANGE = { from: NOW - HOUR, to: NOW + 1000 };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let bed: LogsTestbed;
let client: Client;
const line = (body: string, secondsAgo: number, rest: Partial<SentLine> = {}): SentLine => ({
  body,
  at: NOW - secondsAgo * 1000,
  ...rest,
});

beforeAll(async () => {
  bed = await openLogsTestbed();
  client = createClient({ baseUrl: bed.server.url, token: bed.token });
  await bed.send([
    line('Payment declined for order ORD-17: insufficient funds', 10, {
      severity: 17,
      attributes: { 'http.route': '/pay', 'http.response.status_code': 502 },
    }),
    line('Payment accepted for order ORD-18', 20, {
      attributes: { 'http.route': '/pay', 'http.response.status_code': 200 },
    }),
    line('funds are insufficient today', 30, { service: 'bank', severity: 13 }),
    line('größe "ünïcode" 日本語 пример 🚀', 40, {
      service: 'i18n',
      attributes: { 'naïve key': "O'Hara \\ {p0:String}" },
    }),
    line('connect timeout to 10.2.3.4:5432', 50, { traceId: TRACE, resource: { 'k8s.pod.name': 'api-7f' } }),
    line(`x${'y'.repeat(20_000)}`, 60, { service: 'long' }),
    line('100% done_now [a]', 70, { service: 'like' }),
    line('unknown severity', 80, { severity: 0, service: 'plain' }),
    ...Array.from({ length: 60 }, (_, at) => line(`same moment ${at % 50}`, 100, { service: 'burst' })),
    ...Array.from({ length: 6 }, (_, at) =>
      line(`user ${['alice', 'bob', 'carol'][at % 3]} logged in`, 200 + at, { service: 'auth' }),
    ),
    line('long ago', 3000, { service: 'old' }),
    ...Array.from({ length: 9 }, (_, at) => line(`tick ${at}`, 4000 + at, { service: 'gone' })),
  ]);
}, 60_000);
afterAll(() => bed.close());

const found = async (q: string, rest: object = {}): Promise<string[]> => {
  const { items } = await client.call('logList', { query: { q, ...RANGE, limit: 200, ...rest } });
  return items.map(({ body }) => body.slice(0, 30));
};

describe('searching logs', () => {
  test.each([
    ['declined', ['Payment declined for order ORD']],
    ['DECLINED payment', ['Payment declined for order ORD']],
    ['"insufficient funds"', ['Payment declined for order ORD']],
    ['insufficient -payment', ['funds are insufficient today']],
    ['declined OR today', ['Payment declined for order ORD', 'funds are insufficient today']],
    ['payment (declined OR nothing)', ['Payment declined for order ORD']],
    ['declin*', ['Payment declined for order ORD']],
    ['declin', []],
    ['10.2.3.4', ['connect timeout to 10.2.3.4:54']],
    ['4.3.2.10', []],
    ['größe', ['größe "ünïcode" 日本語 пример 🚀']],
    ['日本*', ['größe "ünïcode" 日本語 пример 🚀']],
    ['"100%"', ['100% done_now [a]']],
    ['0%*done_now', ['100% done_now [a]']],
    ['done%now*', []],
    ['doneXnow*', []],
    ['level:error', ['Payment declined for order ORD']],
    ['level:>=warn', ['Payment declined for order ORD', 'funds are insufficient today']],
    ['-level:*', ['unknown severity']],
    ['service:bank', ['funds are insufficient today']],
    ['service:b*k', ['funds are insufficient today']],
    ['http.route:/pay level:error', ['Payment declined for order ORD']],
    ['http.response.status_code:>=500', ['Payment declined for order ORD']],
    ['http.response.status_code:502', ['Payment declined for order ORD']],
    ['http.response.status_code:<500', ['Payment accepted for order ORD']],
    ['http.route:* -http.response.status_code:>300', ['Payment accepted for order ORD']],
    [`trace:${TRACE}`, ['connect timeout to 10.2.3.4:54']],
    ['k8s.pod.name:api-7f', ['connect timeout to 10.2.3.4:54']],
    ['resource.k8s.pod.name:api*', ['connect timeout to 10.2.3.4:54']],
    ['"naïve key":*', ['größe "ünïcode" 日本語 пример 🚀']],
    [String.raw`"naïve key":"O'Hara \\ {p0:String}"`, ['größe "ünïcode" 日本語 пример 🚀']],
  ])('%s', async (query, wanted) => {
    expect(await found(query)).toEqual(wanted);
  });

  test('short forms narrow the query', async () => {
    expect(await found('', { service: 'api', level: 'warn' })).toEqual(['Payment declined for order ORD']);
    expect(await found('', { trace: TRACE.toUpperCase() })).toEqual(['connect timeout to 10.2.3.4:54']);
    expect(await found('payment', { field: 'http.response.status_code=200' })).toEqual([
      'Payment accepted for order ORD',
    ]);
  });

  test.each([
    [{ q: 'a "b' }, 'q'],
    [{ q: 'level:loud' }, 'q'],
    [{ from: 5, to: 5 }, 'from'],
    [{ from: 0, to: Date.now() }, 'from'],
    [{ cursor: "1' OR 1=1" }, 'cursor'],
    [{ cursor: '99999999999999999999-0000000000000000-1-1' }, 'cursor'],
    [{ trace: 'xyz' }, 'trace'],
    [{ field: 'no equals sign' }, 'field.0'],
  ])('%j is refused with the field named', async (query, path) => {
    const call = client.call('logList', { query: { ...RANGE, ...query } });
    await expect(call).rejects.toMatchObject({ problem: { code: 'request.invalid', issues: [{ path }] } });
  });

  test.each([
    "'; DROP TABLE logs; --",
    '{p0:String}',
    "service:') OR 1=1 --",
    "x:\\' OR 1=1",
    '"\\\\\\"" OR \u0000',
    String.raw`attributes['a']:1`,
    'a\n\nDROP TABLE logs',
  ])('%j is data, never SQL', async (query) => {
    const everywhere = { q: query, service: query, field: `${query}=${query}`, ...RANGE };
    const outcomes = await Promise.allSettled([
      client.call('logList', { query: everywhere }),
      client.call('logHistogram', { query: everywhere }),
      client.call('logPatterns', { query: everywhere }),
      client.call('logFields', { query: { ...everywhere, prefix: query, name: query } }),
      client.call('logContext', { query: { line: query } }),
      client.call('logGet', { params: { id: query } }),
    ]);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ problem: { code: 'request.invalid' } });
    }
    expect(await found('declined')).toHaveLength(1);
  });

  test('pages hold every line once, also with many lines at one moment and lines stored meanwhile', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { service: 'burst', ...RANGE, limit: 7, ...(cursor === undefined ? {} : { cursor }) };
      const page = await client.call('logList', { query });
      seen.push(...page.items.map(({ body }) => body));
      cursor = page.next ?? undefined;
      if (seen.length === 7) await bed.send([line('newer', 5, { service: 'burst' })]);
    } while (cursor !== undefined);
    expect(seen.toSorted()).toEqual(Array.from({ length: 60 }, (_, at) => `same moment ${at % 50}`).toSorted());
  });

  test('a line in full has its whole body and its sender', async () => {
    const { items } = await client.call('logList', { query: { service: 'long', ...RANGE } });
    expect(items[0]).toMatchObject({ bodyRest: 20_001 - 8192 });
    const detail = await client.call('logGet', { params: { id: items[0]?.id ?? '' } });
    expect(detail.body).toHaveLength(20_001);
    expect(detail.resource).toMatchObject({ 'service.name': 'long' });
    await expect(client.call('logGet', { params: { id: '1-0000000000000001' } })).rejects.toMatchObject({
      problem: { code: 'log.not-found' },
    });
  });
});

describe('lines around a line', () => {
  test('come in the order of time, without the line itself', async () => {
    const { items } = await client.call('logList', { query: { q: 'accepted', ...RANGE } });
    const context = await client.call('logContext', { query: { line: items[0]?.id ?? '', before: 2, after: 5 } });
    expect(context.line.body).toContain('accepted');
    expect(context.before.map(({ body }) => body)).toEqual(['connect timeout to 10.2.3.4:5432']);
    expect(context.after.map(({ body }) => body)).toEqual(['Payment declined for order ORD-17: insufficient funds']);
  });

  test('lines of the same moment stand on one side or the other', async () => {
    const { items } = await client.call('logList', { query: { q: '"same moment"', ...RANGE, limit: 200 } });
    const middle = items[25];
    const context = await client.call('logContext', { query: { line: middle?.id ?? '', before: 200, after: 200 } });
    const all = [...context.before, context.line, ...context.after].filter(({ body }) => body.startsWith('same'));
    expect(all.length).toBeGreaterThanOrEqual(59);
    expect(new Set(all.map(({ id }) => id)).size).toBe(50);
  });
});

describe('summaries of logs', () => {
  test('the histogram counts every line once, by level', async () => {
    const histogram = await client.call('logHistogram', { query: { service: 'api', ...RANGE, steps: 31 } });
    expect(histogram.total).toBe(3);
    expect(histogram.levels).toMatchObject({ error: 1, info: 2, unknown: 0 });
    expect(histogram.points.reduce((sum, { levels }) => sum + levels.info + levels.error, 0)).toBe(3);
    expect(histogram.stepMs).toBe(120_000);
  });

  test('patterns merge what differs in names and numbers, and tell what is new and gone', async () => {
    const { items } = await client.call('logPatterns', { query: RANGE });
    const of = (service: string) => items.filter(({ services }) => services.includes(service));
    expect(of('auth')).toMatchObject([{ template: 'user <*> logged in', count: 6, trend: { kind: 'new', before: 0 } }]);
    expect(of('gone')).toMatchObject([{ template: 'tick <num>', count: 0, trend: { kind: 'gone', before: 9 } }]);
    const [auth] = of('auth');
    expect(await found(auth?.query ?? '')).toHaveLength(6);
    expect(items.reduce((sum, { count }) => sum + count, 0)).toBe((await found('')).length);
  });

  test('fields have their most frequent values', async () => {
    const { items, sampled } = await client.call('logFields', { query: { service: 'api', ...RANGE } });
    expect(sampled).toBe(1);
    expect(items.find(({ name }) => name === 'http.route')).toEqual({
      name: 'http.route',
      count: 2,
      distinct: 1,
      values: [{ value: '/pay', count: 2 }],
    });
    expect(items.find(({ name }) => name === 'level')?.values).toContainEqual({ value: 'error', count: 1 });
  });

  test('the longest range that is allowed is answered', async () => {
    const query = { q: 'declined', from: Date.now() - 399 * 24 * HOUR, to: Date.now() };
    expect((await client.call('logList', { query })).items).toHaveLength(1);
    expect((await client.call('logHistogram', { query: { ...query, steps: 500 } })).total).toBe(1);
  });
});
