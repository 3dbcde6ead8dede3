import { isBelayError, ZERO_BUCKET } from '@belay/core';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { attributeOf } from './attribute-value.ts';
import { defaultDecodeLimits } from './decode-limits.ts';
import { decodeOtlpRequest } from './decode-request.ts';
import { toHex } from './hex.ts';

// The parts of opentelemetry-proto that are read, for an encoder that shares no code with the decoder.
const SCHEMA = `syntax = "proto3";
message Request { repeated Group groups = 1; }
message Group { Resource resource = 1; repeated Scoped scoped = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Scoped { Scope scope = 1; repeated Span items = 2; }
message Scope { string name = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
  ArrayValue array_value = 5; KvList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KvList { repeated KeyValue values = 1; }
message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
  int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  repeated Event events = 11; Status status = 15; fixed32 flags = 16; }
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
message Status { string message = 2; int32 code = 3; }
message MetricRequest { repeated MetricGroup groups = 1; }
message MetricGroup { Resource resource = 1; repeated MetricScoped scoped = 2; }
message MetricScoped { Scope scope = 1; repeated Metric items = 2; }
message Metric { string name = 1; Sum sum = 7; Exponential exponential_histogram = 10; }
message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; }
message NumberPoint { fixed64 time_unix_nano = 3; sfixed64 as_int = 6; repeated KeyValue attributes = 7; }
message Exponential { repeated ExponentialPoint data_points = 1; int32 aggregation_temporality = 2; }
message ExponentialPoint { repeated KeyValue attributes = 1; fixed64 time_unix_nano = 3; fixed64 count = 4; sint32 scale = 6;
  fixed64 zero_count = 7; Buckets positive = 8; }
message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }`;
const { root } = protobuf.parse(SCHEMA, { keepCase: true });

const encode = (type: string, value: object): Uint8Array => {
  const message = root.lookupType(type);
  return new Uint8Array(message.encode(message.fromObject(value)).finish());
};
const text = (key: string, value: string) => ({ key, value: { string_value: value } });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const id = (length: number) => bytes(length).filter((value) => value.some((byte) => byte !== 0));

const spanArbitrary = fc.record({
  trace_id: id(16),
  span_id: id(8),
  parent_span_id: fc.oneof(fc.constant(new Uint8Array(0)), bytes(8)),
  name: fc.string({ unit: 'binary', maxLength: 200 }),
  kind: fc.integer({ min: 0, max: 5 }),
  start: fc.bigInt({ min: 0n, max: 2n ** 62n }),
  duration: fc.bigInt({ min: 0n, max: 2n ** 40n }),
  code: fc.integer({ min: 0, max: 2 }),
  attributes: fc.array(fc.tuple(fc.string({ maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 80 }))),
});

