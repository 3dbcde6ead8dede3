import { isBelayError } from '@belay/core';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { createTestRegistry } from '../metrics/registry-testbed.ts';
import { createSeriesIndex } from '../metrics/series-index.ts';
import { decodeRemoteWrite } from './decode-write.ts';

// The messages of both versions of remote write, for an encoder that shares no code with the decoder.
const HISTOGRAM = `message Histogram { oneof count { uint64 count_int = 1; double count_float = 2; } double sum = 3;
  sint32 schema = 4; double zero_threshold = 5; oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
  repeated Span negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
  repeated Span positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
  int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16; }
message Span { sint32 offset = 1; uint32 length = 2; }
message Sample { double value = 1; int64 timestamp = 2; }`;
const V1 = `syntax = "proto3"; ${HISTOGRAM}
message Request { repeated Series timeseries = 1; repeated Metadata metadata = 3; }
message Series { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
message Label { string name = 1; string value = 2; }
message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
message Metadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }`;
const V2 = `syntax = "proto3"; ${HISTOGRAM}
message Request { repeated string symbols = 4; repeated Series timeseries = 5; }
message Series { repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3;
  repeated Exemplar exemplars = 4; Metadata metadata = 5; }
message Exemplar { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
message Metadata { int32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }`;
const types = [V1, V2].map((schema) => protobuf.parse(schema, { keepCase: true }).root.lookupType('Request'));

const NOW_MS = 1_764_000_000_123;
const times = { oldestMs: NOW_MS - 86_400_000, newestMs: NOW_MS + 600_000, nowSecond: Math.floor(NOW_MS / 1000) };

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples?: readonly object[];
  readonly histograms?: readonly object[];
  readonly exemplars?: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

const LABELS = { __name__: 'http_requests_total', code: '200', instance: 'a:9090', job: 'shop' };
const SERIES: readonly Series[] = [
  {
    labels: LABELS,
    samples: [
      { value: 1.5, timestamp: NOW_MS - 15_000 },
      { value: 0, timestamp: NOW_MS },
    ],
    exemplars: [{ labels: { trace_id: '0102030405060708090a0b0c0d0e0f10', user: 'u' }, value: 0.25 }],
  },
  {
    labels: { __name__: 'rpc_seconds', instance: 'a:9090', job: 'shop' },
    histograms: [
      {
        count_int: 9,
        sum: 2.5,
        schema: 3,
        zero_threshold: 1e-128,
        zero_count_int: 2,
        positive_spans: [
          { offset: -1, length: 2 },
          { offset: 1, length: 1 },
        ],
        positive_deltas: [1, 1, 0],
        negative_spans: [{ offset: 4, length: 1 }],
        negative_deltas: [2],
        timestamp: NOW_MS,
      },
      {
        count_float: 1.75,
        sum: 3,
        schema: -53,
        custom_values: [0.1, 0.5, 1],
        positive_spans: [{ offset: 1, length: 2 }],
        positive_counts: [0.5, 1.25],
        timestamp: NOW_MS,
      },
    ],
  },
];

