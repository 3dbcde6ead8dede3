import { groupError } from '@belay/core/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeSentryEnvelope, decodeSentryStore } from './decode-envelope.ts';
import { readEnvelope } from './envelope.ts';
import { sentryKeyOf } from './sentry-auth.ts';
import { defaultSentryLimits } from './sentry-limits.ts';

const now = 1_800_000_000_000;
const options = { service: 'shop', receivedMs: now, eventId: 'f'.repeat(32) };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const id = 'fc6d8c0c43fc4630ad850ee518f1b9d0';

/** An envelope of items, each with its length unless `isBare`. */
function envelope(
  items: readonly (readonly [Record<string, unknown>, unknown])[],
  header: object = {},
  isBare = false,
): Uint8Array {
  const parts = items.map(([itemHeader, payload]) => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const length = isBare ? {} : { length: bytesOf(text).length };
    return `${JSON.stringify({ ...itemHeader, ...length })}\n${text}`;
  });
  return bytesOf([JSON.stringify(header), ...parts].join('\n'));
}

const thrownEvent = {
  event_id: id,
  timestamp: now / 1000 - 1,
  platform: 'node',
  level: 'error',
  release: 'shop@1.4.2',
  environment: 'production',
  server_name: 'i-1',
  user: { id: 17, email: 'ada@example.org' },
  tags: { plan: 'pro', n: 3 },
  contexts: {
    trace: { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) },
    flags: { values: [{ flag: 'checkout.v2', result: true }] },
  },
  exception: {
    values: [
      {
        type: 'TypeError',
        value: 'x is not a function',
        mechanism: { type: 'chained', handled: true, exception_id: 1, parent_id: 0 },
        stacktrace: { frames: [{ filename: '/app/db.js', function: 'query', lineno: 3, in_app: true }] },
      },
      {
        type: 'OrderError',
        value: 'cannot place order 17',
        mechanism: { type: 'generic', handled: false, exception_id: 0 },
        stacktrace: {
          frames: [
            { filename: 'node:internal/timers', function: 'listOnTimeout', lineno: 9, in_app: false },
            {
              filename: '/app/order.js',
              function: 'place',
              lineno: 12,
              colno: 9,
              in_app: true,
              context_line: 'throw e',
              pre_context: ['a'],
              post_context: ['b'],
            },
          ],
        },
      },
    ],
  },
  breadcrumbs: [{ timestamp: now / 1000 - 2, category: 'http', message: 'GET /', data: { status_code: 200 } }],
};

test('an event is read with what was thrown first, innermost call first, and its surroundings', () => {
  const { events, eventId } = decodeSentryEnvelope(
    envelope([[{ type: 'event' }, thrownEvent]], { event_id: id }),
    options,
  );
  expect(eventId).toBe(id);
  const [event] = events;
  expect(event).toMatchObject({
    eventId: id,
    service: 'shop',
    release: 'shop@1.4.2',
    instance: 'i-1',
    user: '17',
    tags: { plan: 'pro', n: '3' },
    flags: { 'checkout.v2': 'true' },
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
  });
  expect(event?.exceptions.map(({ type, handled }) => [type, handled])).toEqual([
    ['OrderError', false],
    ['TypeError', true],
  ]);
  expect(event?.exceptions[0]?.frames[0]).toMatchObject({
    function: 'place',
    line: 12,
    context: { first: 11, lines: ['a', 'throw e', 'b'] },
  });
  expect(event?.breadcrumbs[0]).toMatchObject({ category: 'http', data: { status_code: '200' } });
});

test('items are read with a length and without one, and payloads may hold line breaks only with one', () => {
  const items = [
    [{ type: 'event' }, thrownEvent],
    [{ type: 'session' }, { sid: id, status: 'crashed', errors: 2, init: true, attrs: { release: '1' } }],
  ] as const;
  for (const isBare of [true, false]) {
    const batch = decodeSentryEnvelope(envelope(items, {}, isBare), options);
    expect(batch.events).toHaveLength(1);
    expect(batch.sessions).toMatchObject([
      { sessionId: id, status: 'crashed', errors: 2, isFirst: true, release: '1' },
    ]);
  }
  const pretty = JSON.stringify(thrownEvent, null, 2);
  expect(decodeSentryEnvelope(envelope([[{ type: 'event' }, pretty]]), options).events).toHaveLength(1);
});

test('unknown, refused and broken items are counted, and the others are kept', () => {
  const batch = decodeSentryEnvelope(
    envelope([
      [{ type: 'replay_event' }, {}],
      [{ type: 'attachment', filename: 'a' }, 'any bytes\n\n{}'],
      [{ type: 'invented' }, {}],
      [{ type: 'event' }, '[1]'],
      [{ type: 'check_in' }, { status: 'ok' }],
      [{ type: 'event' }, thrownEvent],
    ]),
    options,
  );
  expect(batch.events).toHaveLength(1);
  expect(Object.fromEntries(batch.dropped)).toEqual({
    'replay_event: not kept by Belay': 1,
    'attachment: not kept by Belay': 1,
    'invented: unknown type': 1,
    'event: not a JSON object': 1,
    'check_in: incomplete': 1,
  });
});

