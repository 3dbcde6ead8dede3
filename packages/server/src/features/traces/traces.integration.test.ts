import { type Client, createClient } from '@belay/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LogsTestbed, openLogsTestbed } from '../logs/logs-testbed.ts';
import { type SentSpan, traceId, traceRequest } from './traces-testbed.ts';

const NOW = Date.now() - 120_000;
const HOUR = 3_600_000;
const RANGE = { from: NOW - HOUR / 2, to: NOW + 60_000 };

let bed: LogsTestbed;
let client: Client;

/** A request to the shop: serves, asks the stock service, and runs statements one after the other. */
function shopTrace(
  n: number,
  { variant, statements }: { readonly variant: 'on' | 'off'; readonly statements: number },
): SentSpan[] {
  const trace = `a${n.toString(16)}`;
  const at = NOW - n * 1000;
  const isOn = variant === 'on';
  const base = 30 + statements * 4 + (isOn ? 40 : 0);
  const fails = isOn && n % 10 < 4;
  return [
    {
      trace,
      span: '1',
      service: 'shop',
      name: 'GET /cart',
      kind: 2,
      at,
      ms: base,
      flag: ['cart.v2', variant],
      attributes: { 'http.route': '/cart', tenant: n % 2 === 0 ? 'even' : "o'dd" },
      ...(fails ? { error: 'price service said no' } : {}),
    },
    {
      trace,
      span: '2',
      parent: '1',
      service: 'shop',
      name: 'GET stock',
      kind: 3,
      at: at + 1,
      ms: 10,
      attributes: { 'server.address': 'stock' },
    },
    { trace, span: '3', parent: '2', service: 'stock', name: 'GET /stock', kind: 2, at: at + 3, ms: 5 },
    ...Array.from({ length: statements }, (_, i): SentSpan => ({
      trace,
      span: `1${i.toString(16).padStart(2, '0')}`,
      parent: '1',
      service: 'shop',
      name: 'SELECT item',
      kind: 3,
      at: at + 12 + i * 4,
      ms: 3.9,
      attributes: {
        'db.system': 'postgresql',
        'db.name': 'shop',
        'db.statement': `SELECT * FROM item WHERE id = ${n * 100 + i} AND name = 'x${i}'`,
      },
    })),
    ...(isOn
      ? [
          { trace, span: '4', parent: '1', service: 'shop', name: 'price.lookup', at: at + base - 40, ms: 38 },
          {
            trace,
            span: '5',
            parent: '4',
            service: 'shop',
            name: 'publish priced',
            kind: 4,
            at: at + base - 5,
            ms: 1,
            attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'priced' },
          },
          {
            trace,
            span: '6',
            parent: '5',
            service: 'billing',
            name: 'process priced',
            kind: 5,
            at: at + base + 500,
            ms: 7,
            attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'priced' },
          },
        ]
      : []),
  ];
}

beforeAll(async () => {
  bed = await openLogsTestbed();
  client = createClient({ baseUrl: bed.server.url, token: bed.token });
  const traces = Array.from({ length: 60 }, (_, n) =>
    shopTrace(n + 1, { variant: n % 2 === 0 ? 'on' : 'off', statements: n % 3 === 0 ? 12 : 1 }),
  );
  await bed.post('traces', traceRequest(traces.flat()));
  await bed.post(
    'traces',
    traceRequest(
      Array.from({ length: 10 }, (_, n) => ({
        trace: `b${n}`,
        span: '1',
        service: 'shop',
        name: 'GET /cart',
        kind: 2,
        at: RANGE.from - 60_000 - n * 1000,
        ms: 20,
      })),
    ),
  );
  await bed.send([{ body: 'in the trace', at: NOW, service: 'shop', traceId: traceId('a1') }]);
}, 60_000);
afterAll(() => bed.close());