describe('decodeRemoteWrite', () => {
  it.each([1, 2] as const)('reads samples, histograms and exemplars of version %i', (version) => {
    const { registry, decode } = decoder(version);
    const { points, rejected, written, message } = decode(bodyOf(version, SERIES));
    expect([rejected, message]).toEqual([0, '']);
    expect(written).toEqual({ samples: 2, histograms: 2, exemplars: 1 });
    expect(registry.asked).toMatchObject([
      {
        metric: 'http_requests_total',
        prom: 'http_requests_total',
        kind: 'sum',
        monotonic: true,
        service: 'shop',
        instance: 'a:9090',
        labels: ['code', '200', 'instance', 'a:9090', 'job', 'shop'],
      },
      { metric: 'rpc_seconds', kind: 'exponential', temporality: 2 },
    ]);
    expect([...points.numbers.times.subarray(0, 2)]).toEqual([NOW_MS - 15_000, NOW_MS]);
    expect([...new Float64Array(points.numbers.bits.buffer).subarray(0, 2)]).toEqual([1.5, 0]);
    expect(points.exponentials).toMatchObject([
      {
        count: 9,
        sum: 2.5,
        scale: 3,
        zeroCount: 2,
        zeroThreshold: 1e-128,
        positiveOffset: -2,
        positive: [1, 2, 0, 2],
        negativeOffset: 3,
        negative: [2],
      },
    ]);
    expect(points.histograms).toMatchObject([{ count: 1.75, bounds: [0.1, 0.5, 1], counts: [0, 0.5, 1.25, 0] }]);
    expect(points.exemplars).toMatchObject([{ value: 0.25, attributes: ['user', 'u'] }]);
    expect(points.exemplars[0]?.traceId[0]).toBe(1);
  });

  it.each([1, 2] as const)('keeps every bit of stale markers, infinities and NaN in version %i', (version) => {
    const stale = Buffer.from(bodyOf(version, [{ labels: LABELS, samples: [{ value: 1234.5, timestamp: NOW_MS }] }]));
    const bits = Buffer.alloc(8);
    bits.writeDoubleLE(1234.5);
    const at = stale.indexOf(bits);
    for (const payload of [0x7ff0000000000002n, 0x7ff8000000000001n, 0xfff0000000000000n, 0x8000000000000000n]) {
      stale.writeBigUInt64LE(payload, at);
      const { numbers } = decoder(version).decode(Uint8Array.from(stale)).points;
      expect(new BigUint64Array(numbers.bits.buffer)[0]).toBe(payload);
    }
  });

  it.each([1, 2] as const)('asks for the labels of a series once in version %i', (version) => {
    const { registry, decode } = decoder(version);
    decode(bodyOf(version, SERIES)).points.due.forEach((_facts, series) => (series.dueAt = times.nowSecond + 3600));
    const more: Series = { labels: { ...LABELS, code: '500' }, samples: [{ value: 1, timestamp: NOW_MS }] };
    expect(decode(bodyOf(version, [more, ...SERIES])).points.numbers.length).toBe(3);
    expect(registry.asked.map(({ labels }) => labels[1])).toEqual(['200', 'a:9090', '500']);
  });

  it('reads metadata of both versions', () => {
    const { registry, decode } = decoder(1);
    const metadata = [{ type: 2, metric_family_name: 'temperature', help: 'How warm', unit: 'celsius' }];
    decode(encode(1, { metadata }));
    expect(registry.families).toEqual([
      { family: 'temperature', kind: 'gauge', description: 'How warm', unit: 'celsius' },
    ]);
    const two = decoder(2);
    const symbols = ['', '__name__', 'temperature_count', 'How warm', 'celsius'];
    const series = { labels_refs: [1, 2], samples: [{ value: 1, timestamp: NOW_MS }] };
    two.decode(encode(2, { symbols, timeseries: [{ ...series, metadata: { type: 2, help_ref: 3, unit_ref: 4 } }] }));
    expect(two.registry.asked).toMatchObject([{ kind: 'gauge', description: 'How warm', unit: 'celsius' }]);
  });

  it.each([
    ['no metric name', { labels: { job: 'x' }, samples: [sample()] }, 'no label __name__ (its labels: job="x")'],
    ['an empty label name', { labels: { ...LABELS, '': 'x' }, samples: [sample()] }, 'a label has no name'],
    ['an old sample', { labels: LABELS, samples: [sample(1)] }, 'older than'],
    ['a sample before 1970', { labels: LABELS, samples: [sample(-5)] }, 'older than'],
    ['a future sample', { labels: LABELS, samples: [sample(NOW_MS + 3_600_000)] }, 'in the future'],
    [
      'spans that do not fit',
      { labels: LABELS, histograms: [{ timestamp: NOW_MS, positive_spans: [{ length: 4_000_000_000 }] }] },
      'do not fit',
    ],
    ['an unknown schema', { labels: LABELS, histograms: [{ timestamp: NOW_MS, schema: 9 }] }, 'schema 9'],
  ])('refuses %s with the reason and takes the rest', (_case, bad, reason) => {
    for (const version of [1, 2] as const) {
      const good = { labels: { ...LABELS, code: '404' }, samples: [sample()] };
      const { points, rejected, message } = decoder(version).decode(bodyOf(version, [bad, good]));
      expect(rejected).toBe(1);
      expect(message).toContain(reason);
      expect(points.numbers.length).toBe(1);
    }
  });

  it('refuses references beyond the table and odd numbers of them', () => {
    const series = (labels_refs: number[]) => ({ timeseries: [{ labels_refs }], symbols: ['', 'a'] });
    expect(() => decoder(2).decode(encode(2, series([0, 7])))).toThrow('7 is beyond the table of 2 symbols');
    expect(() => decoder(2).decode(encode(2, series([0, 1, 1])))).toThrow('not pairs');
  });

  it('takes the first service label that is there', () => {
    const { registry, decode } = decoder(1);
    decode(bodyOf(1, [{ labels: { ...LABELS, service_name: 'api' }, samples: [sample()] }]));
    decode(bodyOf(1, [{ labels: { __name__: 'up' }, samples: [sample()] }]));
    expect(registry.asked.map(({ service }) => service)).toEqual(['api', 'unknown_service']);
  });

  it('counts samples of series that are one too many', () => {
    const { decode } = decoder(1, true);
    const { rejected, refusals, message } = decode(bodyOf(1, SERIES));
    expect([rejected, refusals.get('series')]).toEqual([4, 4]);
    expect(message).toContain('/api/v1/metrics/cardinality');
  });

  it('answers truncated, flipped and random bytes with samples or a clear error', () => {
    const bodies = { 1: bodyOf(1, SERIES), 2: bodyOf(2, SERIES) };
    const flips = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 });
    const version = fc.constantFrom(1 as const, 2 as const);
    fc.assert(
      fc.property(version, flips, fc.nat(400), fc.uint8Array({ maxLength: 100 }), (chosen, changes, length, random) => {
        const damaged = bodies[chosen].slice(0, length);
        for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
        for (const body of [damaged, random]) expectSamplesOrError(() => decoder(chosen).decode(body));
      }),
      { seed: 23, numRuns: 3000 },
    );
  }, 30_000);
});

