import { isBelayError } from '@belay/core';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { createTestRegistry } from '../metrics/registry-testbed.ts';
import { createSeriesIndex } from '../metrics/series-index.ts';
import { decodeOtlpMetrics } from './decode-metrics.ts';
import { toHex } from './hex.ts';

// The parts of opentelemetry-proto that are read, for an encoder that shares no code with the decoder.
const SCHEMA = `syntax = "proto3";
message Request { repeated Group groups = 1; }
message Group { Resource resource = 1; repeated Scoped scoped = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scoped { repeated Metric items = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; } }
message Metric { string name = 1; string description = 2; string unit = 3;
  oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; Exponential exponential_histogram = 10; Summary summary = 11; } }
message Gauge { repeated NumberPoint data_points = 1; }
message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
message Exponential { repeated ExponentialPoint data_points = 1; int32 aggregation_temporality = 2; }
message Summary { repeated SummaryPoint data_points = 1; }
message NumberPoint { repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; } repeated Exemplar exemplars = 5; uint32 flags = 8; }
message HistogramPoint { repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  fixed64 count = 4; optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7;
  repeated Exemplar exemplars = 8; uint32 flags = 10; optional double min = 11; optional double max = 12; }
message ExponentialPoint { repeated KeyValue attributes = 1; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  fixed64 count = 4; optional double sum = 5; sint32 scale = 6; fixed64 zero_count = 7; Buckets positive = 8; Buckets negative = 9;
  uint32 flags = 10; repeated Exemplar exemplars = 11; optional double min = 12; optional double max = 13; double zero_threshold = 14; }
message SummaryPoint { repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  fixed64 count = 4; double sum = 5; repeated Quantile quantile_values = 6; uint32 flags = 8; }
message Quantile { double quantile = 1; double value = 2; }
message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
message Exemplar { repeated KeyValue filtered_attributes = 7; fixed64 time_unix_nano = 2;
  oneof value { double as_double = 3; sfixed64 as_int = 6; } bytes span_id = 4; bytes trace_id = 5; }`;
const message = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Request');

const NOW_MS = 1_764_000_000_123;
const times = { oldestMs: NOW_MS - 86_400_000, newestMs: NOW_MS + 600_000, nowSecond: Math.floor(NOW_MS / 1000) };
const time_unix_nano = `${NOW_MS}456789`;
const text = (key: string, value: string) => ({ key, value: { string_value: value } });
const traceId = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const spanId = Uint8Array.from({ length: 8 }, (_, i) => i + 1);

const METRICS: readonly object[] = [
  {
    name: 'queue.depth',
    unit: '{message}',
    description: 'How many wait',
    gauge: {
      data_points: [
        {
          time_unix_nano,
          as_int: '-7',
          attributes: [text('queue', 'a'), { key: 'shard', value: { int_value: '3' } }],
          exemplars: [
            {
              time_unix_nano,
              as_double: 1.5,
              span_id: spanId,
              trace_id: traceId,
              filtered_attributes: [text('u', '1')],
            },
          ],
        },
        { time_unix_nano, as_double: 0.1, attributes: [text('queue', 'b')] },
        { time_unix_nano, flags: 1, attributes: [text('queue', 'b')] },
      ],
    },
  },
  {
    name: 'http.server.requests',
    sum: {
      aggregation_temporality: 2,
      is_monotonic: true,
      data_points: [{ time_unix_nano, as_int: '9007199254740992', attributes: [text('b', '2'), text('a', '1')] }],
    },
  },
  {
    name: 'http.server.request.duration',
    unit: 's',
    histogram: {
      aggregation_temporality: 1,
      data_points: [
        {
          start_time_unix_nano: '1764000000000000000',
          time_unix_nano,
          count: '6',
          sum: 1.25,
          min: 0.01,
          max: 0.9,
          explicit_bounds: [0.1, 0.5],
          bucket_counts: ['1', '2', '3'],
          attributes: [],
        },
        { time_unix_nano, count: '4', attributes: [text('only', 'count')] },
      ],
    },
  },
  {
    name: 'rpc.size',
    unit: 'By',
    exponential_histogram: {
      aggregation_temporality: 2,
      data_points: [
        {
          time_unix_nano,
          count: '10',
          sum: 99,
          scale: -2,
          zero_count: '1',
          zero_threshold: 0.5,
          positive: { offset: -3, bucket_counts: ['0', '4', '0', '3', '0'] },
          negative: { offset: 2, bucket_counts: ['2'] },
          attributes: [],
        },
      ],
    },
  },
  {
    name: 'gc.pause',
    summary: {
      data_points: [
        {
          time_unix_nano,
          count: '3',
          sum: 6,
          quantile_values: [
            { quantile: 0.5, value: 2 },
            { quantile: 0.99, value: 3 },
          ],
          attributes: [],
        },
      ],
    },
  },
];

