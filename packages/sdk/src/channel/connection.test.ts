import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { createConnection, type OpenSocket } from './connection.ts';

test('a connection has caught up only when the socket has taken a long answer', async () => {
  const taken: (() => void)[] = [];
  const socket = new Duplex({ write: (_chunk, _encoding, done) => void taken.push(done), read: () => undefined });
  const webSocket = Object.assign(new EventEmitter(), {
    close: () => undefined,
    terminate: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
  }) as OpenSocket;
  const connection = createConnection({
    webSocket,
    socket,
    behindBytes: 100_000,
    onText: () => undefined,
    onOver: () => undefined,
  });
  connection.reply('short');
  expect(connection.caughtUp()).toBeUndefined();
  connection.reply('x'.repeat(200_000));
  const waiting = connection.caughtUp();
  expect(waiting).toBeInstanceOf(Promise);
  expect(connection.isOver()).toBe(false);
  taken.shift()?.();
  await waiting;
  expect(connection.caughtUp()).toBeUndefined();
});
