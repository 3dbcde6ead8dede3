import { DatabaseSync } from 'node:sqlite';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { createServer } from 'node:http';
import { type Centrifuge, UnauthorizedError, type PublicationContext, type SubscribedContext } from 'centrifuge';
import { afterEach, describe, expect, it } from 'vitest';
import { ChannelRpcError, openSqliteLog, type ChannelLog, type ChannelServerOptions } from '../channel.ts';
import { type ChannelTestbed, openTestbed, type RawClient } from './channel-testbed.ts';

const beds: ChannelTestbed[] = [];
const logs: ChannelLog[] = [];

afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.close();
  for (const log of logs.splice(0)) await log.close();
});

function newLog(messages = 10_000): ChannelLog {
  const log = openSqliteLog({ database: new DatabaseSync(':memory:'), window: { messages } });
  logs.push(log);
  return log;
}

async function start(options: Partial<ChannelServerOptions> = {}, log: ChannelLog = newLog()): Promise<ChannelTestbed> {
  const bed = await openTestbed(log, options);
  beds.push(bed);
  return bed;
}

/** A client that is gone for good. */
function ended(client: Centrifuge): Promise<{ readonly code: number }> {
  return new Promise((resolve) => client.on('disconnected', resolve));
}

const hello = { id: 1, connect: { token: 'ann' } };

async function greeted(bed: ChannelTestbed, token = 'ann'): Promise<RawClient> {
  const client = await bed.raw();
  client.send({ id: 1, connect: { token } });
  await client.line(({ id }) => id === 1);
  return client;
}

async function ask(client: RawClient, command: { id: number }): Promise<Record<string, unknown>> {
  client.send(command);
  return client.line(({ id }) => id === command.id);
}

