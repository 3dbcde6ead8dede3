import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { decodeRemoteWrite } from '@belay/wire';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createSeries, type Series } from '../series/api.ts';
import { createTelemetryStore, type TelemetryStore } from '../telemetry/api.ts';
import { createIngest, type DroppedRows, type Ingest } from './api.ts';

const SCHEMA = `syntax = "proto3";
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; }
message Metadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
message Histogram { uint64 count_int = 1; double sum = 3; sint32 schema = 4; repeated Span positive_spans = 11;
  repeated sint64 positive_deltas = 12; int64 timestamp = 15; }
message Span { sint32 offset = 1; uint32 length = 2; }
message SeriesV1 { repeated Label labels = 1; repeated Sample samples = 2; repeated Histogram histograms = 4; }
message WriteV1 { repeated SeriesV1 timeseries = 1; repeated Metadata metadata = 3; }
message SeriesV2 { repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3; }
message WriteV2 { repeated string symbols = 4; repeated SeriesV2 timeseries = 5; }`;
const { root } = protobuf.parse(SCHEMA, { keepCase: true });
const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const clock = { now: () => Date.now() };
const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-write-'));
let engine: TelemetryEngine;
let store: TelemetryStore;
let series: Series;
let ingest: Ingest;
const dropped: DroppedRows[] = [];
let app: FastifyInstance;
let base: string;

beforeAll(async () => {
  engine = createTelemetryEngine({ dataDir, clock, log: silent });
  store = createTelemetryStore({ engine, clock, log: silent });
  series = createSeries({
    reader: store.reader,
    clock,
    log: silent,
    limits: { newPerHour: 200, active: 200 },
  });
  ingest = createIngest({
    store,
    series,
    clock,
    log: silent,
    limits: { bodyBytes: 2 ** 20 },
    drops: { add: (drop) => void dropped.push(drop) },
    requireIngestScope: async () => {},
  });
  app = Fastify();
  await app.register(ingest.routes);
  await app.register(series.routes);
  base = await app.listen({ port: 0, host: '127.0.0.1' });
});

