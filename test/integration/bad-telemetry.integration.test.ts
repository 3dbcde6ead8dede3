import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  attributes,
  createFlag,
  outcomes,
  startRollout,
  startTestedServer,
  type TestedServer,
} from './tested-server.ts';

const MEBIBYTE = 2 ** 20;
const LIMIT = 2 * MEBIBYTE;
const HOUR = 3_600_000;
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const GZIP = { 'content-encoding': 'gzip' };
let server: TestedServer;

beforeAll(async () => {
  server = await startTestedServer({ yaml: 'server:\n  body_limit_mb: 2\n' });
});
afterAll(async () => server.close());

const someone = { id: 'r-none', flag: 'none', revision: 1 };
const good = (): object => outcomes(someone, { canary: 1, control: 9 });
const bytes = (value: object): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(JSON.stringify(value)));

test.each([
  ['JSON cut in the middle', () => bytes(good()).subarray(0, 200), {}, 400, /JSON/],
  ['JSON of another shape', () => bytes({ resourceMetrics: 'all of them' }), {}, 400, /resourceMetrics/],
  ['a number where a text belongs', () => bytes({ resourceMetrics: [{ resource: 7 }] }), {}, 400, /resource/],
  ['JSON nested without end', () => Uint8Array.from(Buffer.from(nestedJson(100_000))), {}, 400, /nest|deep/i],
  ['a cut protobuf', () => Uint8Array.of(0x0a, 0xff, 0x01, 1), PROTOBUF, 400, /ends early/],
  ['a protobuf of noise', () => Uint8Array.from(Buffer.alloc(4096, 0xff)), PROTOBUF, 400, /./],
  ['a cut gzip', () => gzipSync(randomBytes(4096)).subarray(0, 900), GZIP, 400, /decompressed/],
  ['no gzip at all', () => Uint8Array.from(Buffer.from('hello')), GZIP, 400, /decompressed/],
  ['another content type', () => Uint8Array.of(1), { 'content-type': 'text/csv' }, 415, /text\/csv.*Send/],
  ['an unknown compression', () => Uint8Array.of(1), { 'content-encoding': 'lzma' }, 415, /lzma.*Use gzip/],
  ['a body over the limit', () => new Uint8Array(LIMIT + 1), PROTOBUF, 413, /2097152 bytes.*smaller/],
  ['a gzip bomb', () => gzipSync(new Uint8Array(200 * MEBIBYTE)), { ...PROTOBUF, ...GZIP }, 413, /2097152 bytes/],
] as const)(
  '%s is refused with the reason and the mend',
  { timeout: 60_000 },
  async (_name, body, headers, status, words) => {
    const answer = await server.otlp('metrics', Uint8Array.from(body()), headers);
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringMatching(words)]);
  },
);

test.each(['metrics', 'traces', 'logs'] as const)('%s without a token are refused as HTTP asks', async (signal) => {
  const answer = await server.otlp(signal, good(), { authorization: 'Bearer blt_nobody' });
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Bearer/)]);
});

test('a body without an end is cut at the limit and not at its end', async () => {
  const { status, sentBytes } = await streamWithoutEnd('/v1/traces', 1024 * MEBIBYTE);
  expect(status).toBe(413);
  // What the sockets hold in between may have been sent, but nowhere near the gigabyte.
  expect(sentBytes).toBeLessThan(64 * MEBIBYTE);
});

test('an API body without an end is cut at its limit', async () => {
  const { status, sentBytes } = await streamWithoutEnd('/api/v1/tokens', 1024 * MEBIBYTE);
  expect(status).toBe(413);
  expect(sentBytes).toBeLessThan(64 * MEBIBYTE);
});

