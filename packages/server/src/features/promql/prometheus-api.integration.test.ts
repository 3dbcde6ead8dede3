// Belay's Prometheus API as Grafana uses it, over a real engine.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMetricStore } from './metric-store-testbed.ts';
import type { MetricStore } from './metric-store-testbed.ts';
import { otlpSamples } from './otlp-samples.ts';
import { servePrometheusApi } from './prometheus-api-testbed.ts';
import type { PrometheusApi } from './prometheus-api-testbed.ts';

const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
const end = startMs / 1000 + 300;
const shop = { instance: 'shop:1', job: 'shop' };

let store: MetricStore;
let api: PrometheusApi;

beforeAll(async () => {
  store = await openMetricStore();
  api = await servePrometheusApi(store);
  await store.writeOtlp(otlpSamples(startMs));
  await store.writePrometheus([
    {
      labels: { __name__: 'up', ...shop },
      samples: [
        [startMs, 1],
        [startMs + 15_000, 1],
      ],
    },
    { labels: { __name__: 'node.temp', sensor: 'a"b', ...shop }, samples: [[startMs + 290_000, Infinity]] },
    {
      labels: { __name__: 'gone', ...shop },
      samples: [
        [startMs + 270_000, 7],
        [startMs + 280_000, 'stale'],
      ],
    },
    // Sent out of order, and one twice.
    {
      labels: { __name__: 'late', ...shop },
      samples: [
        [startMs + 280_000, 3],
        [startMs + 260_000, 1],
      ],
    },
  ]);
  await store.writePrometheus([
    {
      labels: { __name__: 'late', ...shop },
      samples: [
        [startMs + 270_000, 2],
        [startMs + 280_000, 4],
      ],
    },
  ]);
}, 60_000);

afterAll(async () => {
  await api.close();
  await store.close();
});

type Form = Readonly<Record<string, string | readonly string[]>>;

async function ask(path: string, form: Form = {}, method: 'GET' | 'POST' = 'GET') {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) for (const one of [value].flat()) parameters.append(name, one);
  const url = `${api.url}/api/v1/${path}`;
  const response = await (method === 'GET'
    ? fetch(`${url}?${parameters.toString()}`)
    : fetch(url, { method: 'POST', body: parameters }));
  // The envelope is the subject of these tests.
  const body = (await response.json()) as {
    status: string;
    errorType?: string;
    error?: string;
    warnings?: string[];
    data: never;
  };
  return { ...body, code: response.status };
}

/** Values of an instant query by one label. */
async function values(query: string, label = '__name__', time = end): Promise<Record<string, string>> {
  const answer = await ask('query', { query, time: String(time) });
  expect(answer, query).toMatchObject({ status: 'success' });
  const { result } = answer.data as { result: { metric: Record<string, string>; value: [number, string] }[] };
  return Object.fromEntries(result.map(({ metric, value }) => [metric[label] ?? '', value[1]]));
}

async function value(query: string, time = end): Promise<number> {
  const all = Object.values(await values(query, '', time));
  expect(all, query).toHaveLength(1);
  return Number(all[0]);
}

describe('series', () => {
  test('of OTLP carry job, service, instance and attributes in Prometheus spelling', async () => {
    const { data } = await ask('query', { query: 'queue_length', time: String(end) });
    expect(data).toEqual({
      resultType: 'vector',
      result: [
        {
          metric: {
            __name__: 'queue_length',
            http_route: '/pay',
            instance: 'i-1',
            job: 'checkout',
            service: 'checkout',
          },
          value: [end, '0'],
        },
      ],
    });
  });

  test.each([
    '{"queue.length"}',
    '{"queue.length", service="checkout"}',
    '{__name__=~"queue.+"}',
    '{job="checkout", __name__="queue_length"}',
    '{"queue.length", "http.route"="/pay"}',
    'queue_length{http_route=~"/p.*", instance!="x"}',
  ])('are found by %s', async (query) => {
    expect(Object.keys(await values(query))).toHaveLength(1);
  });

  test('of Prometheus keep their labels as they are', async () => {
    const { data } = await ask('query', { query: '{"node.temp"}', time: String(end) });
    expect(data).toMatchObject({
      result: [{ metric: { __name__: 'node.temp', sensor: 'a"b', ...shop }, value: [end, '+Inf'] }],
    });
  });

  test('end where their stale marker is', async () => {
    expect(await values('gone', '__name__', startMs / 1000 + 275)).toEqual({ gone: '7' });
    expect(await values('gone')).toEqual({});
    expect(await value('count_over_time(gone[1m])')).toBe(1);
  });

  test('are in order of time, each time once with what was sent last', async () => {
    const { data } = await ask('query', { query: 'late[1m]', time: String(end) });
    const at = (seconds: number) => startMs / 1000 + seconds;
    expect(data).toMatchObject({
      resultType: 'matrix',
      result: [
        {
          values: [
            [at(260), '1'],
            [at(270), '2'],
            [at(280), '4'],
          ],
        },
      ],
    });
  });
});