describe('decodeOtlpMetrics', () => {
  it.each(['protobuf', 'json'] as const)('reads every kind of point with its series, in %s', (encoding) => {
    const { registry, decode } = decoder();
    const { points, rejected, message: reasons, resources } = decode(bodyOf(METRICS, encoding), encoding);
    expect([rejected, reasons]).toEqual([0, '']);
    expect(resources.map(({ service }) => service)).toEqual(['shop']);
    const series = registry.asked.map(({ prom, kind, temporality, monotonic, labels, service, instance }) =>
      [prom, kind, temporality, monotonic, labels.join(','), service, instance].join(' '),
    );
    expect([...new Set(series)]).toEqual([
      'queue_depth gauge 0 false queue,a,shard,3 shop i-1',
      'queue_depth gauge 0 false queue,b shop i-1',
      'http_server_requests_total sum 2 true a,1,b,2 shop i-1',
      'http_server_request_duration_seconds histogram 1 false  shop i-1',
      'http_server_request_duration_seconds histogram 1 false only,count shop i-1',
      'rpc_size_bytes exponential 2 false  shop i-1',
      'gc_pause summary 0 false  shop i-1',
    ]);
    expect(valuesOf(points)).toEqual([-7, 0.1, Number.NaN, 2 ** 53]);
    expect([...points.numbers.bits.subarray(4, 6)]).toEqual([2, 0x7ff0_0000]);
    expect([...points.numbers.times.subarray(0, 4)]).toEqual([NOW_MS, NOW_MS, NOW_MS, NOW_MS]);
    expect(points.histograms).toMatchObject([
      { timeMs: NOW_MS, startMs: 1_764_000_000_000, count: 6, sum: 1.25, min: 0.01, max: 0.9, bounds: [0.1, 0.5] },
      { count: 4, sum: Number.NaN, min: null, max: null, bounds: [], counts: [] },
    ]);
    expect(points.histograms[0]?.counts).toEqual([1, 2, 3]);
    expect(points.exponentials).toMatchObject([
      {
        count: 10,
        sum: 99,
        scale: -2,
        zeroCount: 1,
        zeroThreshold: 0.5,
        positiveOffset: -2,
        positive: [4, 0, 3],
        negativeOffset: 2,
        negative: [2],
      },
    ]);
    expect(points.summaries).toMatchObject([{ count: 3, sum: 6, quantiles: [0.5, 0.99], values: [2, 3] }]);
    const [exemplar] = points.exemplars;
    expect(exemplar).toMatchObject({ value: 1.5, timeMs: NOW_MS, attributes: ['u', '1'] });
    expect(toHex(exemplar?.traceId ?? traceId)).toBe(toHex(traceId));
    expect(points.due.size).toBe(7);
  });

  it('asks for the labels of a series once, however often it comes', () => {
    const { registry, decode } = decoder();
    const body = bodyOf(METRICS, 'protobuf');
    decode(body, 'protobuf').points.due.forEach((_facts, series) => (series.dueAt = times.nowSecond + 3600));
    const before = registry.asked.length;
    for (let i = 0; i < 5; i += 1) expect(decode(body, 'protobuf').points.numbers.length).toBe(4);
    expect(registry.asked.length).toBe(before);
  });

  it('tells series apart by service, kind and unit, and attributes that are not next to each other', () => {
    const { registry, decode } = decoder();
    const gauge = (unit: string) => ({ name: 'm', unit, gauge: { data_points: [{ time_unix_nano, as_int: '1' }] } });
    decode(bodyOf([gauge('s'), gauge('ms')], 'protobuf', 'one'), 'protobuf');
    decode(bodyOf([gauge('s')], 'protobuf', 'two'), 'protobuf');
    expect(new Set(registry.asked.map(({ unit, service }) => `${unit} ${service}`)).size).toBe(3);
    // attributes(7) a=1, time(3), attributes(7) b=2, as_int(6)
    const attribute = (key: string) => [0x3a, 8, 0x0a, 1, key.charCodeAt(0), 0x12, 3, 0x0a, 1, 0x31];
    const at = [...new Uint8Array(new BigUint64Array([BigInt(time_unix_nano)]).buffer)];
    const point = [...attribute('a'), 0x19, ...at, ...attribute('b'), 0x31, 5, 0, 0, 0, 0, 0, 0, 0];
    const wrap = (tag: number, inner: number[]): number[] => [tag, inner.length, ...inner];
    const body = wrap(0x0a, wrap(0x12, wrap(0x12, [0x0a, 1, 0x6d, ...wrap(0x2a, wrap(0x0a, point))])));
    const { points } = decode(Uint8Array.from(body), 'protobuf');
    expect(valuesOf(points)).toEqual([5]);
    expect(registry.asked.at(-1)?.labels).toEqual(['a', '1', 'b', '1']);
  });

  it.each([
    ['a sum without temporality', { name: 'm', sum: { data_points: [{ time_unix_nano }] } }, 'aggregation temporality'],
    ['a metric without a name', { gauge: { data_points: [{ time_unix_nano }] } }, 'no name'],
    ['a point without a time', { name: 'm', gauge: { data_points: [{}] } }, 'no time'],
    ['an old point', { name: 'm', gauge: { data_points: [{ time_unix_nano: '1000000000' }] } }, 'sample_max_age'],
    ['a future point', { name: 'm', gauge: { data_points: [{ time_unix_nano: '9000000000000000000' }] } }, 'ahead'],
    [
      'bounds that do not rise',
      histogram({ explicit_bounds: [2, 2], bucket_counts: ['1', '1', '1'] }),
      'bounds that do not rise',
    ],
    ['counts that do not fit', histogram({ explicit_bounds: [2], bucket_counts: ['1'] }), '1 bucket counts for 1'],
    [
      'a scale beyond the limits',
      {
        name: 'm',
        exponential_histogram: { aggregation_temporality: 1, data_points: [{ time_unix_nano, scale: 90 }] },
      },
      'scale 90',
    ],
  ])('refuses %s with the reason, and takes the rest', (_case, metric, reason) => {
    const good = { name: 'good', gauge: { data_points: [{ time_unix_nano, as_double: 1 }] } };
    for (const encoding of ['protobuf', 'json'] as const) {
      const { decode } = decoder();
      const result = decode(bodyOf([metric, good], encoding), encoding);
      expect(result.rejected).toBe(1);
      expect(result.message).toContain(reason);
      expect(valuesOf(result.points)).toEqual([1]);
    }
  });

  it('refuses points of series that are one too many, and says where to look', () => {
    const { decode } = decoder((metric) => metric === 'queue.depth');
    const { points, rejected, refusals, message: reasons } = decode(bodyOf(METRICS, 'protobuf'), 'protobuf');
    expect([rejected, refusals.get('series')]).toEqual([3, 3]);
    expect(reasons).toContain('"queue.depth" of service "shop" has too many new series');
    expect(points.numbers.length).toBe(1);
    expect(points.exemplars).toEqual([]);
  });

  it('answers truncated, flipped and random bytes with points or a clear error, never with anything else', () => {
    const whole = bodyOf(METRICS, 'protobuf');
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(flips, fc.nat(whole.length), fc.uint8Array({ maxLength: 100 }), (changes, length, random) => {
        const damaged = whole.slice(0, length);
        for (const [at, value] of changes) if (at < length) damaged[at] = value;
        for (const body of [damaged, random]) expectPointsOrError(() => decoder().decode(body, 'protobuf'));
      }),
      { seed: 17, numRuns: 2000 },
    );
  }, 30_000);

  it('answers any JSON in the place of a metric with points or a clear error', () => {
    const place = fc.constantFrom('gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary');
    fc.assert(
      fc.property(fc.json(), place, (json, kind) => {
        const point = `{"timeUnixNano":"${time_unix_nano}","positive":${json},"exemplars":[${json}],"count":${json}}`;
        const metric = `{"name":"m","${kind}":{"aggregationTemporality":1,"dataPoints":[${point},${json}]}}`;
        const body = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${metric},${json}]}]}]}`;
        expectPointsOrError(() => decoder().decode(Buffer.from(body), 'json'));
      }),
      { seed: 19, numRuns: 500 },
    );
  }, 30_000);
});

function histogram(point: object): object {
  return { name: 'm', histogram: { aggregation_temporality: 1, data_points: [{ time_unix_nano, ...point }] } };
}

function decoder(refuses: (metric: string) => boolean = () => false) {
  const registry = createTestRegistry(({ metric }) => refuses(metric));
  const index = createSeriesIndex({ registry, seed: 5 });
  return {
    registry,
    decode: (body: Uint8Array, encoding: 'protobuf' | 'json') => decodeOtlpMetrics(body, { encoding, index, times }),
  };
}

function bodyOf(items: readonly object[], encoding: 'protobuf' | 'json', service = 'shop'): Uint8Array {
  const resource = { attributes: [text('service.name', service), text('service.instance.id', 'i-1')] };
  if (encoding === 'protobuf') {
    return new Uint8Array(message.encode(message.fromObject({ groups: [{ resource, scoped: [{ items }] }] })).finish());
  }
  const json = { resourceMetrics: [{ resource: camel(resource), scopeMetrics: [{ metrics: camel(items) }] }] };
  return Buffer.from(JSON.stringify(json));
}

function valuesOf({ numbers }: ReturnType<typeof decodeOtlpMetrics>['points']): number[] {
  return [...new Float64Array(numbers.bits.buffer).subarray(0, numbers.length)];
}

function expectPointsOrError(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!isBelayError(error)) throw error;
    expect(['request.malformed', 'request.too-large']).toContain(error.code);
  }
}

/** Snake case to camel case in keys and bytes to hexadecimal, as OTLP/JSON writes them. */
function camel(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()),
    camel(inner),
  ]);
  return Object.fromEntries(entries);
}