describe('decodeOtlpRequest', () => {
  it('reads from protobuf and from JSON what an independent encoder wrote', () => {
    fc.assert(
      fc.property(fc.array(spanArbitrary, { maxLength: 8 }), (spans) => {
        const common = spans.map((span) => ({
          name: span.name.toWellFormed(),
          kind: span.kind,
          attributes: span.attributes.map(([key, value]) => text(key.toWellFormed(), value.toWellFormed())),
        }));
        const resource = { attributes: [text('service.name', 's')] };
        const proto = encode('Request', {
          groups: [
            {
              resource,
              scoped: [
                {
                  scope: { name: 'lib' },
                  items: spans.map((span, i) => ({
                    ...common[i],
                    trace_id: span.trace_id,
                    span_id: span.span_id,
                    parent_span_id: span.parent_span_id,
                    start_time_unix_nano: String(span.start),
                    end_time_unix_nano: String(span.start + span.duration),
                    status: { code: span.code },
                  })),
                },
              ],
            },
          ],
        });
        const json = JSON.stringify({
          resourceSpans: [
            {
              resource: camel(resource),
              scopeSpans: [
                {
                  scope: { name: 'lib' },
                  spans: spans.map((span, i) => ({
                    ...(camel(common[i]) as object),
                    traceId: toHex(span.trace_id).toUpperCase(),
                    spanId: toHex(span.span_id),
                    parentSpanId: toHex(span.parent_span_id),
                    startTimeUnixNano: String(span.start),
                    endTimeUnixNano: String(span.start + span.duration),
                    status: { code: span.code },
                  })),
                },
              ],
            },
          ],
        });
        const a = decodeOtlpRequest(proto, { signal: 'traces', encoding: 'protobuf' });
        const b = decodeOtlpRequest(Buffer.from(json), { signal: 'traces', encoding: 'json' });
        expect(plain(a)).toEqual(plain(b));
        expect(a.batch.spans.map((span) => [toHex(span.traceId), span.startNs, span.endNs, span.name])).toEqual(
          spans.map((span) => [toHex(span.trace_id), span.start, span.start + span.duration, span.name.toWellFormed()]),
        );
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('answers truncated and flipped bytes with rows or a clear error, never with anything else', () => {
    const whole = encode('Request', {
      groups: [
        { resource: { attributes: [text('service.name', 's')] }, scoped: [{ items: Array.from({ length: 5 }, span) }] },
      ],
    });
    const signals = fc.constantFrom('traces' as const, 'metrics' as const, 'logs' as const);
    const flips = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(signals, flips, fc.nat(whole.length), (signal, changes, length) => {
        const damaged = whole.slice(0, length);
        for (const [at, value] of changes) if (at < length) damaged[at] = value;
        expectRowsOrError(damaged, { signal, encoding: 'protobuf' });
      }),
      { seed: 11, numRuns: 5000 },
    );
  });

  it('answers any bytes and any JSON with rows or a clear error', () => {
    const signals = fc.constantFrom('traces' as const, 'metrics' as const, 'logs' as const);
    fc.assert(
      fc.property(signals, fc.uint8Array({ maxLength: 300 }), fc.json(), (signal, random, json) => {
        expectRowsOrError(random, { signal, encoding: 'protobuf' });
        expectRowsOrError(Buffer.from(json), { signal, encoding: 'json' });
        const nested = `{"resourceSpans":[${json}],"resourceMetrics":[{"scopeMetrics":[${json}]}],"resourceLogs":${json}}`;
        expectRowsOrError(Buffer.from(nested), { signal, encoding: 'json' });
      }),
      { seed: 13, numRuns: 3000 },
    );
  });

  it('cuts a million attributes to the limit and says so', () => {
    const attributes = Array.from({ length: 1_000_000 }, (_, i) => text(`k${i % 100}`, 'v'));
    const body = encode('Request', { groups: [{ scoped: [{ items: [{ ...span(), attributes }] }] }] });
    const { batch, rejected, message } = decodeOtlpRequest(body, { signal: 'traces', encoding: 'protobuf' });
    expect(batch.spans[0]?.attributes).toHaveLength(2 * defaultDecodeLimits.attributes);
    expect(rejected).toBe(0);
    expect(message).toContain('were cut');
  });

  it('refuses more items than memory is meant for, though they are two bytes each', () => {
    const items = Uint8Array.from({ length: 2 * 300_000 }, (_, i) => (i % 2 === 0 ? 0x12 : 0));
    const wrap = (tag: number, inner: Uint8Array): Uint8Array =>
      Uint8Array.from([
        tag,
        (inner.length & 127) | 128,
        ((inner.length >> 7) & 127) | 128,
        inner.length >> 14,
        ...inner,
      ]);
    const body = wrap(0x0a, wrap(0x12, items));
    expect(() => decodeOtlpRequest(body, { signal: 'traces', encoding: 'protobuf' })).toThrow('more than 250000 items');
  });

  it('refuses values nested deeper than the limit, in both encodings', () => {
    let deep: object = { string_value: 'x' };
    let json: object = { stringValue: 'x' };
    for (let i = 0; i < 40; i += 1) {
      deep = { array_value: { values: [deep] } };
      json = { arrayValue: { values: [json] } };
    }
    const body = encode('Request', {
      groups: [{ scoped: [{ items: [{ attributes: [{ key: 'k', value: deep }] }] }] }],
    });
    const asJson = { resourceSpans: [{ scopeSpans: [{ spans: [{ attributes: [{ key: 'k', value: json }] }] }] }] };
    expect(() => decodeOtlpRequest(body, { signal: 'traces', encoding: 'protobuf' })).toThrow('nested deeper than 16');
    expect(() =>
      decodeOtlpRequest(Buffer.from(JSON.stringify(asJson)), { signal: 'traces', encoding: 'json' }),
    ).toThrow('nested at most 16');
  });

  it('names field, place and value of what it cannot read', () => {
    const wrong = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}';
    expect(() => decodeOtlpRequest(Buffer.from(wrong), { signal: 'traces', encoding: 'json' })).toThrow(
      'resourceSpans[0].scopeSpans[0].spans[0].traceId: it should be hexadecimal text, but is "xyz"',
    );
    expect(() => decodeOtlpRequest(Uint8Array.of(0x0a, 5, 0x12), { signal: 'logs', encoding: 'protobuf' })).toThrow(
      'resource_logs at byte 2',
    );
  });

  it.each([
    ['current names on a span event', 'feature_flag.evaluation', 'feature_flag.result.variant', 'feature_flag.version'],
    ['older names on a span event', 'feature_flag', 'feature_flag.variant', 'feature_flag.set.version'],
  ])('finds a flag evaluation by %s', (_case, name, variant, version) => {
    const attributes = [text('feature_flag.key', 'f'), text(variant, 'on'), text(version, '12')];
    const event = { time_unix_nano: '5', name, attributes: [...attributes, text('feature_flag.context.id', 'u')] };
    const body = encode('Request', { groups: [{ scoped: [{ items: [{ ...span(), events: [event] }] }] }] });
    const { batch } = decodeOtlpRequest(body, { signal: 'traces', encoding: 'protobuf' });
    expect(batch.evaluations).toMatchObject([
      { flagKey: 'f', variant: 'on', revision: 12, contextId: 'u', timeNs: 5n, reportedNs: 2n },
    ]);
  });

  it('finds a flag evaluation by attributes of the span itself', () => {
    const attributes = [text('feature_flag.key', 'f'), text('feature_flag.result.value', 'true')];
    const body = encode('Request', { groups: [{ scoped: [{ items: [{ ...span(), attributes }] }] }] });
    const { batch } = decodeOtlpRequest(body, { signal: 'traces', encoding: 'protobuf' });
    expect(batch.evaluations).toMatchObject([{ flagKey: 'f', variant: 'true', timeNs: 1n }]);
    expect(attributeOf(batch.spans[0]?.attributes ?? [], 'feature_flag.key')).toBe('f');
  });
});

describe('outcome metrics', () => {
  const series = [text('feature_flag.key', 'f'), text('belay.side', 'control'), text('belay.group', '4')];

  it('are joined to one row per series, with histograms brought to scale 4', () => {
    const point = { time_unix_nano: '1000000', attributes: series };
    const row = only([
      { name: 'belay.outcome.units', sum: sum({ ...point, as_int: 9 }) },
      { name: 'belay.outcome.errors', sum: sum({ ...point, as_int: 2 }) },
      {
        name: 'belay.outcome.duration',
        exponential_histogram: sum({
          ...point,
          scale: 6,
          zero_count: 3,
          positive: { offset: -5, bucket_counts: [1, 0, 1, 1, 1, 2] },
        }),
      },
    ]);
    expect(row).toMatchObject({ units: 9, errors: 2, flagKey: 'f', side: 'control', group: 4, timeMs: 1 });
    expect(new Map(row?.histogram)).toEqual(
      new Map([
        [-2, 1],
        [-1, 3],
        [0, 2],
        [ZERO_BUCKET, 3],
      ]),
    );
  });

  it.each([
    ['another metric', { name: 'http.server.duration', sum: sum({ as_int: 1 }) }, 'is not stored'],
    ['cumulative points', { name: 'belay.outcome.units', sum: sum({ as_int: 1 }, 2) }, 'delta temporality'],
    ['a negative count', { name: 'belay.outcome.units', sum: sum({ as_int: -1 }) }, 'whole numbers'],
    ['a coarser histogram', { name: 'belay.outcome.duration', exponential_histogram: sum({ scale: 3 }) }, 'coarsest'],
    ['more errors than units', { name: 'belay.outcome.errors', sum: sum({ as_int: 1 }) }, 'may not exceed'],
  ])('refuses %s with a count and the reason', (_case, metric, reason) => {
    const result = decodeMetrics([metric]);
    expect(result.batch.outcomes).toEqual([]);
    expect(result.rejected).toBe(1);
    expect(result.message).toContain(reason);
  });

  function sum(point: object, temporality = 1): object {
    return { aggregation_temporality: temporality, data_points: [point] };
  }
  function decodeMetrics(items: object[]) {
    const body = encode('MetricRequest', { groups: [{ scoped: [{ items }] }] });
    return decodeOtlpRequest(body, { signal: 'metrics', encoding: 'protobuf' });
  }
  function only(items: object[]) {
    const { outcomes } = decodeMetrics(items).batch;
    expect(outcomes).toHaveLength(1);
    return outcomes[0];
  }
});

function span(): object {
  return {
    trace_id: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
    span_id: Uint8Array.from({ length: 8 }, (_, i) => i + 1),
    name: 'GET /',
    kind: 2,
    start_time_unix_nano: '1',
    end_time_unix_nano: '2',
    attributes: [text('http.route', '/'), { key: 'n', value: { int_value: -3 } }],
  };
}

function expectRowsOrError(body: Uint8Array, options: Parameters<typeof decodeOtlpRequest>[1]): void {
  try {
    expect(decodeOtlpRequest(body, options).rejected).toBeGreaterThanOrEqual(0);
  } catch (error) {
    if (!isBelayError(error)) throw error;
    expect(['request.malformed', 'request.too-large']).toContain(error.code);
  }
}

/** Snake case to camel case in keys, as OTLP/JSON writes them. */
function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()),
    camel(inner),
  ]);
  return Object.fromEntries(entries);
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'bigint' ? String(inner) : inner instanceof Uint8Array ? toHex(inner) : inner,
    ),
  );
}
