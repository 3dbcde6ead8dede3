import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as JsonMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createSeries, type Series } from '../series/api.ts';
import { createTelemetryStore, type TelemetryStore } from '../telemetry/api.ts';
import { createIngest } from './api.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const clock = { now: () => Date.now() };
const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-otel-'));
let engine: TelemetryEngine;
let store: TelemetryStore;
let series: Series;
let app: FastifyInstance;
let base: string;

beforeAll(async () => {
  engine = createTelemetryEngine({ dataDir, clock, log: silent });
  store = createTelemetryStore({ engine, clock, log: silent });
  app = Fastify();
  series = createSeries({ reader: store.reader, clock, log: silent });
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

test.each([
  ['protobuf', ProtoTraceExporter],
  ['JSON', JsonTraceExporter],
])('the official trace exporter stores spans with attributes, events and status in %s', async (name, Exporter) => {
  const exporter = new Exporter({ url: `${base}/v1/traces` });
  const processor = new BatchSpanProcessor({ exporter });
  const resource = resourceFromAttributes({ 'service.name': `traces-${name}`, 'service.instance.id': 'i-1' });
  const provider = new TracerProvider({ resource, spanProcessors: [processor] });
  const span = provider.getTracer('lib').startSpan('GET /cart', { kind: SpanKind.SERVER });
  span.setAttributes({ 'http.route': '/cart', 'http.response.status_code': 500, ratio: 0.5, tags: ['a', 'b'] });
  span.addEvent('feature_flag.evaluation', { 'feature_flag.key': 'cart', 'feature_flag.result.variant': 'on' });
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'größer' });
  span.end();
  await provider.forceFlush();
  await provider.shutdown();
  const rows = await select(`SELECT name, kind, status, status_message, http_status, route, flag_key, variant, is_unit,
    is_error, attributes, event_name, lower(hex(trace_id)) AS trace FROM spans WHERE service = 'traces-${name}'`);
  expect(rows).toEqual([
    {
      name: 'GET /cart',
      kind: 2,
      status: 2,
      status_message: 'größer',
      http_status: 500,
      route: '/cart',
      flag_key: 'cart',
      variant: 'on',
      is_unit: 1,
      is_error: 1,
      attributes: { 'http.route': '/cart', 'http.response.status_code': '500', ratio: '0.5', tags: '["a","b"]' },
      event_name: ['feature_flag.evaluation'],
      trace: span.spanContext().traceId,
    },
  ]);
});

test.each([
  ['protobuf', ProtoLogExporter],
  ['JSON', JsonLogExporter],
])('the official log exporter stores records in %s', async (name, Exporter) => {
  const exporter = new Exporter({ url: `${base}/v1/logs` });
  const resource = resourceFromAttributes({ 'service.name': `logs-${name}` });
  const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] });
  provider.getLogger('lib').emit({
    body: 'hello\n\nselect 1;',
    severityNumber: 13,
    severityText: 'WARN',
    eventName: 'e.1',
    attributes: { n: 7 },
  });
  await provider.forceFlush();
  await provider.shutdown();
  expect(
    await select(
      `SELECT body, severity, severity_text, event_name, attributes FROM logs WHERE service = 'logs-${name}'`,
    ),
  ).toEqual([
    { body: 'hello\n\nselect 1;', severity: 13, severity_text: 'WARN', event_name: 'e.1', attributes: { n: '7' } },
  ]);
});

test.each([
  ['protobuf', ProtoMetricExporter],
  ['JSON', JsonMetricExporter],
])('the official metric exporter stores outcomes in %s', async (name, Exporter) => {
  const exporter = new Exporter({ url: `${base}/v1/metrics`, temporalityPreference: AggregationTemporality.DELTA });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 3_600_000,
    exportTimeoutMillis: 10_000,
  });
  const resource = resourceFromAttributes({ 'service.name': `metrics-${name}` });
  const aggregation = {
    type: AggregationType.EXPONENTIAL_HISTOGRAM,
    options: { maxSize: 160, recordMinMax: true },
  } as const;
  const views = [{ instrumentName: 'belay.outcome.duration', aggregation }];
  const provider = new MeterProvider({ resource, readers: [reader], views });
  const meter = provider.getMeter('lib');
  const series = {
    'feature_flag.key': `m-${name}`,
    'belay.side': 'control',
    'belay.arm': 'randomised',
    'belay.rollout': 'm',
  };
  meter.createCounter('belay.outcome.units').add(3, series);
  const duration = meter.createHistogram('belay.outcome.duration', { unit: 'ms' });
  for (const ms of [10, 10, 40]) duration.record(ms, series);
  await provider.forceFlush();
  await provider.shutdown();
  // 10 lies in (2^(53/16), 2^(54/16)], 40 in (2^(85/16), 2^(86/16)].
  expect(await select(`SELECT units, hist, side FROM outcomes WHERE service = 'metrics-${name}'`)).toEqual([
    { units: 3, hist: { 53: 2, 85: 1 }, side: 'control' },
  ]);
});

async function select(query: string): Promise<unknown[]> {
  const result = await engine.client.query({ query, format: 'JSONEachRow' });
  return result.json();
}
