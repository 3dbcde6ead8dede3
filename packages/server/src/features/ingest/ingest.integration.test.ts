import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createSeries, type Series } from '../series/api.ts';
import { createTelemetryStore, type TelemetryStore } from '../telemetry/api.ts';
import { createIngest, type DroppedRows, type Ingest } from './api.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const clock = { now: () => Date.now() };
const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-ingest-'));
const dropped: DroppedRows[] = [];
let engine: TelemetryEngine;
let store: TelemetryStore;
let series: Series;
let ingest: Ingest;
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  engine = createTelemetryEngine({ dataDir, clock, log: silent });
  store = createTelemetryStore({ engine, clock, log: silent });
  series = createSeries({ reader: store.reader, clock, log: silent });
  ingest = createIngest({
    store,
    series,
    clock,
    log: silent,
    limits: { bodyBytes: 2 ** 20 },
    drops: { add: (drop) => dropped.push(drop) },
    requireIngestScope: async () => {},
  });
  app = Fastify();
  await app.register(ingest.routes);
  url = await app.listen({ port: 0, host: '127.0.0.1' });
});

afterAll(async () => {
  await app.close();
  await series.close();
  await store.close();
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test('outcomes told as OTLP metrics come back as blocks, however often they are sent', async () => {
  const body = JSON.stringify(outcomeRequest({ rollout: 'r1', units: 7, errors: 2 }));
  for (let i = 0; i < 3; i += 1) expect((await post('metrics', body)).status).toBe(200);
  const blocks = await blocksOf('r1', 'checkout');
  expect(blocks).toHaveLength(1);
  expect(blocks[0]).toMatchObject({
    canary: { n: 7, errors: 2, exposures: 0, distinctBad: 0 },
    control: { n: 0 },
  });
  expect([...(blocks[0]?.canary.duration ?? [])]).toEqual([
    [50, 3],
    [52, 4],
  ]);
  expect(ingest.stats().duplicates).toBe(2);
});

test('a span and a flag evaluation told by a log record become a unit of work', async () => {
  const now = BigInt(Date.now()) * 1_000_000n;
  const traceId = '0123456789abcdef0123456789abcdef';
  const resource = { attributes: attributes({ 'service.name': 'plain', 'service.instance.id': 'p-1' }) };
  const span = {
    traceId,
    spanId: '00000000000000aa',
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: String(now - 100_000_000n),
    endTimeUnixNano: String(now),
    attributes: attributes({ 'http.response.status_code': 503 }),
  };
  const record = {
    traceId,
    spanId: '00000000000000bb',
    timeUnixNano: String(now - 50_000_000n),
    eventName: 'feature_flag.evaluation',
    attributes: attributes({
      'feature_flag.key': 'plain.flag',
      'feature_flag.result.variant': 'off',
      'feature_flag.context.id': 'user-1',
    }),
  };
  const logs = { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] };
  const spans = { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
  expect((await post('logs', JSON.stringify(logs))).status).toBe(200);
  expect((await post('traces', JSON.stringify(spans))).status).toBe(200);
  const blocks = await blocksOf('r2', 'plain.flag');
  expect(blocks).toHaveLength(1);
  expect(blocks[0]?.control).toMatchObject({ n: 1, errors: 1, distinctBad: 1 });
  expect(blocks[0]?.controlGroups.n.reduce((a, b) => a + b)).toBe(1);
  const [seen] = await store.lastSeen({ service: 'plain', flagKey: 'plain.flag', sinceMs: Date.now() - 60_000 });
  expect(seen).toMatchObject({ service: 'plain', instance: 'p-1' });
  expect(seen?.outcomeAt).not.toBeNull();
  const series = await store.readServiceSeries({
    fromMs: Date.now() - 60_000,
    throughMs: Date.now() + 5000,
    stepSeconds: 60,
  });
  expect([...series.keys()]).toEqual(expect.arrayContaining(['plain', 'shop']));
  const since = { fromMs: Date.now() - 60_000, throughMs: Date.now() + 5000 };
  expect(await store.readBaseline({ flagKey: 'plain.flag', variant: 'off', ...since })).toMatchObject({
    units: 1,
    errors: 1,
  });
});

test('a partly storable request is answered with what was refused and why', async () => {
  const response = await post(
    'traces',
    JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'ab' }] }] }] }),
  );
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    partialSuccess: { rejectedSpans: '1', errorMessage: 'spans.trace_id has 1 bytes instead of 16' },
  });
});

test.each([
  ['an empty request', new Uint8Array(0), {}, 200, ''],
  ['a truncated protobuf', Uint8Array.of(0x0a, 0xff, 0x01, 1), {}, 400, 'ends early'],
  ['a truncated gzip', gzipSync('x'.repeat(1000)).subarray(0, 20), { 'content-encoding': 'gzip' }, 400, 'decompressed'],
  ['a body over the limit', new Uint8Array(2 ** 20 + 1), {}, 413, 'larger than'],
  ['a small bomb', gzipSync(new Uint8Array(2 ** 22)), { 'content-encoding': 'gzip' }, 413, 'larger than'],
  ['another content type', new Uint8Array(3), { 'content-type': 'text/csv' }, 415, 'text/csv'],
  ['another compression', new Uint8Array(3), { 'content-encoding': 'lzma' }, 415, 'lzma'],
])('%s is answered in words', async (_name, body, headers, status, words) => {
  const response = await post('metrics', body, { 'content-type': 'application/x-protobuf', ...headers });
  expect(response.status).toBe(status);
  expect(await response.text()).toContain(words);
});

async function blocksOf(rolloutId: string, flagKey: string) {
  const last = Math.floor(Date.now() / 1000);
  await expect.poll(() => store.closedThrough(), { timeout: 5000 }).toBeGreaterThanOrEqual(last);
  return store.readBlocks(
    { rolloutId, flagKey, canaryVariant: 'on', controlVariant: 'off', fromSecond: last - 30, sinceRevision: 0 },
    last,
  );
}

function post(signal: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : Buffer.from(body),
  });
}

function outcomeRequest(options: { rollout: string; units: number; errors: number }) {
  const series = attributes({
    'feature_flag.key': 'checkout',
    'feature_flag.version': '3',
    'feature_flag.result.variant': 'on',
    'belay.arm': 'randomised',
    'belay.side': 'canary',
    'belay.rollout': options.rollout,
    'belay.group': -1,
  });
  const timeUnixNano = `${Date.now()}000000`;
  const sum = (name: string, asInt: number) => ({
    name,
    sum: {
      aggregationTemporality: 1,
      isMonotonic: true,
      dataPoints: [{ timeUnixNano, asInt: String(asInt), attributes: series }],
    },
  });
  const duration = {
    name: 'belay.outcome.duration',
    unit: 'ms',
    exponentialHistogram: {
      aggregationTemporality: 1,
      dataPoints: [
        {
          timeUnixNano,
          scale: 5,
          count: '7',
          positive: { offset: 100, bucketCounts: ['1', '2', 0, 0, '4'] },
          attributes: series,
        },
      ],
    },
  };
  const metrics = [sum('belay.outcome.units', options.units), sum('belay.outcome.errors', options.errors), duration];
  const resource = { attributes: attributes({ 'service.name': 'shop', 'telemetry.sdk.name': 'belay' }) };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] };
}

function attributes(values: Record<string, string | number>) {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
}
