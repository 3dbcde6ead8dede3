import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { IssueSummary } from '@belay/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestedServer, type TestedServer } from './tested-server.ts';
import { storedRows } from './stored-rows.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const APP = path.join(import.meta.dirname, 'sentry-app.ts');
let server: TestedServer;
let dsn: string;
let key: string;
let project: number;

beforeAll(async () => {
  server = await startTestedServer();
  ({ dsn, key, project } = await newDsn('shop'));
});
afterAll(() => server.close());

async function newDsn(service: string) {
  const created = await server.admin.call('sentryKeyCreate', { body: { service } });
  return { dsn: created.dsn, key: new URL(created.dsn).username, project: created.project, id: created.id };
}

/** Runs the app with the real SDK; resolves when everything it had was answered. */
async function runApp(...parameters: readonly string[]): Promise<void> {
  await run(process.execPath, ['--conditions=@belay/source', APP, ...parameters], { timeout: 60_000 });
}

const issues = async (service: string, query: object = {}): Promise<IssueSummary[]> =>
  (await server.admin.call('issueList', { query: { service, limit: 100, state: 'all', sort: 'last-seen', ...query } }))
    .items;

/** Waits until the service has that many issues with that many events together. */
const issuesOf = (service: string, count: number, events: number): Promise<IssueSummary[]> =>
  until(async () => {
    const found = await issues(service);
    const sum = found.reduce((total, issue) => total + issue.eventsTotal, 0);
    return found.length === count && sum === events ? found : undefined;
  });

