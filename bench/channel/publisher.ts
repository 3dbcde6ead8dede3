// Official clients that publish by the outbox method: node publisher.ts PORT CHANNELS MESSAGES PER_SECOND. What is not
// answered is offered again under the same numbers, for as long as it takes.
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { Centrifuge } from 'centrifuge';
import { WebSocket } from 'ws';

const [port, channels, messages, perSecond] = process.argv.slice(2).map(Number) as [number, number, number, number];
const BATCH = 100;
const startedAt = performance.now();
let offeredAgain = 0;

async function publish(room: number, count: number): Promise<void> {
  const client = new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, {
    websocket: WebSocket,
    token: `publisher-${room}`,
    minReconnectDelay: 10,
    maxReconnectDelay: 100,
    timeout: 5000,
  });
  client.connect();
  for (let next = 1; next <= count;) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * (perSecond / channels));
    const size = Math.min(BATCH, count - next + 1, due - next + 1);
    if (size <= 0) {
      await delay(5);
      continue;
    }
    const batch = Array.from({ length: size }, (_nothing, index) => ({
      seq: next + index,
      channel: `room-${room}`,
      data: { n: next + index, at: 0, text: 'a message of a chat, as long as they are' },
    }));
    try {
      await client.ready();
      const { data } = await client.rpc('belay.outbox', { session: 'bench', messages: batch });
      next = (data as { ackThrough: number }).ackThrough + 1;
    } catch {
      offeredAgain += size;
    }
  }
  client.disconnect();
}

const share = Math.floor(messages / channels);
await Promise.all(Array.from({ length: channels }, (_nothing, room) => publish(room, share)));
process.send?.({ kind: 'done', published: share * channels, offeredAgain });