describe('the list of traces', () => {
  const list = (query: object) => client.call('traceList', { query: { ...RANGE, limit: 200, ...query } });

  test('one row a trace, newest first', async () => {
    const { items, next } = await list({});
    expect(next).toBeNull();
    expect(items).toHaveLength(60);
    expect(items[0]).toMatchObject({
      traceId: traceId('a1'),
      rootService: 'shop',
      rootOperation: 'GET /cart',
      hasRoot: true,
      services: ['billing', 'shop', 'stock'],
      spans: 3 + 12 + 3,
      errors: 1,
      flags: [{ flagKey: 'cart.v2', variant: 'on' }],
    });
  });

  test.each([
    [{ service: 'billing' }, 30],
    [{ service: 'stock', operation: 'GET /stock' }, 60],
    [{ service: 'stock', operation: 'GET /cart' }, 0],
    [{ status: 'error' }, 12],
    [{ status: 'ok' }, 48],
    [{ minMs: 100 }, 10],
    [{ maxMs: 40 }, 20],
    [{ field: ["tenant=o'dd"] }, 30],
    [{ field: ["tenant=o'dd", 'http.route=/cart'] }, 30],
    [{ field: ['tenant=nobody'] }, 0],
    [{ flag: 'cart.v2', variant: 'off' }, 30],
    [{ flag: 'cart.v2' }, 60],
    [{ flag: 'other' }, 0],
  ] as const)('%j finds %i', async (query, count) => {
    const { items } = await list(query);
    expect(items).toHaveLength(count);
  });

  test.each(['newest', 'slowest'] as const)('pages of the %s hold every trace once', async (sort) => {
    const seen: string[] = [];
    const keys: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await list({ sort, limit: 7, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map((item) => item.traceId));
      keys.push(...page.items.map((item) => (sort === 'newest' ? item.startAt : item.spans)));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(60);
    expect(seen).toHaveLength(60);
    if (sort === 'slowest') expect(keys[0]).toBe(18);
  });

  test.each([
    "' OR 1=1 --",
    '{p0:String}',
    String.raw`\'; DROP TABLE spans`,
    'a\n\nDROP TABLE spans',
    '日本 ünï 🚀',
    '\u0000',
  ])('%j is data in every parameter', async (text) => {
    const outcomes = await Promise.allSettled([
      list({ service: text, operation: text, field: [`${text}=${text}`], flag: text, variant: text }),
      client.call('traceGet', { params: { id: encodeURIComponent(text) } }),
      client.call('operationList', { query: { ...RANGE, service: text } }),
      client.call('queryPatternList', { query: { ...RANGE, service: text, operation: text } }),
      client.call('serviceMap', { query: { ...RANGE, service: text } }),
      client.call('traceCompare', { query: { ...RANGE, flag: text, canary: text, control: text } }),
      client.call('traceCompare', { query: { rollout: text } }),
      list({ cursor: text }),
      client.call('operationList', { query: { ...RANGE, cursor: text } }),
    ]);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(['request.invalid', 'rollout.not-found']).toContain(outcome.reason.code);
    }
    expect((await list({})).items).toHaveLength(60);
  });
});

describe('one trace', () => {
  test('is a waterfall with everything that is known', async () => {
    const trace = await client.call('traceGet', { params: { id: traceId('a1').toUpperCase() } });
    expect(trace).toMatchObject({
      total: 18,
      errors: 1,
      logs: 1,
      issues: [],
      notes: [],
      flags: [{ flagKey: 'cart.v2', variant: 'on' }],
    });
    expect(trace.spans[0]).toMatchObject({
      name: 'GET /cart',
      depth: 0,
      startMs: 0,
      kind: 'server',
      isError: true,
      parentId: null,
    });
    expect(trace.spans[0]?.events).toMatchObject([{ name: 'feature_flag.evaluation', startMs: 0 }]);
    expect(trace.spans.find(({ name }) => name === 'GET /stock')).toMatchObject({
      depth: 2,
      startMs: 3,
      durationMs: 5,
      selfMs: 5,
    });
  });

  test('survives missing parents, circles, doubled ids and clocks apart', async () => {
    const span = (id: string, parent: string | undefined, rest: Partial<SentSpan> = {}): SentSpan => ({
      trace: 'c1',
      span: id,
      service: 'odd',
      name: `n${id}`,
      at: NOW,
      ms: 10,
      ...(parent === undefined ? {} : { parent }),
      ...rest,
    });
    await bed.post(
      'traces',
      traceRequest([
        span('1', undefined),
        span('2', '99'),
        span('3', '4'),
        span('4', '3'),
        span('5', '5'),
        span('6', '1'),
        span('6', '1'),
        span('7', '1', { service: 'behind', kind: 2, at: NOW - 5000, ms: 4 }),
        span('8', '1', { links: [['d1', '1']] }),
      ]),
    );
    const trace = await client.call('traceGet', { params: { id: traceId('c1') } });
    expect(trace.spans).toHaveLength(9);
    expect(
      trace.spans
        .filter(({ depth }) => depth === 0)
        .map(({ placed }) => placed)
        .toSorted(),
    ).toEqual(['cycle', 'cycle', 'missing-parent', 'root']);
    expect(trace.spans.find(({ service }) => service === 'behind')).toMatchObject({ startMs: 3, skewMs: 5003 });
    expect(trace.spans.find(({ name }) => name === 'n8')?.links).toEqual([
      { traceId: traceId('d1'), spanId: '0000000000000001' },
    ]);
    expect(trace.notes).toHaveLength(4);
  });

  test('of more than ten thousand spans, errors and the earliest are shown, and it says so', async () => {
    const deep = Array.from({ length: 10_400 }, (_, n): SentSpan => ({
      trace: 'e1',
      span: (n + 1).toString(16),
      service: 'deep',
      name: 'level',
      at: NOW + n / 1000,
      ms: 1,
      ...(n === 0 ? {} : { parent: n.toString(16) }),
      ...(n === 10_399 ? { error: 'at the bottom' } : {}),
    }));
    await bed.post('traces', traceRequest(deep));
    const trace = await client.call('traceGet', { params: { id: traceId('e1') } });
    expect(trace.total).toBe(10_400);
    expect(trace.spans).toHaveLength(10_000);
    expect(trace.spans.some(({ statusMessage }) => statusMessage === 'at the bottom')).toBe(true);
    expect(trace.notes[0]).toBe('The trace has 10400 spans; 10000 are shown: those with errors, then the earliest.');
  });

  test('that is not stored is told apart from one that cannot be', async () => {
    const get = (id: string) => client.call('traceGet', { params: { id } });
    await expect(get('f'.repeat(32))).rejects.toMatchObject({ code: 'trace.not-found' });
    await expect(get('nonsense')).rejects.toMatchObject({ code: 'request.invalid' });
  });
});