test('a transaction becomes spans, and so do containers of spans', () => {
  const trace = { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16), op: 'http.server', status: 'internal_error' };
  const child = {
    trace_id: 'a'.repeat(32),
    span_id: 'c'.repeat(16),
    parent_span_id: 'b'.repeat(16),
    op: 'db',
    description: 'SELECT 1',
    start_timestamp: 1_800_000_000.1,
    timestamp: 1_800_000_000.25,
    data: { 'db.system': 'postgresql' },
  };
  const transaction = {
    transaction: 'GET /cart',
    start_timestamp: 1_800_000_000,
    timestamp: 1_800_000_000.5,
    contexts: { trace },
    spans: [child],
    release: '1',
  };
  const v2 = {
    trace_id: 'a'.repeat(32),
    span_id: 'd'.repeat(16),
    name: 'pay',
    start_timestamp: 1_800_000_000,
    end_timestamp: 1_800_000_001,
    status: 'error',
    is_segment: true,
    attributes: {
      'sentry.op': { value: 'http.server', type: 'string' },
      'http.response.status_code': { value: 500, type: 'integer' },
      'sentry.release': { value: '2', type: 'string' },
    },
  };
  const { spans } = decodeSentryEnvelope(
    envelope([
      [{ type: 'transaction' }, transaction],
      [{ type: 'span', item_count: 1, content_type: 'application/vnd.sentry.items.span.v2+json' }, { items: [v2] }],
    ]),
    options,
  );
  expect(
    spans.map(({ name, kind, statusCode, endNs, startNs, resource }) => [
      name,
      kind,
      statusCode,
      endNs - startNs,
      resource.version,
    ]),
  ).toEqual([
    ['GET /cart', 2, 2, 500_000_000n, '1'],
    ['SELECT 1', 3, 0, 150_000_000n, '1'],
    ['pay', 2, 2, 1_000_000_000n, '2'],
  ]);
  expect(spans[1]?.attributes).toEqual(['sentry.op', 'db', 'db.system', 'postgresql']);
});

test('logs, check-ins, counted sessions, feedback and reports of the client are read', () => {
  const log = {
    timestamp: now / 1000,
    level: 'warn',
    body: 'low stock',
    trace_id: 'a'.repeat(32),
    attributes: { sku: { value: 'x1', type: 'string' } },
  };
  const batch = decodeSentryEnvelope(
    envelope([
      [{ type: 'log', item_count: 1 }, { items: [log] }],
      [
        { type: 'check_in' },
        {
          check_in_id: id,
          monitor_slug: 'nightly',
          status: 'error',
          duration: 1.5,
          monitor_config: { schedule: { type: 'crontab', value: '0 3 * * *' } },
        },
      ],
      [
        { type: 'sessions' },
        {
          aggregates: [{ started: '2027-01-15T08:00:00Z', exited: 5, crashed: 1 }],
          attrs: { release: '1', environment: 'staging' },
        },
      ],
      [{ type: 'feedback' }, { contexts: { feedback: { message: 'it broke', name: 'Ada', associated_event_id: id } } }],
      [{ type: 'client_report' }, { discarded_events: [{ reason: 'sample_rate', category: 'error', quantity: 4 }] }],
    ]),
    options,
  );
  expect(batch.logs).toMatchObject([{ severity: 13, body: 'low stock', attributes: ['sku', 'x1'] }]);
  expect(batch.checkIns).toMatchObject([
    { monitor: 'nightly', status: 'error', durationMs: 1500, schedule: '0 3 * * *' },
  ]);
  expect(batch.sessions.map(({ status, count, environment }) => [status, count, environment])).toEqual([
    ['exited', 5, 'staging'],
    ['crashed', 1, 'staging'],
  ]);
  expect(batch.feedback).toMatchObject([{ eventId: id, message: 'it broke', name: 'Ada' }]);
  expect(Object.fromEntries(batch.clientDropped)).toEqual({ 'error: sample_rate': 4 });
  expect(batch.dropped.size).toBe(0);
});

test('a clock that is far off is set right, one that is a little off is believed', () => {
  const at = (sentAt: number) =>
    decodeSentryEnvelope(
      envelope([[{ type: 'event' }, { ...thrownEvent, timestamp: sentAt / 1000 - 10 }]], {
        sent_at: new Date(sentAt).toISOString(),
      }),
      options,
    ).events[0]?.timeMs;
  expect(at(now - 86_400_000)).toBe(now - 10_000);
  expect(at(now - 60_000)).toBe(now - 70_000);
});