function sample(timestamp: number = NOW_MS): object {
  return { value: 1, timestamp };
}

function decoder(version: 1 | 2, refuses = false) {
  const registry = createTestRegistry(() => refuses);
  const index = createSeriesIndex({ registry, seed: 5 });
  const serviceLabels = ['service', 'service_name', 'job'];
  return {
    registry,
    decode: (body: Uint8Array) => decodeRemoteWrite(body, { version, index, times, serviceLabels }),
  };
}

function bodyOf(version: 1 | 2, series: readonly Series[]): Uint8Array {
  if (version === 1) {
    const pairs = (labels: Readonly<Record<string, string>>) =>
      Object.entries(labels).map(([name, value]) => ({ name, value }));
    const timeseries = series.map(({ labels, exemplars = [], ...rest }) => ({
      ...rest,
      labels: pairs(labels),
      exemplars: exemplars.map((exemplar) => ({ ...exemplar, labels: pairs(exemplar.labels), timestamp: NOW_MS })),
    }));
    return encode(1, { timeseries });
  }
  const symbols = [''];
  const refs = (labels: Readonly<Record<string, string>>) =>
    Object.entries(labels).flatMap((pair) =>
      pair.map((text) => {
        if (!symbols.includes(text)) symbols.push(text);
        return symbols.indexOf(text);
      }),
    );
  const timeseries = series.map(({ labels, exemplars = [], ...rest }) => ({
    ...rest,
    labels_refs: refs(labels),
    exemplars: exemplars.map(({ labels: inner, value }) => ({ labels_refs: refs(inner), value, timestamp: NOW_MS })),
  }));
  return encode(2, { symbols, timeseries });
}

function encode(version: 1 | 2, value: object): Uint8Array {
  const type = types[version - 1];
  if (type === undefined) throw new TypeError('there are two versions');
  return new Uint8Array(type.encode(type.fromObject(value)).finish());
}

function expectSamplesOrError(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!isBelayError(error)) throw error;
    expect(['request.malformed', 'request.too-large']).toContain(error.code);
  }
}
