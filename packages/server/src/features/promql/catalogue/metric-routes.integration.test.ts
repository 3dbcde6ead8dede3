import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetricLabels, MetricQueryResult, MetricView } from '@belay/protocol';
import { openMetricStore } from '../metric-store-testbed.ts';
import type { MetricStore } from '../metric-store-testbed.ts';
import { otlpSamples } from '../otlp-samples.ts';
import { servePrometheusApi } from '../prometheus-api-testbed.ts';
import type { PrometheusApi } from '../prometheus-api-testbed.ts';

const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
let store: MetricStore;
let api: PrometheusApi;

beforeAll(async () => {
  store = await openMetricStore();
  api = await servePrometheusApi(store);
  await store.writeOtlp(otlpSamples(startMs));
  const labels = (cpu: string) => ({ __name__: 'node_cpu_seconds_total', instance: 'n1', job: 'node', cpu });
  await store.writePrometheus([
    {
      labels: labels('0'),
      samples: [
        [startMs, 1],
        [startMs + 60_000, 61],
      ],
    },
    {
      labels: labels('1'),
      samples: [
        [startMs, 1],
        [startMs + 60_000, 601],
      ],
    },
  ]);
}, 60_000);

afterAll(async () => {
  await api.close();
  await store.close();
});

/** Bare, without the server's own checks, so a refusal comes as fastify writes it. */
async function get<Answer>(path: string): Promise<Answer> {
  const response = await fetch(api.url.replace('/prometheus', path));
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as Answer;
}

async function query(body: object): Promise<{ status: number; answer: MetricQueryResult & { message?: string } }> {
  const response = await fetch(api.url.replace('/prometheus', '/api/v1/metrics/query'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as MetricQueryResult };
}

interface Page {
  readonly items: MetricView[];
  readonly next: string | null;
}

describe('the catalogue', () => {
  test('describes each metric and suggests a query', async () => {
    const { items } = await get<Page>('/api/v1/metrics?q=http duration');
    expect(items).toEqual([
      {
        metric: 'http.server.request.duration',
        prom: 'http_server_request_duration_seconds',
        kind: 'histogram',
        temporality: 'cumulative',
        monotonic: expect.any(Boolean),
        unit: 's',
        description: 'Duration of HTTP requests',
        services: ['checkout'],
        series: 1,
        lastSeen: expect.any(Number),
        suggestions: expect.arrayContaining([expect.objectContaining({ title: 'p95, by service' })]),
      },
    ]);
  });

  test.each([
    ['service=node', ['node_cpu_seconds_total']],
    ['kind=exponential', ['rpc.duration']],
    ['q=SECONDS_TOTAL', ['node_cpu_seconds_total']],
    ['q=nothing', []],
    [`since=${startMs + 86_400_000 * 2}`, []],
  ])('is searched by %s', async (search, metrics) => {
    const { items } = await get<Page>(`/api/v1/metrics?${search}`);
    expect(items.map(({ metric }) => metric)).toEqual(metrics);
  });

  test('comes in pages', async () => {
    const found: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const page: Page = await get<Page>(`/api/v1/metrics?limit=3${next === '' ? '' : `&cursor=${next}`}`);
      expect(page.items.length).toBeLessThanOrEqual(3);
      found.push(...page.items.map(({ metric }) => metric));
      next = page.next;
    }
    expect(found).toHaveLength(8);
    expect(found).toEqual([...new Set(found)].sort());
  });

  test('counts the values of labels', async () => {
    const byProm = await get<MetricLabels>('/api/v1/metrics/labels?metric=node_cpu_seconds_total&values=1');
    expect(byProm.labels).toEqual([
      { name: 'cpu', distinct: 2, values: [{ value: '0', series: 1 }] },
      { name: 'instance', distinct: 1, values: [{ value: 'n1', series: 2 }] },
      { name: 'job', distinct: 1, values: [{ value: 'node', series: 2 }] },
    ]);
    const asSent = await get<MetricLabels>(
      '/api/v1/metrics/labels?metric=http.server.request.duration&service=checkout',
    );
    expect(asSent).toMatchObject({ prom: 'http_server_request_duration_seconds', labels: { length: 4 } });
    expect((await get<MetricLabels>('/api/v1/metrics/labels?metric=nothing')).labels).toEqual([]);
  });
});

describe('charts', () => {
  const range = { from: startMs, to: startMs + 300_000 };

  test('have all series on one grid, with nulls where there is nothing', async () => {
    const { answer } = await query({ ...range, query: 'node_cpu_seconds_total{cpu="0"}', stepSeconds: 60 });
    expect(answer).toMatchObject({
      start: startMs,
      stepSeconds: 60,
      points: 6,
      seriesFound: 1,
      unit: '',
      warnings: [],
    });
    expect(answer.series).toEqual([
      {
        name: 'node_cpu_seconds_total{cpu="0", instance="n1", job="node"}',
        labels: { __name__: 'node_cpu_seconds_total', cpu: '0', instance: 'n1', job: 'node' },
        values: [1, 61, 61, 61, 61, 61],
      },
    ]);
    expect(answer.suggestions[0]?.query).toBe('sum by (job) (rate(node_cpu_seconds_total[5m]))');
  });

  test('choose a step and keep the highest series', async () => {
    const { answer } = await query({ ...range, query: 'rate(node_cpu_seconds_total[2m])', maxSeries: 1 });
    expect(answer.stepSeconds).toBe(2);
    expect(answer.seriesFound).toBe(2);
    expect(answer.series.map(({ labels }) => labels['cpu'])).toEqual(['1']);
    expect(answer.warnings).toEqual(['2 series were found; the 1 with the highest values are shown.']);
  });

  test.each([
    ['histogram_quantile(0.95, rate(http_server_request_duration_seconds_bucket[1m]))', 's'],
    ['rate(http_server_request_duration_seconds_sum[1m]) / rate(http_server_request_duration_seconds_count[1m])', 's'],
    ['rate(http_server_request_duration_seconds_count[1m])', '1/s'],
    ['avg(queue_length)', '{items}'],
    ['vector(1)', ''],
  ])('know the unit of %s', async (promql, unit) => {
    expect((await query({ ...range, query: promql })).answer.unit).toBe(unit);
  });

  test.each([
    [{ ...range, query: 'up[5m]' }],
    [{ ...range, query: 'sum(' }],
    [{ ...range, to: range.from, query: 'up' }],
    [{ from: 0, to: Date.now(), query: 'up', stepSeconds: 1 }],
    [{ ...range, query: '' }],
    [{ query: 'up' }],
  ])('refuse %j', async (body) => {
    expect((await query(body)).answer).not.toHaveProperty('series');
  });
});
