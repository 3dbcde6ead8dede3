import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createBus } from '../../platform/bus/bus.ts';
import { createHttpServer } from '../../platform/http/http-server.ts';
import { createLog } from '../../platform/log/log.ts';
import { createLive } from './api.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

test('a reader that does not read is cut off, and the others go on', async () => {
  const { live, bus, port } = await start();
  const stuck = connect(port, '127.0.0.1', () => stuck.write('GET /api/v1/events HTTP/1.1\r\nhost: a\r\n\r\n'));
  stuck.pause();
  const cut = new Promise<void>((resolve) => stuck.once('close', () => resolve()));
  const reader = await fetch(`http://127.0.0.1:${port}/api/v1/events`);
  await until(() => live.streams() === 2);
  const big = 'x'.repeat(100_000);
  const reading = countEvents(reader, 200);
  for (let count = 0; count < 200; count += 1) {
    bus.publish({ type: 'ledger', at: 1, entryId: count, kind: 'test.big', sentence: big, rolloutId: null });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await reading).toBe(200);
  await until(() => live.streams() === 1);
  stuck.resume();
  await cut;
});

test('closing ends every stream, so that the server can end', async () => {
  const { live, port } = await start();
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/events`);
  await until(() => live.streams() === 1);
  live.close();
  expect(await answer.text()).toContain('heartbeat');
});

async function start() {
  const log = createLog({ level: 'silent' });
  const clock = { now: () => 5 };
  const bus = createBus({ onListenerError: () => undefined });
  const live = createLive({ bus, clock, log, dataAgeMs: () => null });
  const signal = new AbortController().signal;
  const app = createHttpServer({
    log,
    clock,
    requestsPerMinute: 1000,
    authenticate: () => ({ kind: 'machine', name: 'test', via: 'api', tokenId: 'tok', scopes: ['read'], signal }),
  });
  await app.register(async (scoped) => live.routes(scoped));
  await app.listen({ port: 0, host: '127.0.0.1' });
  closers.push(async () => {
    live.close();
    await app.close();
  });
  // A server that listens on TCP has such an address.
  const { port } = app.server.address() as AddressInfo;
  return { live, bus, port };
}

async function countEvents(answer: Response, wanted: number): Promise<number> {
  let seen = 0;
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    seen += decoder.decode(chunk, { stream: true }).split('test.big').length - 1;
    if (seen >= wanted) break;
  }
  return seen;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