describe('a channel server and the official client', () => {
  it('publishes, subscribes, tells history and presence, and answers calls', async () => {
    const bed = await start({
      authenticate: ({ token }) => ({ id: token, info: { name: token.toUpperCase() } }),
      rpc: (method, data) => {
        if (method === 'echo') return data;
        throw new ChannelRpcError(404, `there is no method ${method}`);
      },
    });
    const client = bed.connect();
    const subscription = client.newSubscription('room');
    const seen: PublicationContext[] = [];
    subscription.on('publication', (context) => seen.push(context));
    subscription.subscribe();
    await subscription.ready();
    await subscription.publish({ text: 'from ann' });
    const { offset, isDuplicate } = await bed.channel.publish('room', 'from the server', {
      key: 'k',
      tags: { a: 'b' },
    });
    expect({ offset, isDuplicate }).toEqual({ offset: 2, isDuplicate: false });
    expect(await bed.channel.publish('room', 'again', { key: 'k' })).toMatchObject({ offset: 2, isDuplicate: true });
    await expect.poll(() => seen.length).toBe(2);
    expect(seen[0]).toMatchObject({
      data: { text: 'from ann' },
      offset: 1,
      info: { user: 'ann', connInfo: { name: 'ANN' } },
    });
    expect(seen[1]).toMatchObject({ data: 'from the server', offset: 2, tags: { a: 'b' } });
    const history = await subscription.history({ limit: 1, reverse: true });
    expect(history).toMatchObject({ offset: 2, publications: [{ data: 'from the server', offset: 2 }] });
    const { clients } = await subscription.presence();
    expect(Object.values(clients)).toMatchObject([{ user: 'ann', connInfo: { name: 'ANN' } }]);
    expect(await subscription.presenceStats()).toEqual({ numClients: 1, numUsers: 1 });
    expect(await client.rpc('echo', { a: [1] })).toEqual({ data: { a: [1] } });
    await expect(client.rpc('nothing', {})).rejects.toMatchObject({ code: 404, message: 'there is no method nothing' });
    subscription.unsubscribe();
    await expect.poll(() => bed.channel.status().subscriptions).toBe(0);
    await expect.poll(async () => Object.keys((await client.presence('room')).clients)).toEqual([]);
  });

  it('says that it cannot recover where the window has moved on, never a part of it', async () => {
    const log = newLog(10);
    const bed = await start({}, log);
    for (let n = 0; n < 30; n += 1) await bed.channel.publish('room', n);
    await log.trim();
    const { epoch } = await log.position('room');
    const told: SubscribedContext[] = [];
    for (const offset of [5, 25, 30, 31]) {
      const subscription = bed.connect().newSubscription('room', { since: { offset, epoch } });
      subscription.on('subscribed', (context) => told.push(context));
      subscription.subscribe();
      await subscription.ready();
    }
    expect(told.map(({ recovered, hasRecoveredPublications }) => [recovered, hasRecoveredPublications])).toEqual([
      [false, false],
      [true, true],
      [true, false],
      [false, false],
    ]);
    expect(told[0]).toMatchObject({ wasRecovering: true, streamPosition: { epoch, offset: 30 } });
    expect(bed.channel.status()).toMatchObject({ recovered: 2, unrecovered: 2 });
  });

  it('starts anew where the epoch is another, and refuses who asks for all or nothing', async () => {
    const bed = await start();
    await bed.channel.publish('room', 1);
    const client = await greeted(bed);
    const other = { channel: 'room', recover: true, epoch: 'another', offset: 1 };
    expect(await ask(client, { id: 2, subscribe: { ...other, flag: 2 } } as never)).toMatchObject({
      error: { code: 112 },
    });
    expect(await ask(client, { id: 3, subscribe: other } as never)).toMatchObject({
      subscribe: { was_recovering: true, offset: 1 },
    });
  });

  it('asks who somebody is, and what they may, on every connection and subscription', async () => {
    const allowed = new Set(['room']);
    const asked: string[] = [];
    const bed = await start({
      authorize({ action, channel, user }) {
        asked.push(`${user.id} ${action} ${channel}`);
        return allowed.has(channel);
      },
    });
    const client = bed.connect();
    const subscription = client.newSubscription('room');
    subscription.subscribe();
    await subscription.ready();
    allowed.clear();
    const gone = new Promise<{ code: number }>((resolve) => subscription.on('unsubscribed', resolve));
    expect(bed.channel.disconnect('ann')).toBe(1);
    expect(await gone).toMatchObject({ code: 103 });
    expect(asked).toEqual(['ann subscribe room', 'ann subscribe room']);
    await expect(client.publish('room', 1)).rejects.toMatchObject({ code: 103 });
    const nobody = bed.connect({ token: '' });
    expect(await ended(nobody)).toMatchObject({ code: 3500 });
  });

  it('lets go for good where it is told to, and ends single subscriptions', async () => {
    const bed = await start();
    const client = bed.connect();
    const subscription = client.newSubscription('room');
    subscription.subscribe();
    await subscription.ready();
    const unsubscribed = new Promise<{ code: number }>((resolve) => subscription.on('unsubscribed', resolve));
    expect(bed.channel.unsubscribe('ann', 'room')).toBe(1);
    expect(await unsubscribed).toMatchObject({ code: 2000 });
    const disconnected = ended(client);
    bed.channel.disconnect('ann', false);
    expect(await disconnected).toMatchObject({ code: 3503 });
  });

  it('renews a token that ends, and ends a connection whose user changes', async () => {
    let name = 'ann';
    let tokens = 0;
    const bed = await start({ authenticate: () => ({ id: name, expiresAtMs: Date.now() + 1500 }) });
    const client = bed.connect({
      token: '',
      getToken: async () => {
        tokens += 1;
        if (tokens > 3) throw new UnauthorizedError('enough');
        return `token-${tokens}`;
      },
    });
    const disconnected = ended(client);
    await expect.poll(() => tokens, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(client.state).toBe('connected');
    name = 'bob';
    expect(await disconnected).toMatchObject({ code: 3500 });
  });

  it('sends clients away before a deploy, and they find the next server with nothing missed', async () => {
    const log = newLog();
    const bed = await start({}, log);
    const client = bed.connect();
    const subscription = client.newSubscription('room');
    const seen: unknown[] = [];
    const codes: number[] = [];
    subscription.on('publication', ({ data }) => seen.push(data));
    client.on('connecting', ({ code }) => codes.push(code));
    subscription.subscribe();
    await subscription.ready();
    await bed.channel.publish('room', 1);
    await expect.poll(() => seen).toEqual([1]);
    await bed.channel.drain(10);
    await expect.poll(() => codes).toEqual([3001]);
    expect(bed.channel.status()).toMatchObject({ isDraining: true, connections: 0 });
    await bed.channel.publish('room', 2);
    await bed.stop();
    const next = await openTestbed(log, {}, bed.port);
    beds.push(next);
    await next.channel.publish('room', 3);
    await expect.poll(() => seen).toEqual([1, 2, 3]);
  });
});

describe('a channel server and clients that are not so well behaved', () => {
  it.each([
    ['no JSON', 'hello'],
    ['a list', '[1]'],
    ['no id', '{"connect":{}}'],
    ['two methods', '{"id":1,"connect":{},"rpc":{}}'],
    ['a token that is no text', '{"id":1,"connect":{"token":7}}'],
    ['something before it said who it is', '{"id":1,"publish":{"channel":"a","data":1}}'],
  ])('ends a connection that sends %s', async (_what, text) => {
    const client = await (await start()).raw();
    client.send(text);
    expect(await client.closed).toEqual([3501, 'bad request']);
  });

  it('ends a connection that sends too much at once, or not text', async () => {
    const bed = await start({ limits: { frameBytes: 1000 } });
    const large = await bed.raw();
    large.send('x'.repeat(1001));
    expect((await large.closed)[0]).toBe(1009);
    const binary = await bed.raw();
    binary.socket.send(Buffer.from([1, 2]));
    expect((await binary.closed)[0]).toBe(3501);
  });

  it('refuses what is beyond the limits, and says what is wrong with a command', async () => {
    const bed = await start({ limits: { channelsPerConnection: 1, channelNameLength: 10, connectionsPerUser: 1 } });
    const client = await greeted(bed);
    expect(await ask(client, { id: 2, subscribe: { channel: 'a' } } as never)).toHaveProperty('subscribe');
    const answers = [
      [{ id: 3, subscribe: { channel: 'a' } }, 105],
      [{ id: 4, subscribe: { channel: 'b' } }, 106],
      [{ id: 5, subscribe: { channel: 'x'.repeat(11) } }, 107],
      [{ id: 6, publish: { channel: 'a\u0000', data: 1 } }, 107],
      [{ id: 7, publish: { channel: 'closed', data: 1 } }, 103],
      [{ id: 8, sub_refresh: {} }, 104],
      [{ id: 9, refresh: { token: 'ann' } }, 108],
      [{ id: 10, rpc: { method: 'belay.outbox', data: { session: '', messages: [] } } }, 107],
    ] as const;
    for (const [command, code] of answers)
      expect(await ask(client, command as never)).toMatchObject({ error: { code } });
    const second = await bed.raw();
    second.send(hello);
    expect((await second.closed)[0]).toBe(3504);
  });

  it('takes so many commands a second and no more', async () => {
    const bed = await start({ limits: { commandsPerSecond: 5 } });
    const client = await greeted(bed);
    for (let id = 2; id < 30; id += 1) client.send({ id, publish: { channel: 'a', data: id } });
    const refused = await client.line(({ error }) => error !== undefined);
    expect(refused).toMatchObject({ error: { code: 111, temporary: true } });
    await client.line(({ id }) => id === 29);
    expect(bed.channel.status().published).toBeLessThan(15);
  });

  it('sends a client away that does not say who it is, and one that does not answer', async () => {
    const bed = await start({ limits: { connectMs: 50, heartbeatMs: 100 } });
    const silent = await bed.raw();
    expect(await silent.closed).toEqual([3502, 'stale']);
    const deaf = await greeted(bed);
    expect(await deaf.closed).toEqual([3012, 'no pong']);
  });

  it('sends a slow reader away with the advice to come back, and it misses nothing', async () => {
    const bed = await start({ limits: { behindBytes: 100_000 } });
    const slow = await greeted(bed);
    expect(await ask(slow, { id: 2, subscribe: { channel: 'room' } } as never)).toHaveProperty('subscribe');
    const before = slow.received.length;
    slow.socket.pause();
    const text = 'x'.repeat(50_000);
    let n = 0;
    while (bed.channel.status().behind === 0 && n < 2000) await bed.channel.publish('room', { n: (n += 1), text });
    expect(bed.channel.status()).toMatchObject({ behind: 1, connections: 0 });
    slow.socket.resume();
    expect(await slow.closed).toEqual([3008, 'slow']);
    const got = slow.received.slice(before).length;
    const position = { epoch: (slow.received[1] as { subscribe: { epoch: string } }).subscribe.epoch, offset: got };
    const again = await greeted(bed);
    const answer = await ask(again, { id: 2, subscribe: { channel: 'room', recover: true, ...position } } as never);
    expect(answer).toMatchObject({ subscribe: { recovered: true } });
    const { publications } = (answer as { subscribe: { publications: { offset: number }[] } }).subscribe;
    expect(publications.map(({ offset }) => offset)).toEqual(
      Array.from({ length: n - got }, (_none, index) => got + 1 + index),
    );
  });

  it('takes no browsers from other pages, and no more connections than it can', async () => {
    const bed = await start({ limits: { connections: 1 } });
    await expect(bed.raw({ origin: 'https://evil.example' })).rejects.toThrow('403');
    await bed.raw({ origin: `http://127.0.0.1:${bed.port}` });
    await expect(bed.raw()).rejects.toThrow('503');
  });

  it('answers what the log cannot do with an error, and goes on when it can again', async () => {
    const log = newLog();
    let isBroken = true;
    const failing: ChannelLog = {
      ...log,
      append: (entries) => (isBroken ? Promise.reject(new RangeError('the disk is full')) : log.append(entries)),
    };
    const warnings: string[] = [];
    const bed = await start({ onWarning: (warning) => warnings.push(warning) }, failing);
    const client = await greeted(bed);
    expect(await ask(client, { id: 2, publish: { channel: 'a', data: 1 } } as never)).toMatchObject({
      error: { code: 100 },
    });
    await expect(bed.channel.publish('a', 1)).rejects.toThrow('the disk is full');
    isBroken = false;
    expect(await ask(client, { id: 3, publish: { channel: 'a', data: 1 } } as never)).toEqual({ id: 3, publish: {} });
    expect(warnings.join()).toContain('the disk is full');
  });

  it.each(['/connection/websocket', '//', '/elsewhere'])(
    'survives a request for %s that breaks off',
    async (target) => {
      const bed = await start();
      const socket = connectTcp(bed.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      await once(socket, 'data');
      socket.resetAndDestroy();
      const client = await greeted(bed);
      expect(client.received).toHaveLength(1);
    },
  );
});

describe('a channel server and Belay', () => {
  it('sends its counts as OpenTelemetry metrics', async () => {
    const bodies: string[] = [];
    const belay = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(`${request.url ?? ''} ${request.headers.authorization ?? ''} ${Buffer.concat(chunks).toString()}`);
        response.end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(belay, 'listening');
    const address = belay.address() as { port: number };
    const bed = await start({ report: { url: `http://127.0.0.1:${address.port}`, key: 'secret' }, service: 'chat' });
    await bed.channel.publish('room', 1);
    await bed.channel.close();
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toContain('/v1/metrics Bearer secret');
    expect(bodies[0]).toContain('"name":"belay.channel.published"');
    expect(bodies[0]).toContain('"stringValue":"chat"');
    belay.close();
  });
});