afterAll(async () => {
  await app.close();
  await series.close();
  await store.close();
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test.each(['/api/v1/write', '/prometheus/api/v1/write'])('samples sent to %s are stored once', async (url) => {
  const now = Date.now();
  const job = `once-${url.length}`;
  const body = writeV1([{ labels: { __name__: 'up', job, instance: 'a' }, values: [1, 0, Number.NaN], now }]);
  for (let i = 0; i < 3; i += 1) expect((await post(url, body)).status).toBe(204);
  expect(await numbersOf(job)).toEqual([
    { metric: 'up', instance: 'a', ts: now - 2000, bits: '3FF0000000000000' },
    { metric: 'up', instance: 'a', ts: now - 1000, bits: '00' },
    { metric: 'up', instance: 'a', ts: now, bits: '7FF8000000000000' },
  ]);
});

test('stale markers, infinities and negative zero are kept bit by bit', async () => {
  const now = Date.now();
  const body = writeV1([{ labels: { __name__: 'bits', job: 'bits' }, values: [1234.5], now }]);
  const plain = Buffer.from(body);
  const bits = Buffer.alloc(8);
  bits.writeDoubleLE(1234.5);
  const at = plain.indexOf(bits);
  const sent = ['7FF0000000000002', '7FF0000000000000', 'FFF0000000000000', '8000000000000000', '7FF8000000000001'];
  for (const [index, hex] of sent.entries()) {
    const changed = Buffer.from(plain);
    changed.writeBigUInt64LE(BigInt(`0x${hex}`), at);
    expect((await post('/api/v1/write', changed)).status, String(index)).toBe(204);
  }
  const stored = (await numbersOf('bits')).map((row) => String(row['bits']));
  expect(new Set(stored)).toEqual(new Set(sent));
  expect(stored).toHaveLength(sent.length);
});

test('metadata describes series, whenever it comes', async () => {
  const labels = { __name__: 'room_degrees', job: 'meta' };
  expect((await post('/api/v1/write', writeV1([{ labels, values: [20], now: Date.now() }]))).status).toBe(204);
  const metadata = { type: 2, metric_family_name: 'room_degrees', help: 'How warm it is', unit: 'celsius' };
  expect((await post('/api/v1/write', encode('WriteV1', { metadata: [metadata] }))).status).toBe(204);
  expect((await post('/api/v1/write', writeV1([{ labels, values: [21], now: Date.now() }]))).status).toBe(204);
  expect(
    await select(`SELECT prom, kind, unit, description, source, toString(labels) AS labels FROM series FINAL
      WHERE service = 'meta'`),
  ).toEqual([
    {
      prom: 'room_degrees',
      kind: 'gauge',
      unit: 'celsius',
      description: 'How warm it is',
      source: 'remote-write',
      labels: "{'job':'meta'}",
    },
  ]);
});

test('a restart writes no series without the description that is stored', async () => {
  const labels = { __name__: 'lasting_total', job: 'lasting' };
  const metadata = [{ type: 1, metric_family_name: 'lasting_total', help: 'It lasts', unit: '' }];
  const described = writeV1([{ labels, values: [1], now: Date.now() }], metadata);
  expect((await post('/api/v1/write', described)).status).toBe(204);
  const restarted = createSeries({ reader: store.reader, clock, log: silent });
  await restarted.whenReady();
  const body = writeV1([{ labels: { ...labels, instance: 'new' }, values: [1], now: Date.now() }]);
  const decoded = decodeRemoteWrite(body, {
    version: 1,
    index: restarted.index,
    times: restarted.timeBounds(),
    serviceLabels: ['job'],
  });
  await store.write(restarted.contentOf(decoded), { hash: 0x1a57n, bytes: body.length });
  await restarted.close();
  expect(
    await select(`SELECT instance, description FROM series FINAL WHERE service = 'lasting' ORDER BY instance`),
  ).toEqual([
    { instance: '', description: 'It lasts' },
    { instance: 'new', description: 'It lasts' },
  ]);
});

test('version 2 tells what was written, and native histograms become exponential ones', async () => {
  const symbols = ['', '__name__', 'rpc_seconds', 'job', 'two'];
  const timestamp = Date.now();
  const positive = { positive_spans: [{ offset: 0, length: 2 }], positive_deltas: [3, -1] };
  const histogram = { timestamp, count_int: 5, sum: 7.5, schema: 2, ...positive };
  const timeseries = [{ labels_refs: [1, 2, 3, 4], histograms: [histogram] }];
  const response = await post('/api/v1/write', encode('WriteV2', { symbols, timeseries }), { 'content-type': V2 });
  expect(response.status).toBe(204);
  expect(writtenOf(response)).toEqual(['0', '1', '0']);
  expect(await select(`SELECT count, sum, scale, pos_offset, pos FROM m_exp WHERE metric = 'rpc_seconds'`)).toEqual([
    { count: 5, sum: 7.5, scale: 2, pos_offset: -1, pos: [3, 2] },
  ]);
});

test('what can never be stored is answered 400 with the reason, and the rest is stored', async () => {
  const now = Date.now();
  const old = { labels: { __name__: 'late', job: 'partial' }, values: [1], now: now - 40 * 86_400_000 };
  const good = { labels: { __name__: 'good', job: 'partial' }, values: [2], now };
  const response = await post('/api/v1/write', writeV1([old, good]));
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    code: 'telemetry.refused',
    detail: expect.stringContaining('1 samples were refused and 1 stored: a data point is older than'),
  });
  expect((await numbersOf('partial')).map((row) => row['metric'])).toEqual(['good']);
});

test('secrets in labels are taken out of what is stored', async () => {
  const labels = { __name__: 'calls_total', job: 'secrets', authorization: 'Bearer abcdefghijklmnopqrstuvwxyz012345' };
  expect((await post('/api/v1/write', writeV1([{ labels, values: [1], now: Date.now() }]))).status).toBe(204);
  const [row] = await select(`SELECT labels FROM series WHERE service = 'secrets'`);
  expect(JSON.stringify(row)).not.toContain('abcdefghijklmnopqrstuvwxyz');
  expect(Object.keys(ingest.stats().redacted).length).toBeGreaterThan(0);
});

