import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestedServer, type TestedServer } from './tested-server.ts';

const MEBIBYTE = 2 ** 20;
const READERS = 20;
let server: TestedServer;

beforeAll(async () => {
  server = await startTestedServer();
});
afterAll(async () => server.close());

test(
  'readers that never read are cut, hold bounded memory, and keep nobody from the newest flags',
  { timeout: 120_000 },
  async () => {
    const token = await server.admin.call('tokenCreate', { body: { name: 'sdk', scopes: ['evaluate', 'read'] } });
    const streams = Array.from({ length: READERS }, (_, index) => [
      openUnread(`/api/v1/stream/flags?service=shop&instance=i${index}`, token.secret),
      openUnread('/api/v1/events', token.secret),
    ]);
    const sockets = await Promise.all(streams.flat());
    const before = process.memoryUsage().rss;
    // About a megabyte a snapshot: far more than sockets hold, sent to each of the readers.
    for (let version = 1; version <= 30; version += 1) await writeLargeFlag('large', version);
    const grown = process.memoryUsage().rss - before;
    expect(grown).toBeLessThan(READERS * 12 * MEBIBYTE);
    const connected = async (): Promise<number> => {
      const { items } = await server.admin.call('instanceList', {});
      return items.filter((instance) => instance.connected).length;
    };
    await expect.poll(connected, { timeout: 20_000, interval: 200 }).toBe(0);
    const { definitions } = await server.admin.call('snapshot', { query: { service: 'shop', instance: 'reading' } });
    expect(JSON.stringify(definitions)).toContain('"version":30');
    for (const socket of sockets) socket.destroy();
    await server.admin.call('tokenRevoke', { params: { id: token.id } });
  },
);

test('a revoked token ends streams that nobody reads, whatever is sent afterwards', { timeout: 60_000 }, async () => {
  const token = await server.admin.call('tokenCreate', { body: { name: 'gone', scopes: ['evaluate', 'read'] } });
  const sockets = await Promise.all([
    openUnread('/api/v1/stream/flags?service=gone&instance=one', token.secret),
    openUnread('/api/v1/events', token.secret),
  ]);
  await writeLargeFlag('stuck', 1);
  await writeLargeFlag('stuck', 2);
  await server.admin.call('tokenRevoke', { params: { id: token.id } });
  // Writing to a stream after its end must not be the end of the server.
  for (let version = 3; version < 8; version += 1) await writeLargeFlag('stuck', version);
  const gone = async (): Promise<boolean> => {
    const { items } = await server.admin.call('instanceList', {});
    return items.some(({ service, connected }) => service === 'gone' && connected);
  };
  await expect.poll(gone, { timeout: 20_000, interval: 200 }).toBe(false);
  const again = await fetch(`${server.url}/api/v1/stream/flags?service=gone&instance=one`, {
    headers: { authorization: `Bearer ${token.secret}` },
  });
  expect(again.status).toBe(401);
  for (const socket of sockets) socket.destroy();
});

test('a token may open many streams, and closing them leaves nothing behind', async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', listen);
  for (let round = 0; round < 40; round += 1) {
    const stop = new AbortController();
    const answer = await fetch(`${server.url}/api/v1/stream/flags?service=many&instance=i`, {
      headers: { authorization: `Bearer ${server.secret}` },
      signal: stop.signal,
    });
    await answer.body?.getReader().read();
    stop.abort();
  }
  const open = async (): Promise<boolean> =>
    (await server.admin.call('instanceList', {})).items.some(
      ({ service, connected }) => service === 'many' && connected,
    );
  await expect.poll(open, { timeout: 10_000 }).toBe(false);
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});

async function openUnread(address: string, token: string): Promise<Socket> {
  const socket = connect({ port: server.port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.write(`GET ${address} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\n\r\n`);
  // The head of the answer arrives, and from then on nothing is taken from the socket.
  await once(socket, 'readable');
  socket.pause();
  return socket;
}

async function writeLargeFlag(key: string, version: number): Promise<void> {
  const variants = Object.fromEntries(
    Array.from({ length: 90 }, (_, index) => [`v${index}`, 'x'.repeat(10_000)] as const),
  );
  const definition = { state: 'ENABLED', variants, defaultVariant: 'v0', metadata: { version } };
  const headers: Record<string, string> = version === 1 ? { 'if-none-match': '*' } : { 'if-match': '*' };
  const answer = await server.ask('PUT', `/api/v1/flags/${key}`, { body: JSON.stringify({ definition }), headers });
  expect([version, answer.status]).toEqual([version, 200]);
}
