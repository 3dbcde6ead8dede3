import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createSeries, type Series } from '../series/api.ts';
import { createTelemetryStore, type TelemetryStore } from '../telemetry/api.ts';
import { createIngest } from './api.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const clock = { now: () => Date.now() };
const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-otel-metrics-'));
let engine: TelemetryEngine;
let store: TelemetryStore;
let series: Series;
let app: FastifyInstance;
let base: string;

beforeAll(async () => {
  engine = createTelemetryEngine({ dataDir, clock, log: silent });
  store = createTelemetryStore({ engine, clock, log: silent });
  series = createSeries({ reader: store.reader, clock, log: silent });
  app = Fastify();
  await app.register(
    createIngest({ store, series, clock, log: silent, drops: { add() {} }, requireIngestScope: async () => {} }).routes,
  );
  base = await app.listen({ port: 0, host: '127.0.0.1' });
});

afterAll(async () => {
  await app.close();
  await series.close();
  await store.close();
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const { CUMULATIVE, DELTA } = AggregationTemporality;

test.each([
  ['protobuf', 'cumulative', ProtoExporter, CUMULATIVE, 2],
  ['protobuf', 'delta', ProtoExporter, DELTA, 1],
  ['JSON', 'cumulative', JsonExporter, CUMULATIVE, 2],
  ['JSON', 'delta', JsonExporter, DELTA, 1],
] as const)(
  'the official SDK stores every instrument in %s, %s',
  async (encoding, kind, Exporter, preference, wanted) => {
    const service = `sdk-${encoding}-${kind}`;
    const exporter = new Exporter({ url: `${base}/v1/metrics`, temporalityPreference: preference });
    const reader = new PeriodicExportingMetricReader({
      exporter,
      exportIntervalMillis: 3_600_000,
      exportTimeoutMillis: 10_000,
    });
    const provider = new MeterProvider({
      resource: resourceFromAttributes({ 'service.name': service, 'service.instance.id': 'i-1', team: 'a' }),
      readers: [reader],
      views: [
        {
          instrumentName: 'rpc.size',
          aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 160, recordMinMax: true } },
        },
      ],
    });
    const meter = provider.getMeter('lib');
    const counter = meter.createCounter('orders', { unit: '{order}', description: 'Orders taken' });
    const upDown = meter.createUpDownCounter('in.flight');
    const gauge = meter.createGauge('temperature', { unit: 'Cel' });
    const histogram = meter.createHistogram('http.server.request.duration', {
      unit: 's',
      advice: { explicitBucketBoundaries: [0.1, 1] },
    });
    const exponential = meter.createHistogram('rpc.size', { unit: 'By' });
    meter
      .createObservableCounter('cpu.time', { unit: 's' })
      .addCallback((result) => result.observe(12.5, { core: '0' }));
    meter.createObservableUpDownCounter('queue').addCallback((result) => result.observe(-3));
    meter.createObservableGauge('memory', { unit: 'By' }).addCallback((result) => result.observe(1024));
    for (let round = 0; round < 2; round += 1) {
      counter.add(2, { 'shop.region': 'eu' });
      upDown.add(-1);
      gauge.record(21.5);
      for (const seconds of [0.05, 0.5, 5]) histogram.record(seconds, { 'http.route': '/cart' });
      for (const bytes of [0, 1, 4, 4]) exponential.record(bytes);
      await provider.forceFlush();
    }
    await provider.shutdown();

    const numbers =
      await select(`SELECT s.prom AS prom, s.kind AS kind, s.temporality AS temporality, s.labels AS labels,
      groupArray(value) AS seen
    FROM (SELECT fp, value FROM m_num ORDER BY ts) AS m INNER JOIN (SELECT * FROM series FINAL WHERE service = '${service}') AS s USING fp
    GROUP BY ALL ORDER BY prom`);
    const isDelta = wanted === 1;
    // The SDK tells what goes up and down as it is, whatever is preferred.
    expect(numbers.map(({ prom, kind: of, temporality }) => [prom, of, temporality])).toEqual([
      ['cpu_time_seconds_total', 'sum', wanted],
      ['in_flight', 'sum', 2],
      ['memory_bytes', 'gauge', 0],
      ['orders_total', 'sum', wanted],
      ['queue', 'sum', 2],
      ['temperature_celsius', 'gauge', 0],
    ]);
    const orders = numbers.find(({ prom }) => prom === 'orders_total');
    expect(orders).toMatchObject({ labels: { 'shop.region': 'eu' } });
    const seen = orders?.['seen'];
    expect(Array.isArray(seen) ? seen.slice(0, 2) : seen).toEqual(isDelta ? [2, 2] : [2, 4]);

    const [first] = await select(`SELECT count, sum, min, max, bounds, counts FROM m_hist
    WHERE fp IN (SELECT fp FROM series WHERE service = '${service}') ORDER BY ts LIMIT 1`);
    expect(first).toMatchObject({ count: 3, min: 0.05, max: 5, bounds: [0.1, 1], counts: [1, 1, 1] });
    const [size] = await select(`SELECT count, sum, zero_count, arraySum(pos) AS inBuckets, max FROM m_exp
    WHERE fp IN (SELECT fp FROM series WHERE service = '${service}') ORDER BY ts LIMIT 1`);
    expect(size).toMatchObject({ count: 4, sum: 9, zero_count: 1, inBuckets: 3, max: 4 });
    expect(await select(`SELECT attributes FROM resources WHERE service = '${service}'`)).toMatchObject([
      { attributes: { team: 'a' } },
    ]);
  },
);

async function select(query: string): Promise<Record<string, unknown>[]> {
  const result = await engine.client.query({ query, format: 'JSONEachRow' });
  return result.json<Record<string, unknown>>();
}