describe('kinds of metrics', () => {
  test('a counter has a rate', async () => {
    expect(await value('rate(http_server_requests_total[1m])')).toBeCloseTo(2, 9);
  });

  test('a counter of deltas is added up, so that its rate is right', async () => {
    expect(await value('rate(jobs_done_total[1m])')).toBeCloseTo(3, 9);
    expect(await value('sum(increase(jobs_done_total[2m]))')).toBeCloseTo(360, 9);
  });

  test.each(['http_server_request_duration_seconds', 'delta_duration_seconds'])(
    '%s appears as classic series',
    async (name) => {
      expect(await values(`rate(${name}_bucket[1m])`, 'le')).toEqual({
        '0.1': '0.5',
        '0.5': '0.8',
        '1': '1',
        '+Inf': '1',
      });
      expect(await value(`rate(${name}_count[1m])`)).toBeCloseTo(1, 9);
      expect(await value(`rate(${name}_sum[1m])`)).toBeCloseTo(0.25, 9);
      expect(await value(`histogram_quantile(0.5, rate(${name}_bucket[1m]))`)).toBeCloseTo(0.1, 9);
      expect(await value(`histogram_quantile(0.9, sum by (le) (rate(${name}_bucket[1m])))`)).toBeCloseTo(0.75, 9);
      expect(await values(`${name}_bucket{le="+Inf"}`, 'le')).toHaveProperty('+Inf');
      expect(await values(name)).toEqual({});
    },
  );

  test('an exponential histogram is a native one', async () => {
    const rate = 'rate(rpc_duration_seconds[1m])';
    expect(await value(`histogram_count(${rate})`)).toBeCloseTo(1, 9);
    expect(await value(`histogram_sum(sum(${rate}))`)).toBeCloseTo(3, 9);
    expect(await value(`histogram_avg(${rate})`)).toBeCloseTo(3, 9);
    expect(await value(`histogram_quantile(0.5, ${rate})`)).toBeCloseTo(2, 9);
    expect(await value(`histogram_quantile(0.75, ${rate})`)).toBeCloseTo(Math.sqrt(8), 9);
    expect(await value(`histogram_fraction(0, 2, ${rate})`)).toBeCloseTo(0.5, 9);
    expect(await value('rate(rpc_duration_seconds_count[1m])')).toBeCloseTo(1, 9);
    const { data } = await ask('query', { query: 'rpc_duration_seconds', time: String(end) });
    expect(data).toMatchObject({
      result: [
        {
          histogram: [
            end,
            {
              count: '300',
              sum: '900',
              buckets: [
                [0, '1', '2', '150'],
                [0, '2', '4', '150'],
              ],
            },
          ],
        },
      ],
    });
  });

  test('a summary has its quantiles', async () => {
    expect(await values('gc_pause_seconds', 'quantile')).toEqual({ '0.5': '0.05', '0.99': '0.2' });
    expect(await values('gc_pause_seconds{quantile="0.99"}', 'quantile')).toEqual({ '0.99': '0.2' });
    expect(await value('rate(gc_pause_seconds_count[1m])')).toBeCloseTo(0.4, 9);
  });
});

describe('range queries', () => {
  const range = { start: String(end - 60), end: String(end), step: '15s' };

  test.each(['GET', 'POST'] as const)('are answered by %s', async (method) => {
    const answer = await ask('query_range', { query: 'sum(queue_length)', ...range }, method);
    expect(answer).toMatchObject({ code: 200, status: 'success', data: { resultType: 'matrix' } });
    const { result } = answer.data as { result: { values: [number, string][] }[] };
    expect(result[0]?.values.map(([time]) => time)).toEqual([0, 15, 30, 45, 60].map((at) => end - 60 + at));
  });

  test('take times of RFC 3339 and scalars', async () => {
    const form = { ...range, start: new Date((end - 60) * 1000).toISOString(), query: '1 + 1' };
    expect(await ask('query_range', form)).toMatchObject({ data: { result: [{ metric: {}, values: { length: 5 } }] } });
  });

  test.each([
    [{ ...range, query: 'up[5m]' }, 400, 'bad_data', 'invalid expression type "range vector" for range query'],
    [{ ...range, query: 'up', step: '0' }, 400, 'bad_data', 'zero or negative query resolution'],
    [{ ...range, query: 'up', start: '0', step: '1' }, 400, 'bad_data', 'exceeded maximum resolution of 11,000 points'],
    [{ ...range, query: 'up', end: '0' }, 400, 'bad_data', 'end timestamp must not be before start time'],
    [{ ...range, query: 'up', start: 'soon' }, 400, 'bad_data', 'cannot parse "soon" to a valid timestamp'],
    [{ ...range, query: 'sum(' }, 400, 'bad_data', 'parse error: unexpected end of input'],
    [{ ...range, query: '' }, 400, 'bad_data', 'invalid parameter "query"'],
    [{ ...range, query: 'up', timeout: 'x' }, 400, 'bad_data', 'cannot parse "x" to a valid duration'],
    [
      { ...range, query: 'label_replace(up, "a", "", "b", "(")' },
      422,
      'execution',
      'invalid regular expression in label_replace(): (',
    ],
  ] as const)('refuse %j', async (form, code, errorType, message) => {
    const answer = await ask('query_range', form);
    expect(answer).toMatchObject({ code, status: 'error', errorType });
    expect(answer.error).toContain(message);
  });
});