const post = (address: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${server.url}${address}`, { method: 'POST', body, headers });

const envelope = (event: object, header: object = {}): string =>
  `${JSON.stringify(header)}\n${JSON.stringify({ type: 'event' })}\n${JSON.stringify(event)}`;

/** The same bytes are the same request: events of their own need ids of their own, which SDKs give them. */
const newId = (): string => randomUUID().replaceAll('-', '');

function thrown(type: string, frames: readonly (readonly [string, string, number])[], more: object = {}): object {
  const stack = frames
    .map(([filename, name, lineno]) => ({ filename, function: name, lineno, in_app: true }))
    .toReversed();
  return { platform: 'node', exception: { values: [{ type, value: 'boom', stacktrace: { frames: stack } }] }, ...more };
}

test('the real SDK reports errors by its DSN alone: grouped, with cause, place, user, tags and breadcrumbs', async () => {
  await runApp(dsn, 'errors');
  const found = await issuesOf('shop', 2, 6);
  const order = found.find(({ type }) => type === 'OrderError');
  expect(order).toMatchObject({
    eventsTotal: 3,
    users: 1,
    state: 'unresolved',
    isNew: true,
    lastRelease: 'shop@1.0.0',
    handled: true,
  });
  expect(order?.culprit).toMatchObject({ function: 'placeOrder', file: expect.stringContaining('sentry-app.ts') });
  expect(order?.sparkline.counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  expect(found.find(({ level }) => level === 'info')).toMatchObject({
    eventsTotal: 3,
    title: expect.stringContaining('low stock of item'),
  });
  const detail = await server.admin.call('issueGet', { params: { id: order?.id ?? '' } });
  expect(detail.latest?.exceptions.map(({ type }) => type)).toEqual(['OrderError', 'TypeError']);
  expect(detail.latest?.exceptions[0]?.frames[0]?.context?.lines.join('\n')).toContain('cannot place order');
  expect(detail.latest).toMatchObject({ environment: 'production', instance: 'i-1', tags: { plan: 'pro' } });
  expect(detail.latest?.user).not.toBeNull();
  expect(detail.tags.find(({ key: tag }) => tag === 'plan')).toEqual({
    key: 'plan',
    values: [{ value: 'pro', events: 3 }],
  });
  expect(detail.releases).toMatchObject([{ release: 'shop@1.0.0', events: 3 }]);
  expect(detail.latest?.breadcrumbs.map(({ message }) => message)).toContain('opened');
  expect(JSON.stringify(detail)).not.toContain('hunter2');
  const events = await server.admin.call('issueEvents', { params: { id: `E-${order?.number}` }, query: { limit: 2 } });
  expect(events.items).toHaveLength(2);
  const rest = await server.admin.call('issueEvents', {
    params: { id: order?.id ?? '' },
    query: { limit: 2, cursor: events.next ?? '' },
  });
  expect(new Set([...events.items, ...rest.items].map(({ eventId }) => eventId)).size).toBe(3);
});

test('the real SDK’s spans, logs, sessions, check-ins and feedback are stored', async () => {
  const other = await newDsn('worker');
  await runApp(other.dsn, 'rest');
  await issuesOf('worker', 1, 1);
  const count = async (sql: string): Promise<string> =>
    (await storedRows(server.dataDir, sql)).map((row) => JSON.stringify(row)).join();
  await until(async () =>
    (await count(`SELECT count() AS n FROM spans WHERE service = 'worker'`)) === '{"n":2}' ? true : undefined,
  );
  expect(await count(`SELECT name, kind FROM spans WHERE service = 'worker' ORDER BY name`)).toBe(
    '{"name":"GET /cart","kind":2},{"name":"SELECT 1","kind":3}',
  );
  expect(await count(`SELECT body, severity FROM logs WHERE service = 'worker'`)).toBe(
    '{"body":"stock is low","severity":13}',
  );
  expect(await count(`SELECT monitor, status FROM check_ins ORDER BY duration_ms`)).toContain('"status":"ok"');
  expect(await count(`SELECT count() > 0 AS any FROM sentry_sessions WHERE release = 'shop@1.0.0'`)).toBe('{"any":1}');
  const [issue] = await issues('worker');
  const detail = await server.admin.call('issueGet', { params: { id: issue?.id ?? '' } });
  expect(detail.feedback).toMatchObject([{ name: 'Ada', message: 'it broke' }]);
});

test('the older address takes what Python’s SDK 1.x sends', async () => {
  const event = {
    ...thrown('KeyError', [['/srv/app/cart.py', 'pay', 12]]),
    platform: 'python',
    timestamp: new Date().toISOString().replace('Z', ''),
  };
  const auth = `Sentry sentry_key=${(await newDsn('legacy')).key}, sentry_version=7, sentry_client=sentry.python/1.9.10`;
  const { items } = await server.admin.call('sentryKeyList', { query: { limit: 200 } });
  const legacy = items.find(({ service }) => service === 'legacy');
  const answer = await post(`/api/${legacy?.project}/store/`, gzipSync(JSON.stringify(event)), {
    'x-sentry-auth': auth,
    'content-encoding': 'gzip',
    'content-type': 'application/json',
  });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(await issuesOf('legacy', 1, 1)).toMatchObject([{ type: 'KeyError', culprit: { function: 'pay', line: 12 } }]);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
])('envelopes may be compressed with %s', async (encoding, compress) => {
  const body = Uint8Array.from(compress(envelope(thrown('Compressed', [['/app/src/a.ts', 'a', 1]]))));
  const answer = await post(`/api/${project}/envelope/?sentry_key=${key}`, body, { 'content-encoding': encoding });
  expect(answer.status).toBe(200);
});

test('the same event is counted once, however often and in whatever bytes it is sent', async () => {
  const { key: secret, project: id } = await newDsn('twice');
  const event = thrown('Twice', [['/app/src/a.ts', 'a', 1]], { event_id: 'a1'.repeat(16) });
  const send = (body: string) => post(`/api/${id}/envelope/?sentry_key=${secret}`, body);
  const answers = await Promise.all([
    send(envelope(event)),
    send(envelope(event)),
    send(envelope(event, { sent_at: new Date().toISOString() })),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await issuesOf('twice', 1, 1)).toHaveLength(1);
  expect((await send(envelope(event))).status).toBe(200);
  expect(await storedRows(server.dataDir, `SELECT count() AS n FROM error_events WHERE service = 'twice'`)).toEqual([
    { n: 1 },
  ]);
});

test('pages of other sites may send, with the key alone, and a wrong key is refused without a word of it', async () => {
  const preflight = await fetch(`${server.url}/api/${project}/envelope/?sentry_key=${key}`, {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
  });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  const event = envelope(thrown('Browser', [['https://shop.example/a.js', 'a', 1]]));
  const sent = await post(`/api/${project}/envelope/?sentry_key=${key}`, event, {
    origin: 'https://shop.example',
    'content-type': 'text/plain;charset=UTF-8',
  });
  expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  const wrong = await post(`/api/${project}/envelope/?sentry_key=${'0'.repeat(32)}`, event);
  expect([wrong.status, wrong.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
  expect(await wrong.text()).not.toContain('0'.repeat(32));
  expect((await post(`/api/${project + 100}/envelope/?sentry_key=${key}`, event)).status).toBe(401);
  expect(await post(`/api/${project}/envelope/`, envelope({}, { dsn })).then(({ status }) => status)).toBe(200);
  // The key opens nothing else.
  expect((await fetch(`${server.url}/api/v1/errors`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(
    401,
  );
});

test('a revoked key sends nothing any more', async () => {
  const revoked = await newDsn('gone');
  await server.admin.call('sentryKeyRevoke', { params: { id: revoked.id } });
  expect((await post(`/api/${revoked.project}/envelope/?sentry_key=${revoked.key}`, envelope({}))).status).toBe(401);
});

test('a resolved error that comes back in a later release is a regression, and not from the old release', async () => {
  const { key: secret, project: id } = await newDsn('regress');
  const send = (release: string) =>
    post(
      `/api/${id}/envelope/?sentry_key=${secret}`,
      envelope(thrown('Back', [['/app/src/a.ts', 'a', 1]], { release, event_id: newId() })),
    );
  await send('1.0.0');
  const [issue] = await issuesOf('regress', 1, 1);
  const resolved = await server.admin.call('issueAct', {
    params: { id: issue?.id ?? '' },
    body: { action: 'resolve-next-release' },
  });
  expect(resolved).toMatchObject({ state: 'resolved', stateSentence: expect.stringContaining('after 1.0.0') });
  await send('1.0.0');
  expect((await issuesOf('regress', 1, 2))[0]?.state).toBe('resolved');
  await send('1.1.0');
  expect((await issuesOf('regress', 1, 3))[0]).toMatchObject({
    state: 'regressed',
    stateSentence: 'Came back in 1.1.0 after it was resolved.',
  });
  const detail = await server.admin.call('issueGet', { params: { id: issue?.id ?? '' } });
  expect(detail.happened.map(({ kind }) => kind)).toEqual(['issue.regressed', 'issue.resolved']);
  await expect(
    server.admin.call('issueAct', { params: { id: issue?.id ?? '' }, body: { action: 'reopen' } }),
  ).rejects.toMatchObject({ code: 'issue.not-allowed' });
});

test('an ignored error wakes up after its events; merged errors are one and can be parted', async () => {
  const { key: secret, project: id } = await newDsn('merge');
  const send = (type: string) =>
    post(
      `/api/${id}/envelope/?sentry_key=${secret}`,
      envelope(thrown(type, [['/app/src/a.ts', type, 1]], { event_id: newId() })),
    );
  await send('One');
  await send('Two');
  const [two, one] = (await issuesOf('merge', 2, 2)).toSorted((a, b) => b.number - a.number);
  await server.admin.call('issueAct', { params: { id: one?.id ?? '' }, body: { action: 'ignore', events: 2 } });
  await send('One');
  expect((await issuesOf('merge', 2, 3)).find((issue) => issue.id === one?.id)?.state).toBe('ignored');
  await send('One');
  expect((await issuesOf('merge', 2, 4)).find((issue) => issue.id === one?.id)?.state).toBe('unresolved');
  const merged = await server.admin.call('issueAct', {
    params: { id: one?.id ?? '' },
    body: { action: 'merge', issue: two?.id ?? '' },
  });
  expect(merged).toMatchObject({ eventsTotal: 4, merged: [{ title: 'Two: boom' }] });
  await send('Two');
  await issuesOf('merge', 1, 5);
  await server.admin.call('issueAct', {
    params: { id: one?.id ?? '' },
    body: { action: 'unmerge', key: merged.merged[0]?.key ?? '' },
  });
  expect((await issuesOf('merge', 2, 5)).map(({ eventsTotal }) => eventsTotal).toSorted((a, b) => a - b)).toEqual([
    2, 3,
  ]);
});

test('errors are counted, searched and filtered', async () => {
  const counts = await server.admin.call('issueCounts', { query: { service: 'shop' } });
  expect(counts.events).toBeGreaterThanOrEqual(4);
  expect(counts.services.map(({ service }) => service)).toEqual(['shop']);
  expect(counts.points.reduce((sum, { events }) => sum + events, 0)).toBe(counts.events);
  expect((await issues('shop', { search: 'placeorder order' })).map(({ type }) => type)).toEqual(['OrderError']);
  expect(await issues('shop', { search: 'nowhere' })).toEqual([]);
  expect(await issues('shop', { release: '9.9.9' })).toEqual([]);
  await expect(server.admin.call('issueGet', { params: { id: 'E-99999' } })).rejects.toMatchObject({
    code: 'issue.not-found',
  });
});
