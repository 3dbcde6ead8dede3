import { isBelayError } from '@belay/core';
import { createRedactor } from '@belay/core/redaction';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { defaultDecodeLimits } from '../otlp/decode-limits.ts';
import { createColumnDecoder, type DecodedColumns } from './column-decoder.ts';
import { logRowsOf, spanRowsOf, type PlainRow } from './column-testbed.ts';

// The parts of opentelemetry-proto that are read, for an encoder that shares no code with the decoder.
const SCHEMA = `syntax = "proto3";
message Traces { repeated ResourceSpans groups = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scoped = 2; }
message ScopeSpans { Scope scope = 1; repeated Span items = 2; }
message Logs { repeated ResourceLogs groups = 1; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scoped = 2; }
message ScopeLogs { Scope scope = 1; repeated Log items = 2; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message Scope { string name = 1; string version = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
  ArrayValue array_value = 5; KvList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KvList { repeated KeyValue values = 1; }
message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
  int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  uint32 dropped_attributes_count = 10; repeated Event events = 11; repeated Link links = 13; Status status = 15; fixed32 flags = 16; }
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
message Link { bytes trace_id = 1; bytes span_id = 2; repeated KeyValue attributes = 4; }
message Status { string message = 2; int32 code = 3; }
message Log { fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
  repeated KeyValue attributes = 6; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10;
  fixed64 observed_time_unix_nano = 11; string event_name = 12; }`;
const { root } = protobuf.parse(SCHEMA, { keepCase: true });
const encode = (type: string, value: object): Uint8Array => {
  const message = root.lookupType(type);
  return new Uint8Array(message.encode(message.fromObject(value)).finish());
};