test('operations have rate, errors and durations, and how they were before', async () => {
  const { items } = await client.call('operationList', { query: { ...RANGE, service: 'shop' } });
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({
    operation: 'GET /cart',
    requests: 60,
    errors: 12,
    errorRatio: 0.2,
    before: { requests: 10, p95Ms: expect.closeTo(20, 0) },
  });
  const calls = await client.call('operationList', { query: { ...RANGE, service: 'shop', kind: 'calls', limit: 1 } });
  expect(calls.items[0]).toMatchObject({ operation: 'SELECT item', requests: 20 * 12 + 40 });
  const rest = await client.call('operationList', {
    query: { ...RANGE, service: 'shop', kind: 'calls', cursor: calls.next ?? '' },
  });
  expect(rest.items.map(({ operation }) => operation)).toEqual(['GET stock', 'publish priced']);
});

test('the service map has services, the database, and the queue between two of them', async () => {
  const map = await client.call('serviceMap', { query: { ...RANGE, service: 'shop' } });
  const edges = map.edges.map(({ from, to, requests }) => `${from} > ${to} ${requests}`).toSorted();
  expect(edges).toEqual(['shop > database:postgresql/shop 280', 'shop > queue:kafka/priced 30', 'shop > stock 60']);
  expect(map.nodes.find(({ id }) => id === 'shop')).toMatchObject({ kind: 'service', requests: 60, errors: 12 });
  const whole = await client.call('serviceMap', { query: RANGE });
  expect(whole.edges.map(({ from, to }) => `${from} > ${to}`)).toContain('queue:kafka/priced > billing');
  expect(whole.nodes.find(({ id }) => id === 'queue:kafka/priced')).toMatchObject({
    requests: 30,
    kind: 'queue',
    system: 'kafka',
  });
});

test('statements are counted without their values, and N+1 is found with evidence', async () => {
  const { items, sampled } = await client.call('queryPatternList', { query: RANGE });
  expect(sampled).toBe(1);
  expect(items).toMatchObject([
    {
      service: 'shop',
      operation: 'GET /cart',
      system: 'postgresql',
      statement: 'SELECT * FROM item WHERE id = ? AND name = ?',
      calls: 280,
      requests: 60,
      callsPerRequest: { p50: 1, max: 12 },
      maxMs: 3.9,
      nPlusOne: { requests: 20 },
    },
  ]);
  expect(items[0]?.nPlusOne?.sentence).toBe(
    'GET /cart runs this statement about 12 times in a row in 20 of 60 requests. Ask for all rows at once.',
  );
  expect(items[0]?.evidence[0]).toMatchObject({ calls: 12 });
  expect(items[0]?.shareOfRequest).toBeGreaterThan(0.1);
});

test('canary and control are compared by where time goes', async () => {
  const comparison = await client.call('traceCompare', {
    query: { ...RANGE, flag: 'cart.v2', canary: 'on', control: 'off' },
  });
  expect(comparison.canary).toMatchObject({ requests: 30, errors: 12 });
  expect(comparison.control).toMatchObject({ requests: 30, errors: 0 });
  expect(comparison.steps[0]).toMatchObject({ operation: 'price.lookup', presence: 'new', differenceMs: 37 });
  expect(comparison.steps.find(({ operation }) => operation === 'GET stock')).toMatchObject({
    presence: 'both',
    differenceMs: 0,
  });
  expect(comparison.errors).toMatchObject([{ message: 'price service said no', canary: 12, control: 0 }]);
  expect(comparison.canary.exemplars.map(({ why }) => why)).toEqual([
    'error',
    'error',
    'error',
    'slow',
    'slow',
    'slow',
    'typical',
  ]);
  expect(comparison.sentence).toBe(
    '12 of 30 requests of the new path failed, against 0 of 30 of the old one. ' +
      'The new path spends 37 ms a request in price.lookup (shop), which the old one never does.',
  );
  const swapped = await client.call('traceCompare', {
    query: { ...RANGE, flag: 'cart.v2', canary: 'off', control: 'on' },
  });
  expect(swapped.sentence).toBe('The new path saves 37 ms a request by no longer doing price.lookup (shop).');
  const nothing = await client.call('traceCompare', {
    query: { ...RANGE, flag: 'none', canary: 'on', control: 'off' },
  });
  expect(nothing.sentence).toContain('nothing to compare');
});