test('the older address takes one event as Python’s SDK 1.x sends it', () => {
  const { exception, ...rest } = thrownEvent;
  const legacy = {
    ...rest,
    timestamp: '2027-01-15T08:00:00.5',
    platform: 'python',
    exception: { values: exception.values.map(({ mechanism: _mechanism, ...value }) => value) },
  };
  const [event] = decodeSentryStore(bytesOf(JSON.stringify(legacy)), options).events;
  expect(event?.timeMs).toBe(Date.parse('2027-01-15T08:00:00.500Z'));
  expect(event?.exceptions.map(({ type }) => type)).toEqual(['OrderError', 'TypeError']);
  expect(() => decodeSentryStore(bytesOf('[]'), options)).toThrow(/not a JSON object/);
});

test('the key is found in query, header and DSN, in this order', () => {
  const key = '0123456789abcdef0123456789abcdef';
  const none = { query: undefined, header: undefined, dsn: undefined };
  expect(sentryKeyOf({ ...none, query: key, header: 'Sentry sentry_key=x' })).toBe(key);
  expect(sentryKeyOf({ ...none, header: `Sentry sentry_version=7, sentry_key=${key}, sentry_client=a/1` })).toBe(key);
  expect(sentryKeyOf({ ...none, dsn: `https://${key}@belay.example/1` })).toBe(key);
  expect(sentryKeyOf({ ...none, query: "' or 1=1" })).toBeUndefined();
  expect(sentryKeyOf(none)).toBeUndefined();
});

test('events far beyond all limits are cut, not refused', () => {
  const frames = Array.from({ length: 5000 }, (_, index) => ({
    filename: '/app/a.js',
    function: `f${index}`,
    lineno: 1,
  }));
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const text = JSON.stringify({
    ...thrownEvent,
    exception: { values: [{ type: 'E', value: 'x'.repeat(100_000), stacktrace: { frames } }] },
  });
  const withDeep = `${text.slice(0, -1)},"extra":{"deep":${deep}}}`;
  const [event] = decodeSentryEnvelope(envelope([[{ type: 'event' }, withDeep]]), options).events;
  expect(event?.exceptions[0]?.frames).toHaveLength(100);
  expect(event?.exceptions[0]?.frames[0]?.function).toBe('f4999');
  expect(event?.exceptions[0]?.value).toHaveLength(8192);
  expect(event?.contexts['extra']?.['deep']?.length).toBeLessThan(100);
  const huge = { ...thrownEvent, extra: { text: 'x'.repeat(3_000_000) } };
  expect([...decodeSentryEnvelope(envelope([[{ type: 'event' }, huge]]), options).dropped.keys()]).toEqual([
    'event: larger than 2097152 bytes',
  ]);
});

test('prototype names in tags, contexts and items do no harm', () => {
  const event = `{"tags":{"__proto__":{"x":1},"constructor":"c"},"contexts":{"__proto__":{"polluted":1}},"user":{"id":"a"}}`;
  const batch = decodeSentryEnvelope(
    envelope([
      [{ type: 'event' }, event],
      [{ type: '__proto__' }, {}],
      [{ type: 'constructor' }, {}],
    ]),
    options,
  );
  expect(batch.events[0]?.tags).toEqual({ constructor: 'c' });
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(batch.dropped.size).toBe(2);
});

const whole = envelope([
  [{ type: 'event' }, thrownEvent],
  [{ type: 'session' }, { sid: id, status: 'ok' }],
]);

test('truncated at any byte, what came before the cut is kept, and the cut is told', () => {
  for (let end = 2; end < whole.length; end += 1) {
    const { items, cut } = readEnvelope(whole.subarray(0, end), defaultSentryLimits);
    expect(items.length).toBeLessThanOrEqual(2);
    const isAtBoundary = whole[end] === 0x0a || whole[end - 1] === 0x0a;
    if (cut === '') expect(isAtBoundary).toBe(true);
  }
});

test('bits flipped and bytes made up are refused as malformed or counted, never worse', () => {
  const flipped = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(7)), { minLength: 1, maxLength: 20 })
    .map((flips) => {
      const copy = whole.slice();
      for (const [at, bit] of flips) copy[at] = (copy[at] ?? 0) ^ (1 << bit);
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(flipped, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      try {
        for (const event of decodeSentryEnvelope(bytes, options).events) groupError(event);
      } catch (error) {
        expect(error).toMatchObject({ code: 'request.malformed' });
      }
    }),
    { numRuns: 1000 },
  );
});

test('any JSON as an event is read', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom(...Object.keys(thrownEvent), 'exception', 'request', 'debug_meta', 'logentry'),
        fc.jsonValue(),
      ),
      (event) => {
        const { events } = decodeSentryEnvelope(envelope([[{ type: 'event' }, event]]), options);
        for (const read of events) expect(groupError(read).key).toHaveLength(16);
      },
    ),
    { numRuns: 500 },
  );
});