const NOW = Date.UTC(2026, 10, 24);
const decoder = createColumnDecoder({ redactor: createRedactor(), seed: 12345 });
const arriving = { encoding: 'protobuf', arrivedAtMs: NOW } as const;
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const id = (length: number) => bytes(length).filter((value) => value.some((byte) => byte !== 0));
const shortText = fc.string({ unit: 'grapheme', maxLength: 30 }).map((value) => value.toWellFormed());
const time = fc.bigInt({ min: 1n, max: BigInt(NOW) * 1_000_000n }).map(String);
const value = fc.oneof(
  { weight: 4, arbitrary: shortText.map((string_value) => ({ string_value })) },
  fc.boolean().map((bool_value) => ({ bool_value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((int) => ({ int_value: String(int) })),
  fc.integer({ min: 0, max: 600 }).map((int_value) => ({ int_value })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((double_value) => ({ double_value })),
  bytes(5).map((bytes_value) => ({ bytes_value })),
  fc.array(shortText, { maxLength: 3 }).map((texts) => ({
    array_value: { values: texts.map((string_value) => ({ string_value })) },
  })),
);
const key = fc.constantFrom(
  'http.route',
  'http.response.status_code',
  'http.status_code',
  'a',
  'b.c',
  'user.id',
  'größe',
);
const attributes = fc.array(fc.record({ key, value }), { maxLength: 6 });
const span = fc.record({
  trace_id: id(16),
  span_id: id(8),
  parent_span_id: fc.oneof(fc.constant(new Uint8Array(0)), id(8)),
  name: shortText,
  kind: fc.integer({ min: 0, max: 5 }),
  start_time_unix_nano: time,
  end_time_unix_nano: time,
  attributes,
  events: fc.array(fc.record({ time_unix_nano: time, name: shortText, attributes }), { maxLength: 3 }),
  links: fc.array(fc.record({ trace_id: id(16), span_id: id(8) }), { maxLength: 2 }),
  status: fc.record({ message: shortText, code: fc.integer({ min: 0, max: 2 }) }),
  flags: fc.integer({ min: 0, max: 9 }),
});
const log = fc.record({
  time_unix_nano: fc.oneof(time, fc.constant('0')),
  observed_time_unix_nano: time,
  severity_number: fc.integer({ min: 0, max: 24 }),
  severity_text: shortText,
  body: value,
  attributes,
  trace_id: fc.oneof(id(16), fc.constant(new Uint8Array(0))),
  span_id: fc.oneof(id(8), fc.constant(new Uint8Array(0))),
  event_name: shortText,
});
const resource = fc.record({ attributes: fc.array(fc.record({ key: shortText, value }), { maxLength: 3 }) });
const groupsOf = <Item>(item: fc.Arbitrary<Item>) =>
  fc.record({
    groups: fc.array(
      fc.record({
        resource,
        scoped: fc.array(
          fc.record({ scope: fc.record({ name: shortText }), items: fc.array(item, { maxLength: 4 }) }),
          { maxLength: 2 },
        ),
      }),
      { maxLength: 3 },
    ),
  });

/** The text of a value that protobufjs decoded. */
function textOf(any: Record<string, unknown> | undefined): string {
  if (any === undefined) return '';
  if (any['bytes_value'] !== undefined) return Buffer.from(any['bytes_value'] as Uint8Array).toString('hex');
  if (any['array_value'] !== undefined) {
    const { values = [] } = any['array_value'] as { values?: Record<string, string>[] };
    return JSON.stringify(values.map((inner) => inner['string_value'] ?? null));
  }
  const [text] = Object.values(any);
  return Object.is(text, -0) ? '0' : String(text);
}
interface Items {
  readonly groups?: readonly {
    scoped?: readonly { scope?: { name?: string }; items?: readonly Record<string, unknown>[] }[];
  }[];
}
function itemsOf(type: string, body: Uint8Array): { item: Record<string, unknown>; scope: string }[] {
  const message = root.lookupType(type);
  const decoded = message.toObject(message.decode(body), { longs: String }) as Items;
  return (decoded.groups ?? []).flatMap(({ scoped = [] }) =>
    scoped.flatMap(({ scope, items = [] }) => items.map((item) => ({ item, scope: scope?.name ?? '' }))),
  );
}
const longOf = (long: unknown): bigint => BigInt((long as string | undefined) ?? 0);
type Attributes = readonly { key?: string; value?: Record<string, unknown> }[] | undefined;
const flat = (list: Attributes): string[] => (list ?? []).flatMap((entry) => [entry.key ?? '', textOf(entry.value)]);
const hex = (value_: unknown, size: number): string =>
  Buffer.from((value_ ?? []) as Uint8Array)
    .toString('hex')
    .padEnd(2 * size, '0');

describe('spans', () => {
  it('come out as an independent decoder reads them', () => {
    fc.assert(
      fc.property(groupsOf(span), (request) => {
        const body = encode('Traces', request);
        const wanted = itemsOf('Traces', body).map(({ item, scope }): PlainRow => {
          const status = (item['status'] ?? {}) as { message?: string; code?: number };
          const events = (item['events'] ?? []) as {
            time_unix_nano?: string;
            name?: string;
            attributes?: Attributes;
          }[];
          const links = (item['links'] ?? []) as { trace_id: Uint8Array; span_id: Uint8Array }[];
          const start = longOf(item['start_time_unix_nano']);
          const end = longOf(item['end_time_unix_nano']);
          return {
            scope,
            time: start,
            duration: end > start ? end - start : 0n,
            traceId: hex(item['trace_id'], 16),
            spanId: hex(item['span_id'], 8),
            parentId: hex(item['parent_span_id'], 8),
            name: item['name'] ?? '',
            kind: item['kind'] ?? 0,
            status: status.code ?? 0,
            statusMessage: status.message ?? '',
            attributes: flat(item['attributes'] as Attributes),
            events: events.map((event) => [
              BigInt(event.time_unix_nano ?? 0),
              event.name ?? '',
              flat(event.attributes),
            ]),
            links: links.map((link) => [hex(link.trace_id, 16), hex(link.span_id, 8)]),
          };
        });
        expect(spanRowsOf(decoder.spans(body, arriving).spans)).toEqual(wanted);
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  it('have their own columns for route, status, unit of work and flag', () => {
    const attribute = (k: string, v: string) => ({ key: k, value: { string_value: v } });
    const one = (more: object) => ({ trace_id: Buffer.alloc(16, 1), span_id: Buffer.alloc(8, 2), name: 'n', ...more });
    const event = {
      name: 'feature_flag.evaluation',
      time_unix_nano: '5',
      attributes: [attribute('feature_flag.key', 'f'), attribute('feature_flag.result.variant', 'on')],
    };
    const items = [
      one({ kind: 2, attributes: [attribute('http.route', '/a'), attribute('http.status_code', '503')] }),
      one({
        kind: 1,
        parent_span_id: Buffer.alloc(8, 3),
        attributes: [attribute('http.response.status_code', '99999')],
      }),
      one({ kind: 1, events: [event] }),
      one({ kind: 3, status: { code: 2 } }),
    ];
    const { spans, evaluations, told } = decoder.spans(
      encode('Traces', { groups: [{ scoped: [{ items }] }] }),
      arriving,
    );
    expect(spans).toMatchObject({
      isUnit: Uint8Array.of(1, 0, 1, 0),
      isError: Uint8Array.of(1, 0, 0, 1),
      httpStatus: Uint16Array.of(503, 0, 0, 0),
    });
    expect(textsOf(spans?.route)).toEqual(['/a', '', '', '']);
    expect(textsOf(spans?.flagKey)).toEqual(['', '', 'f', '']);
    expect(textsOf(spans?.variant)).toEqual(['', '', 'on', '']);
    expect(evaluations).toMatchObject([{ flagKey: 'f', variant: 'on', timeNs: 5n }]);
    expect(told.spans).toMatchObject([{ name: 'n', events: [{ name: 'feature_flag.evaluation' }] }]);
  });

  it('are taken back one by one where they are not valid, and the others stay whole', () => {
    const good = {
      trace_id: Buffer.alloc(16, 1),
      span_id: Buffer.alloc(8, 2),
      name: 'good',
      attributes: [{ key: 'a', value: { string_value: 'x' } }],
    };
    const bad = {
      ...good,
      name: 'bad',
      span_id: Buffer.alloc(3),
      events: [{ name: 'e' }],
      links: [{ trace_id: good.trace_id, span_id: good.span_id }],
    };
    const { spans, rejected, message } = decoder.spans(
      encode('Traces', { groups: [{ scoped: [{ items: [good, bad, good] }] }] }),
      arriving,
    );
    expect([rejected, message]).toEqual([1, 'spans.span_id has 3 bytes instead of 8']);
    expect(spanRowsOf(spans)).toMatchObject([
      { name: 'good', attributes: ['a', 'x'], events: [], links: [] },
      { name: 'good', attributes: ['a', 'x'], events: [], links: [] },
    ]);
  });

  it('from the future are stored with the time of arrival, keep the time they told, and the sender is told', () => {
    const ahead = String(BigInt(NOW + 601_000) * 1_000_000n);
    const items = [
      {
        trace_id: Buffer.alloc(16, 1),
        span_id: Buffer.alloc(8, 2),
        start_time_unix_nano: ahead,
        end_time_unix_nano: ahead,
      },
    ];
    const decoded = decoder.spans(encode('Traces', { groups: [{ scoped: [{ items }] }] }), arriving);
    expect(decoded).toMatchObject({ ahead: 1, rejected: 0, message: expect.stringContaining('in the future') });
    expect(spanRowsOf(decoded.spans)).toMatchObject([
      { time: BigInt(NOW) * 1_000_000n, attributes: ['belay.sent_time_unix_nano', ahead] },
    ]);
  });
});

describe('log records', () => {
  it('come out as an independent decoder reads them', () => {
    fc.assert(
      fc.property(groupsOf(log), (request) => {
        const body = encode('Logs', request);
        const wanted = itemsOf('Logs', body).map(({ item, scope }): PlainRow => ({
          scope,
          time: longOf(item['time_unix_nano']) || longOf(item['observed_time_unix_nano']),
          traceId: hex(item['trace_id'], 16),
          spanId: hex(item['span_id'], 8),
          severity: item['severity_number'] ?? 0,
          severityText: item['severity_text'] ?? '',
          eventName: item['event_name'] ?? '',
          body: textOf(item['body'] as Record<string, unknown> | undefined),
          attributes: flat(item['attributes'] as Attributes),
        }));
        expect(logRowsOf(decoder.logs(body, arriving).logs)).toEqual(wanted);
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  it('of ten megabytes are cut, between characters, and the sender is told', () => {
    const body = encode('Logs', {
      groups: [{ scoped: [{ items: [{ body: { string_value: 'ü'.repeat(5_000_000) } }] }] }],
    });
    const decoded = decoder.logs(body, arriving);
    expect(decoded).toMatchObject({ cuts: 1, message: 'log_records.body was cut to 65536 bytes' });
    expect(logRowsOf(decoded.logs)[0]?.['body']).toBe('ü'.repeat(32_768));
  });

  it('that are not UTF-8 are mended, and the sender is told', () => {
    const body = encode('Logs', { groups: [{ scoped: [{ items: [{ body: { string_value: 'a?b' } }] }] }] });
    body[body.indexOf('?'.charCodeAt(0))] = 0xff;
    const decoded = decoder.logs(body, arriving);
    expect(decoded.message).toContain('log_records.body is not valid UTF-8');
    expect(logRowsOf(decoded.logs)[0]?.['body']).toBe('a\ufffdb');
  });

  it('lose their secrets in bodies, attributes and resources, counted by rule', () => {
    const secret = (k: string, v: string) => ({ key: k, value: { string_value: v } });
    const items = [
      {
        body: { string_value: 'login password=hunter2' },
        attributes: [secret('http.request.header.authorization', 'x'), secret('q', 'Bearer abc123def')],
      },
      { body: { kvlist_value: { values: [secret('password', 'hunter2')] } }, attributes: [secret('q', 'plain')] },
    ];
    const resource_ = { attributes: [secret('service.name', 's'), secret('db.password', 'hunter2')] };
    const { logs, redacted } = decoder.logs(
      encode('Logs', { groups: [{ resource: resource_, scoped: [{ items }] }] }),
      arriving,
    );
    expect(
      JSON.stringify([logRowsOf(logs), logs?.resources], (_k, v: unknown) => (typeof v === 'bigint' ? 0 : v)),
    ).not.toMatch(/hunter2|abc123/);
    expect(Object.fromEntries(redacted)).toEqual({ password: 3, authorization: 2 });
  });
});

describe('any bytes', () => {
  const rowsOrError = (decode: () => DecodedColumns): void => {
    let decoded: DecodedColumns;
    try {
      decoded = decode();
    } catch (error) {
      expect(isBelayError(error) && error.status < 500, String(error)).toBe(true);
      return;
    }
    spanRowsOf(decoded.spans);
    logRowsOf(decoded.logs);
  };

  it('truncated and flipped are rows or a clear error, and leave nothing behind', () => {
    const place = fc.nat(100_000);
    fc.assert(
      fc.property(groupsOf(span), groupsOf(log), place, fc.nat(7), (traces, logs, where, bit) => {
        const [a, b] = [encode('Traces', traces), encode('Logs', logs)];
        const clean = [spanRowsOf(decoder.spans(a, arriving).spans), logRowsOf(decoder.logs(b, arriving).logs)];
        for (const [body, read] of [
          [a, decoder.spans],
          [b, decoder.logs],
        ] as const) {
          rowsOrError(() => read(body.subarray(0, where % (body.length + 1)), arriving));
          const flipped = Uint8Array.from(body);
          if (flipped.length > 0) flipped[where % flipped.length] = (flipped[where % flipped.length] ?? 0) ^ (1 << bit);
          rowsOrError(() => read(flipped, arriving));
        }
        expect([spanRowsOf(decoder.spans(a, arriving).spans), logRowsOf(decoder.logs(b, arriving).logs)]).toEqual(
          clean,
        );
      }),
      { seed: 13, numRuns: 120 },
    );
  });

  it('of any kind and any JSON are rows or a clear error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.json(), (body, json) => {
        for (const read of [decoder.spans, decoder.logs]) {
          rowsOrError(() => read(body, arriving));
          rowsOrError(() => read(new TextEncoder().encode(json), { ...arriving, encoding: 'json' }));
        }
      }),
      { seed: 14, numRuns: 1000 },
    );
  });

  it('nested without end, or with more items than memory is meant for, are refused', () => {
    let nested: object = { string_value: 'x' };
    for (let depth = 0; depth < 40; depth += 1) nested = { array_value: { values: [nested] } };
    const deep = encode('Logs', { groups: [{ scoped: [{ items: [{ body: nested }] }] }] });
    expect(() => decoder.logs(deep, arriving)).toThrow(/nested deeper/);
    const many = encode('Logs', { groups: [{ scoped: [{ items: Array.from({ length: 300 }, () => ({})) }] }] });
    const small = createColumnDecoder({ redactor: createRedactor(), limits: { ...defaultDecodeLimits, items: 200 } });
    expect(() => small.logs(many, arriving)).toThrow(/more than 200 items/);
  });
});

function textsOf(column: { texts: readonly string[]; indices: Uint32Array } | undefined): string[] {
  return Array.from(column?.indices ?? [], (index) => column?.texts[index] ?? '');
}