describe('metadata', () => {
  test('names of labels', async () => {
    const { data } = await ask('labels');
    expect(data).toEqual(['__name__', 'http_route', 'instance', 'job', 'le', 'quantile', 'sensor', 'service']);
    expect((await ask('labels', { 'match[]': 'up' }, 'POST')).data).toEqual(['__name__', 'instance', 'job']);
  });

  test('values of a label', async () => {
    expect((await ask('label/job/values')).data).toEqual(['checkout', 'shop']);
    expect((await ask('label/http_route/values')).data).toEqual(['/pay']);
    expect((await ask('label/le/values', { 'match[]': 'http_server_request_duration_seconds_bucket' })).data).toEqual([
      '+Inf',
      '0.1',
      '0.5',
      '1',
    ]);
    expect((await ask('label/nothing/values')).data).toEqual([]);
    expect((await ask('label/__name__/values', { limit: '2' })).data).toHaveLength(2);
    const names = (await ask('label/__name__/values')).data;
    expect(names).toContain('http_server_request_duration_seconds_bucket');
    expect(names).toContain('up');
    expect(names).not.toContain('queue.length');
  });

  test('series', async () => {
    expect((await ask('series', { 'match[]': ['up', 'gc_pause_seconds'] })).data).toEqual([
      { __name__: 'up', ...shop },
      ...['0.5', '0.99'].map((quantile) => expect.objectContaining({ __name__: 'gc_pause_seconds', quantile })),
    ]);
    expect(await ask('series')).toMatchObject({ code: 400, error: expect.stringContaining('no match[]') });
    expect(await ask('series', { 'match[]': 'rate(up[5m])' })).toMatchObject({ code: 400 });
  });

  test('metrics', async () => {
    const { data } = await ask('metadata', { metric: 'http_server_request_duration_seconds' });
    expect(data).toEqual({
      http_server_request_duration_seconds: [{ type: 'histogram', help: 'Duration of HTTP requests', unit: 's' }],
    });
  });

  test('formatting, build, rules and exemplars', async () => {
    expect((await ask('format_query', { query: 'sum( up )by(job)' })).data).toBe('sum by (job) (up)');
    expect((await ask('status/buildinfo')).data).toMatchObject({ version: '3.0.0' });
    expect((await ask('rules')).data).toEqual({ groups: [] });
    expect((await ask('query_exemplars', { query: 'up' })).data).toEqual([]);
  });

  test('what Belay does not answer says so', async () => {
    expect(await ask('targets')).toMatchObject({ code: 404, errorType: 'not_found' });
  });
});

describe('limits', () => {
  test.each([
    [{ samples: 3, series: 100, timeoutMs: 10_000, concurrent: 9 }, 'queue_length[5m]', 422, 'too many samples'],
    [{ samples: 1e6, series: 2, timeoutMs: 10_000, concurrent: 9 }, '{job=~".+"}', 422, 'more than 2 series'],
    [{ samples: 1e6, series: 100, timeoutMs: 10_000, concurrent: 0 }, 'up', 503, 'no more are taken'],
    [{ samples: 1e9, series: 100, timeoutMs: 60, concurrent: 9 }, 'sum_over_time(vector(1)[90d:1s])', 503, 'timed out'],
  ])('%j refuse %s kindly', async (limits, query, code, message) => {
    const small = await servePrometheusApi(store, { limits });
    const response = await fetch(`${small.url}/api/v1/query?time=${end}&query=${encodeURIComponent(query)}`);
    const body = (await response.json()) as { error: string };
    expect(response.status, body.error).toBe(code);
    expect(body.error).toContain(message);
    await small.close();
  });
});
