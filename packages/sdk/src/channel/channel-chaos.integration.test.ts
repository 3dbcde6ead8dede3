import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Centrifuge } from 'centrifuge';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-channel-'));
const children = new Set<ChildProcess>();
const clients = new Set<Centrifuge>();

afterEach(async () => {
  for (const client of clients) client.disconnect();
  for (const child of children) await kill(child);
  rmSync(folder, { recursive: true, force: true });
});

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (typeof address !== 'object' || address === null) throw new TypeError('no port');
  return address.port;
}

async function startServer(port: number, drop: number): Promise<ChildProcess> {
  const program = path.join(import.meta.dirname, 'crash-test-channel-server.ts');
  const child = fork(program, [String(port), path.join(folder, 'log.db'), String(drop)], {
    execArgv: ['--conditions=@belay/source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.add(child);
  await once(child, 'message');
  return child;
}

function connect(port: number): Centrifuge {
  const client = new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, {
    websocket: WebSocket,
    token: 'ann',
    minReconnectDelay: 10,
    maxReconnectDelay: 100,
    timeout: 15_000,
  });
  clients.add(client);
  client.connect();
  return client;
}

describe('a channel whose server is killed again and again', () => {
  it('brings all messages to official clients, in order, none twice', async () => {
    const total = 5000;
    const port = await freePort();
    let server = await startServer(port, 0.01);
    const received = [[], [], []].map((list: number[]) => {
      const subscription = connect(port).newSubscription('room', { minResubscribeDelay: 10, maxResubscribeDelay: 100 });
      subscription.on('publication', ({ data }) => list.push((data as { n: number }).n));
      const unrecovered: unknown[] = [];
      subscription.on('subscribed', (context) => {
        if (context.wasRecovering && !context.recovered) unrecovered.push(context);
      });
      subscription.subscribe();
      return { list, unrecovered, subscription };
    });
    await Promise.all(received.map(({ subscription }) => subscription.ready()));
    let kills = 0;
    const publisher = connect(port);
    await publisher.ready();
    const publishing = publishAll(publisher, total);
    while (kills < 6) {
      const wanted = ((kills + 1) * total) / 8;
      await expect
        .poll(() => received[0]!.list.length, { timeout: 60_000, interval: 5 })
        .toBeGreaterThanOrEqual(wanted);
      await kill(server);
      kills += 1;
      server = await startServer(port, 0.01);
    }
    await publishing;
    for (const { list, unrecovered } of received) {
      await expect.poll(() => list.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(total);
      expect(list).toEqual(Array.from({ length: total }, (_nothing, index) => index + 1));
      expect(unrecovered).toEqual([]);
    }
  });
});

/** Publishes by the outbox method: what was not acknowledged is offered again. */
async function publishAll(client: Centrifuge, total: number): Promise<void> {
  for (let next = 1; next <= total;) {
    const messages = Array.from({ length: Math.min(50, total - next + 1) }, (_nothing, index) => ({
      seq: next + index,
      channel: 'room',
      data: { n: next + index },
    }));
    try {
      await client.ready();
      const { data } = await client.rpc('belay.outbox', { session: 'p1', messages });
      next = (data as { ackThrough: number }).ackThrough + 1;
    } catch {
      // The connection broke or the server was killed before it answered.
    }
  }
}
