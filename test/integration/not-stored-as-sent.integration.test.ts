import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storedRows } from './stored-rows.ts';
import { startTestedServer, type TestedServer } from './tested-server.ts';

/** What is not stored as it was sent is told by cause, and a sender whose clock is wrong is named. */
const MINUTE = 60_000;
let server: TestedServer;

beforeAll(async () => {
  server = await startTestedServer();
});
afterAll(() => server.close());

async function drops(sender: string): Promise<Record<string, number>> {
  const view = await server.admin.call('storageGet', {});
  const own = view.drops.filter((drop) => drop.sender === sender);
  return Object.fromEntries(own.map(({ cause, count }) => [cause, count]));
}

test('items of Sentry envelopes that are not kept are counted by cause and service, redactions too', async () => {
  const { key, project } = await server.admin
    .call('sentryKeyCreate', { body: { service: 'till' } })
    .then((created) => ({
      key: new URL(created.dsn).username,
      project: created.project,
    }));
  const send = (...lines: readonly (object | string)[]) =>
    fetch(`${server.url}/api/${project}/envelope/?sentry_key=${key}`, {
      method: 'POST',
      body: lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    });
  const before = await drops('');
  const event = { event_id: randomBytes(16).toString('hex'), message: 'token is Bearer abcdefghijklmnop0123456789' };
  const answers = [
    await send({}, { type: 'replay_event' }, {}, { type: 'new_thing' }, {}, { type: 'event' }, '[1'),
    await send({}, { type: 'event' }, event),
    await send('no envelope'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 400]);
  expect(await drops('till')).toEqual({ unsupported: 2, undecodable: 1 });
  const after = await drops('');
  expect(after['undecodable']).toBe((before['undecodable'] ?? 0) + 1);
  expect(after['redacted']).toBeGreaterThan(before['redacted'] ?? 0);
});

test('a sender whose clock is five minutes ahead is named once, until it is right; its times are stored', async () => {
  const send = (at: number, name: string) =>
    server.otlp('traces', spanAt(at, name)).then(async (answer) => {
      await answer.text();
      return answer.status;
    });
  const clocks = async () => (await server.admin.call('status', {})).checks.find(({ name }) => name === 'clocks');
  expect(await clocks()).toMatchObject({ ok: true });
  const ahead = Date.now() + 5 * MINUTE;
  expect([await send(ahead, 'first'), await send(ahead + 1, 'second')]).toEqual([200, 200]);
  expect(await clocks()).toMatchObject({ ok: false, detail: expect.stringMatching(/^fast-clock is \d+ s ahead\.$/) });
  expect(await drops('fast-clock')).toEqual({ 'clock-skew': 1 });
  expect(
    await storedRows(
      server.dataDir,
      `SELECT toUnixTimestamp64Milli(ts) AS at FROM spans WHERE service = 'fast-clock' AND name = 'first'`,
    ),
  ).toEqual([{ at: ahead }]);
  expect(await send(Date.now(), 'third')).toBe(200);
  expect(await clocks()).toMatchObject({ ok: true });
});

function spanAt(ms: number, name: string): Uint8Array<ArrayBuffer> {
  const span = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name,
    startTimeUnixNano: `${ms}000000`,
    endTimeUnixNano: `${ms}000000`,
  };
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'fast-clock' } }] };
  const document = { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
  return Uint8Array.from(Buffer.from(JSON.stringify(document)));
}
