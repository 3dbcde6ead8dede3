import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Centrifuge } from 'centrifuge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  openFileOutboxStore,
  openSqliteLog,
  startChannelServer,
  type ChannelLog,
  type ChannelServer,
} from '../channel.ts';
import { openOutbox } from '../channel-client.ts';
import type { ConnectedClient, LostMessage, OutboxStore } from './client-types.ts';

let folder: string;
let http: Server;
let log: ChannelLog;
let channel: ChannelServer;
const clients: Centrifuge[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'belay-outbox-'));
  http = createServer();
  log = openSqliteLog({ database: new Database(path.join(folder, 'log.db')) });
  channel = await startChannelServer({
    server: http,
    log,
    authenticate: ({ token }) => ({ id: token }),
    authorize: ({ channel: name }) => name !== 'closed',
    report: false,
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await channel.close();
  http.closeAllConnections();
  http.close();
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

function connect(): Centrifuge {
  const address = http.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('no port');
  const client = new Centrifuge(`ws://127.0.0.1:${address.port}/connection/websocket`, {
    websocket: WebSocket,
    token: 'ann',
    minReconnectDelay: 5,
    maxReconnectDelay: 20,
  });
  clients.push(client);
  client.connect();
  return client;
}

/** A client that cannot reach its server. */
const offline: ConnectedClient = {
  ready: () => Promise.reject(new RangeError('offline')),
  rpc: () => Promise.reject(),
};

async function storedNumbers(): Promise<number[]> {
  const { records } = await log.read('room', { since: 0, limit: 1000 });
  return records.map(({ body }) => (JSON.parse(body) as { data: { n: number } }).data.n);
}

describe('an outbox', () => {
  it('stores what was written while there was no connection, in order, over a restart of the client', async () => {
    const file = path.join(folder, 'outbox', 'ann.log');
    const first = await openOutbox({ client: offline, store: openFileOutboxStore(file) });
    await Promise.all([1, 2, 3].map((n) => first.send('room', { n }).kept));
    await first.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const second = await openOutbox({ client: connect(), store: openFileOutboxStore(file) });
    await second.send('room', { n: 4 }).stored;
    expect(await storedNumbers()).toEqual([1, 2, 3, 4]);
    expect(second.status()).toMatchObject({ waiting: 0, bytes: 0, lost: 0 });
    await second.close();
  });

  it('stores nothing twice where the answer is lost, and nothing out of order', async () => {
    const client = connect();
    let calls = 0;
    const forgetful: ConnectedClient = {
      ready: (timeout) => client.ready(timeout),
      async rpc(method, data) {
        const answer = await client.rpc(method, data);
        calls += 1;
        // The server did it; every second answer never comes.
        if (calls % 2 === 1) throw new RangeError('connection closed');
        return answer;
      },
    };
    const outbox = await openOutbox({ client: forgetful, store: openFileOutboxStore(path.join(folder, 'o.log')) });
    const sent = Array.from({ length: 250 }, (_nothing, index) => outbox.send('room', { n: index + 1 }).stored);
    await Promise.all(sent);
    expect(await storedNumbers()).toEqual(Array.from({ length: 250 }, (_nothing, index) => index + 1));
    expect(channel.status().duplicates).toBeGreaterThan(0);
    await outbox.close();
  });

  it('tells of each message that the server refuses, and goes on with the others', async () => {
    const lost: LostMessage[] = [];
    const outbox = await openOutbox({ client: connect(), onLost: (one) => lost.push(one) });
    const [, refused, last] = [
      outbox.send('room', { n: 1 }),
      outbox.send('closed', { n: 2 }),
      outbox.send('room', { n: 3 }),
    ];
    await expect(refused.stored).rejects.toThrow('the server refused it: permission denied (103)');
    await last.stored;
    expect(await storedNumbers()).toEqual([1, 3]);
    expect(lost).toMatchObject([{ item: { channel: 'closed' }, reason: 'refused', error: { code: 103 } }]);
    await outbox.close();
  });

  it('refuses what does not fit, or gives up the oldest and says so', async () => {
    const full = await openOutbox({ client: offline, maximumMessages: 2 });
    const sent = [1, 2, 3].map((n) => full.send('room', { n }));
    await expect(sent[2]!.kept).rejects.toMatchObject({ code: 'outbox-full' });
    await expect(full.send('room', 'x'.repeat(50_000)).kept).rejects.toThrow('the message has 500');
    expect(full.status()).toMatchObject({ waiting: 2, lost: 0 });
    await full.close();
    const lost: LostMessage[] = [];
    const moving = await openOutbox({
      client: offline,
      maximumMessages: 2,
      overflow: 'drop-oldest',
      onLost: (one) => lost.push(one),
    });
    const [oldest] = [1, 2, 3].map((n) => moving.send('room', { n }));
    await expect(oldest!.stored).rejects.toMatchObject({ code: 'overflow' });
    expect(lost.map(({ item }) => item.data)).toEqual([{ n: 1 }]);
    await moving.close();
  });

  it('gives up what is too old', async () => {
    const outbox = await openOutbox({ client: offline, maximumAgeMs: 1 });
    await expect(outbox.send('room', { n: 1 }).stored).rejects.toMatchObject({ code: 'too-old' });
    expect(outbox.status()).toMatchObject({ waiting: 0, lost: 1 });
    await outbox.close();
  });

  it('sends nothing that its store did not take', async () => {
    const failing: OutboxStore = {
      ...openFileOutboxStore(path.join(folder, 'f.log')),
      add: () => Promise.reject(new RangeError('the disk is full')),
    };
    const outbox = await openOutbox({ client: connect(), store: failing });
    const { kept, stored } = outbox.send('room', { n: 1 });
    await expect(kept).rejects.toThrow('message 1 could not be kept and is not sent: the disk is full');
    await expect(stored).rejects.toMatchObject({ code: 'outbox-store' });
    expect(await storedNumbers()).toEqual([]);
    await outbox.close();
  });

  it('reads a file whose last line a crash cut short, and keeps it small', async () => {
    const file = path.join(folder, 'cut.log');
    const first = await openOutbox({ client: offline, store: openFileOutboxStore(file) });
    await first.send('room', { n: 1 }).kept;
    await first.close();
    appendFileSync(file, '{"add":{"seq":2,"chan');
    const store = openFileOutboxStore(file);
    expect(await store.load()).toMatchObject({ nextSeq: 2, items: [{ seq: 1 }] });
    const many = Array.from({ length: 3000 }, (_nothing, index) => index + 2);
    for (const seq of many) await store.remove([seq]);
    expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(2500);
    await store.close();
  });
});