test('a million attributes on one span are cut and told, and the span is stored', { timeout: 60_000 }, async () => {
  const large = await startTestedServer();
  try {
    const attribute = '{"key":"a","value":{"stringValue":"b"}},'.repeat(1_000_000).slice(0, -1);
    const times = `"startTimeUnixNano":"${Date.now()}000000","endTimeUnixNano":"${Date.now()}000000"`;
    const span = `{"traceId":"${'a'.repeat(32)}","spanId":"${'b'.repeat(16)}","name":"s",${times},"attributes":[${attribute}]}`;
    const body = Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`);
    const answer = await large.otlp('traces', body);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/attributes/)]);
    expect((await large.ask('GET', '/livez')).status).toBe(200);
  } finally {
    await large.close();
  }
});

test('fractional and impossible counts of outcomes are refused by name, and other metrics are stored', async () => {
  const metrics = [
    { name: 'cpu', gauge: { dataPoints: [{ asDouble: 1, timeUnixNano: '1' }] } },
    sumOf('belay.outcome.units', { asDouble: 1.5 }),
    sumOf('belay.outcome.units', { asInt: '-4' }),
    sumOf('belay.outcome.errors', { asInt: '3' }),
  ];
  const answer = await server.otlp('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
  expect(answer.status).toBe(200);
  const { partialSuccess } = (await answer.json()) as { partialSuccess: Record<string, string> };
  expect(Number(partialSuccess['rejectedDataPoints'])).toBeGreaterThanOrEqual(3);
  expect(partialSuccess['errorMessage']).not.toContain('cpu');
  for (const words of ['count 1.5', 'count -4', '3 errors']) {
    expect(partialSuccess['errorMessage']).toContain(words);
  }
});

test('flipped bits never break the server, and every answer says what became of the batch', async () => {
  const body = protobufSpan();
  const random = randomOf(7);
  const statuses: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const flipped = Array.from({ length: 50 }, (_, flips) => withFlips(body, { flips: 1 + (flips % 4), random }));
    const answers = await Promise.all(flipped.map((batch) => server.otlp('traces', batch, PROTOBUF)));
    for (const answer of answers) {
      statuses.push(answer.status);
      await answer.arrayBuffer();
    }
  }
  expect(statuses).toHaveLength(500);
  expect([...new Set(statuses)].toSorted((a, b) => a - b)).toEqual([200, 400]);
  expect((await server.otlp('metrics', good())).status).toBe(200);
});

test('times, counts and buckets at the ends of their types are stored without harm to the next batch', async () => {
  for (const at of ['0', '1', '9223372036854775807', '18446744073709551615']) {
    const extreme = { ...someone, flag: `extreme-${at.length}`, revision: Number.MAX_SAFE_INTEGER };
    const text = JSON.stringify(outcomes(extreme, { canary: 2 ** 48, control: 0 })).replaceAll(
      /"\d{13}000000"/g,
      `"${at}"`,
    );
    const answer = await server.otlp('metrics', Buffer.from(text));
    expect([at, answer.status]).toEqual([at, 200]);
    const spans = [
      { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), name: 's', startTimeUnixNano: at, endTimeUnixNano: at },
    ];
    const traced = await server.otlp('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    expect([at, traced.status]).toEqual([at, 200]);
  }
  expect((await server.otlp('metrics', outcomes(someone, { canary: 1, control: 1, serial: 9 }))).status).toBe(200);
});

test('outcomes of instances whose clocks are hours wrong are judged; the same bytes count once', async () => {
  const rollout = await startRollout(server, 'skewed');
  await afterTheStart();
  for (const [serial, skew] of [-5 * HOUR, 0, 5 * HOUR].entries()) {
    const batch = outcomes(rollout, { canary: 10, control: 90, at: Date.now() + skew, serial });
    for (let time = 0; time < 3; time += 1) expect((await server.otlp('metrics', batch)).status).toBe(200);
  }
  await expect.poll(() => unitsOf(rollout.id), { timeout: 20_000, interval: 300 }).toEqual([30, 270]);
  const { ingest } = await server.admin.call('status');
  expect(ingest.duplicates).toBeGreaterThanOrEqual(6);
  await server.admin.call('rolloutRollback', { params: { id: rollout.id }, body: { reason: 'done' } });
});

test('what is sent minutes after it happened is counted as late and not judged', async () => {
  const rollout = await startRollout(server, 'late');
  await afterTheStart();
  const before = (await server.admin.call('status')).ingest.late;
  const old = outcomes(rollout, { canary: 5, control: 5, at: Date.now() - 10 * 60_000 });
  const text = JSON.stringify(old).replace(
    '"resource":{"attributes":[',
    `"resource":{"attributes":[{"key":"belay.sent_at","value":{"stringValue":"${Date.now()}"}},`,
  );
  expect((await server.otlp('metrics', Buffer.from(text))).status).toBe(200);
  expect((await server.admin.call('status')).ingest.late).toBeGreaterThanOrEqual(before + 2);
  expect((await server.otlp('metrics', outcomes(rollout, { canary: 1, control: 2 }))).status).toBe(200);
  await expect.poll(() => unitsOf(rollout.id), { timeout: 20_000, interval: 300 }).toEqual([1, 2]);
  await server.admin.call('rolloutRollback', { params: { id: rollout.id }, body: { reason: 'done' } });
});

test('outcomes of unknown rollouts, flags and variants are stored and judge nothing', async () => {
  const rollout = await startRollout(server, 'known');
  await createFlag(server, 'other');
  await afterTheStart();
  const strangers = [
    outcomes({ ...rollout, id: 'no-such-rollout' }, { canary: 7, control: 7 }),
    outcomes({ ...rollout, flag: 'no-such-flag' }, { canary: 7, control: 7 }),
    outcomes({ ...rollout, flag: 'other' }, { canary: 7, control: 7 }),
    outcomes(rollout, { canary: 7, control: 7, variant: 'no-such-variant' }),
    evaluationOf('known', 'no-such-variant'),
  ];
  for (const stranger of strangers) {
    const signal = 'resourceSpans' in stranger ? 'traces' : 'metrics';
    expect((await server.otlp(signal, stranger)).status).toBe(200);
  }
  expect((await server.otlp('metrics', outcomes(rollout, { canary: 1, control: 2 }))).status).toBe(200);
  await expect.poll(() => unitsOf(rollout.id), { timeout: 20_000, interval: 300 }).toEqual([1, 2]);
  await server.admin.call('rolloutRollback', { params: { id: rollout.id }, body: { reason: 'done' } });
});

async function unitsOf(id: string): Promise<[canary: number, control: number]> {
  const { canaryUnits, controlUnits } = await server.admin.call('rolloutEvidence', { params: { id } });
  return [canaryUnits, controlUnits];
}

/** Outcomes of the second in which a rollout starts belong to the time before it. */
async function afterTheStart(): Promise<void> {
  await delay(1000 - (Date.now() % 1000));
}

function sumOf(name: string, value: object): object {
  const dataPoints = [
    { ...value, timeUnixNano: `${Date.now()}000000`, attributes: attributes({ 'feature_flag.key': 'x' }) },
  ];
  return { name, sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints } };
}

function evaluationOf(flag: string, variant: string): object {
  const [from, to] = [`${Date.now() - 50}000000`, `${Date.now()}000000`];
  const facts = attributes({ 'feature_flag.key': flag, 'feature_flag.result.variant': variant });
  const events = [{ name: 'feature_flag.evaluation', timeUnixNano: from, attributes: facts }];
  const span = {
    traceId: 'e'.repeat(32),
    spanId: 'f'.repeat(16),
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: from,
    endTimeUnixNano: to,
  };
  return { resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, events }] }] }] };
}

/** `{resource_spans: [{scope_spans: [{spans: [{trace_id, span_id, name}]}]}]}`. */
function protobufSpan(): Uint8Array<ArrayBuffer> {
  const field = (number: number, content: Uint8Array): Buffer =>
    Buffer.concat([Uint8Array.of((number << 3) | 2, content.length), content]);
  const span = Buffer.concat([
    field(1, Buffer.alloc(16, 1)),
    field(2, Buffer.alloc(8, 2)),
    field(5, Buffer.from('GET /')),
  ]);
  return Uint8Array.from(field(1, field(2, field(2, span))));
}

function withFlips(
  body: Uint8Array,
  { flips, random }: { readonly flips: number; readonly random: () => number },
): Uint8Array<ArrayBuffer> {
  const flipped = Uint8Array.from(body);
  for (let flip = 0; flip < flips; flip += 1) {
    const at = Math.floor(random() * flipped.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  return flipped;
}

/** An attribute whose value is a list in a list in a list. */
function nestedJson(depth: number): string {
  const value = `${'{"arrayValue":{"values":['.repeat(depth / 10)}${']}}'.repeat(depth / 10)}`;
  return `{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":${value}}]}}]}`;
}

/** Sends without Content-Length until the server answers or `mostBytes` are sent. */
function streamWithoutEnd(path: string, mostBytes: number): Promise<{ status: number; sentBytes: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; sentBytes: number }>();
  const chunk = Buffer.alloc(65_536, 0x20);
  let sentBytes = 0;
  let status: number | undefined;
  const request = http.request(server.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.secret}`, 'content-type': 'application/json' },
  });
  request.once('response', (answer) => {
    status = answer.statusCode ?? 0;
    answer.resume();
    resolve({ status, sentBytes });
    request.destroy();
  });
  request.on('error', (error) => (status === undefined ? reject(error) : undefined));
  const isAnswered = (): boolean => status !== undefined;
  const more = (): void => {
    for (; !isAnswered() && sentBytes < mostBytes;) {
      sentBytes += chunk.length;
      if (!request.write(chunk)) return void request.once('drain', more);
    }
    request.end();
  };
  more();
  return promise;
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
