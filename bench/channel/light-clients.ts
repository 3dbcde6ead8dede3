// Many connections that cost little: node light-clients.ts PORT CONNECTIONS CHANNEL. They count lines and check the last number.
import process from 'node:process';
import { WebSocket } from 'ws';

const [port, connections, room] = process.argv.slice(2) as [string, string, string];
const count = Number(connections);
const sockets: WebSocket[] = [];
const numbers: number[] = Array.from({ length: count }, () => 0);
let deliveries = 0;
let lost = 0;
let position = { epoch: '', offset: 0 };

/** What the light clients have seen so far. */
export interface LightlyReceived {
  readonly kind: 'received';
  readonly deliveries: number;
  readonly through: readonly number[];
  readonly lost: number;
  readonly cpu: NodeJS.CpuUsage;
}

const MARK = '"data":{"n":';

function open(index: number, from?: { epoch: string; offset: number }): Promise<number> {
  const startedAt = performance.now();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`, { perMessageDeflate: false });
  sockets[index] = socket;
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => {
      const recover = from === undefined ? {} : { recover: true, ...from };
      socket.send(
        `${JSON.stringify({ id: 1, connect: { token: `u${index}` } })}\n${JSON.stringify({ id: 2, subscribe: { channel: room, ...recover } })}`,
      );
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1');
      if (text === '{}') return socket.send('{}');
      if (text.includes('"subscribe":')) {
        const reply = text.slice(text.lastIndexOf('{"id":2'));
        const { subscribe } = JSON.parse(reply.split('\n')[0] ?? '{}') as {
          subscribe?: { epoch?: string; offset?: number; recovered?: boolean };
        };
        position = { epoch: subscribe?.epoch ?? '', offset: subscribe?.offset ?? 0 };
        if (from !== undefined && subscribe?.recovered !== true) reject(new Error('not recovered'));
        return resolve(performance.now() - startedAt);
      }
      for (let at = text.indexOf(MARK); at >= 0; at = text.indexOf(MARK, at + MARK.length)) {
        const n = Number.parseInt(text.slice(at + MARK.length, at + MARK.length + 12), 10);
        deliveries += 1;
        const before = numbers[index] ?? 0;
        if (n !== before + 1) lost += Math.abs(n - before - 1);
        numbers[index] = n;
      }
    });
  });
}

/** So many at a time, as load balancers do. */
async function openAll(from?: { epoch: string; offset: number }, atOnce = 200): Promise<number[]> {
  const times: number[] = [];
  for (let start = 0; start < count; start += atOnce) {
    const indexes = Array.from({ length: Math.min(atOnce, count - start) }, (_nothing, index) => start + index);
    times.push(...(await Promise.all(indexes.map((index) => open(index, from)))));
  }
  return times;
}

process.on('message', (request: { kind: 'resume'; missed: number; atOnce: number }) => {
  if (request.kind !== 'resume') return;
  for (const socket of sockets) socket.terminate();
  const from = { epoch: position.epoch, offset: Math.max(0, position.offset + (numbers[0] ?? 0) - request.missed) };
  void openAll(from, request.atOnce).then((times) => {
    const ordered = times.toSorted((a, b) => a - b);
    const at = (share: number): number => ordered[Math.floor((ordered.length - 1) * share)] ?? 0;
    process.send?.({ kind: 'resumed', p50: at(0.5), p99: at(0.99), longest: at(1) });
  });
});

await openAll();
process.send?.({ kind: 'ready' });
setInterval(
  () =>
    process.send?.({
      kind: 'received',
      deliveries,
      through: [Math.min(...numbers)],
      lost,
      cpu: process.cpuUsage(),
    } satisfies LightlyReceived),
  20,
);