test('a label with a value per user is refused, told to the sender, and named in the report', async () => {
  const now = Date.now();
  const many = (from: number) =>
    Array.from({ length: 250 }, (_, i) => ({
      labels: { __name__: 'hits_total', job: 'exploding', user: `u${from + i}` },
      values: [1],
      now,
    }));
  const response = await post('/api/v1/write', writeV1(many(0)));
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('too many new series: see GET /api/v1/metrics/cardinality');
  expect((await post('/api/v1/write', writeV1(many(1000)))).status).toBe(400);
  const again = [{ labels: { __name__: 'hits_total', job: 'exploding', user: 'u7' }, values: [2], now: now + 1000 }];
  expect((await post('/api/v1/write', writeV1(again))).status).toBe(204);
  const refused = dropped.filter(({ cause }) => cause === 'cardinality').map(({ count }) => count);
  expect(refused).toEqual([50, 250]);
  const report = (await (await fetch(`${base}/api/v1/metrics/cardinality?limit=1`)).json()) as { items: object[] };
  expect(report.items).toMatchObject([
    {
      service: 'exploding',
      active: 200,
      state: 'refusing',
      refused: 300,
      exploding: [{ metric: 'hits_total', label: 'user', refused: 300 }],
    },
  ]);
});

test.each([
  ['another content type', {}, { 'content-type': 'text/plain' }, 415, 'is not remote write'],
  ['another message', {}, { 'content-type': 'application/x-protobuf;proto=a.B' }, 415, 'proto=a.B'],
  ['another compression', {}, { 'content-encoding': 'lzma' }, 415, 'lzma'],
  ['no snappy', { body: Buffer.from('plain text, long enough') }, {}, 400, 'snappy'],
  ['a bomb', { body: Buffer.of(0xff, 0xff, 0xff, 0xff, 0x0f) }, {}, 413, '4294967295'],
  ['a body over the limit', { body: Buffer.alloc(2 ** 20 + 1) }, {}, 413, 'larger than'],
  ['damaged protobuf', { plain: Buffer.of(0x0a, 9, 1) }, {}, 400, 'ends early'],
])(
  '%s is answered in words',
  async (_name, { body, plain }: { body?: Buffer; plain?: Buffer }, headers, status, words) => {
    const response = await post('/api/v1/write', plain ?? Buffer.alloc(0), headers, body);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(words);
  },
);

interface SentSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** One a second, the last one at `now`. */
  readonly values: readonly number[];
  readonly now: number;
}

function writeV1(sent: readonly SentSeries[], metadata: readonly object[] = []): Uint8Array {
  const timeseries = sent.map(({ labels, values, now }) => ({
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    samples: values.map((value, i) => ({ value, timestamp: now - 1000 * (values.length - 1 - i) })),
  }));
  return encode('WriteV1', { timeseries, metadata });
}

function encode(type: string, value: object): Uint8Array {
  const message = root.lookupType(type);
  return message.encode(message.fromObject(value)).finish();
}

/** Snappy as literals alone, which every decoder has to take. */
function snappy(plain: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  const head: number[] = [];
  let rest = plain.length;
  for (; rest >= 128; rest = Math.floor(rest / 128)) head.push((rest % 128) + 128);
  parts.push(Buffer.from([...head, rest]));
  for (let at = 0; at < plain.length; at += 60) {
    const literal = plain.subarray(at, at + 60);
    parts.push(Buffer.of((literal.length - 1) << 2), Buffer.from(literal));
  }
  return Buffer.concat(parts);
}

function post(
  url: string,
  plain: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  body: Buffer = snappy(plain),
): Promise<Response> {
  return fetch(`${base}${url}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', ...headers },
    body: Buffer.from(body),
  });
}

function writtenOf(response: Response): (string | null)[] {
  return ['Samples', 'Histograms', 'Exemplars'].map((what) =>
    response.headers.get(`x-prometheus-remote-write-${what}-written`),
  );
}

async function numbersOf(service: string): Promise<Record<string, unknown>[]> {
  return select(`SELECT metric, s.instance AS instance, toUnixTimestamp64Milli(ts) AS ts,
      hex(reinterpretAsUInt64(value)) AS bits
    FROM m_num INNER JOIN (SELECT fp, any(instance) AS instance FROM series WHERE service = '${service}' GROUP BY fp) AS s
    USING fp ORDER BY metric, ts`);
}

async function select(query: string): Promise<Record<string, unknown>[]> {
  const result = await engine.client.query({ query, format: 'JSONEachRow' });
  return result.json<Record<string, unknown>>();
}
