// Official clients in a process of their own: node receiver.ts PORT CLIENTS CHANNELS. Each listens to all channels and checks
// that every message comes, once, in order.
import process from 'node:process';
import { Centrifuge } from 'centrifuge';
import { WebSocket } from 'ws';

const [port, clients, channels] = process.argv.slice(2).map(Number) as [number, number, number];

/** What the clients have seen so far. */
export interface Received {
  readonly kind: 'received';
  readonly deliveries: number;
  /** The message up to which every client has all of a channel. */
  readonly through: readonly number[];
  readonly lost: number;
  readonly doubled: number;
  readonly unrecovered: number;
  readonly resumes: number;
  /** Milliseconds from an open connection to a subscription that goes on, p50 and p99. */
  readonly resumeMs: readonly [number, number];
  readonly latencyMs: readonly [number, number];
  readonly cpu: NodeJS.CpuUsage;
}

const counts = { deliveries: 0, lost: 0, doubled: 0, unrecovered: 0, resumes: 0 };
const resumeMs: number[] = [];
const latencyMs: number[] = [];
const seen: number[][] = Array.from({ length: clients }, () => Array.from({ length: channels }, () => 0));
let subscribed = 0;

for (const [index, own] of seen.entries()) {
  let openedAt = 0;
  const client = new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, {
    websocket: WebSocket,
    token: `user-${index}`,
    minReconnectDelay: 10,
    maxReconnectDelay: 100,
    timeout: 20_000,
  });
  client.on('__centrifuge_debug:connect_frame_sent' as 'connected', () => {
    openedAt = performance.now();
  });
  for (let room = 0; room < channels; room += 1) {
    const subscription = client.newSubscription(`room-${room}`, { minResubscribeDelay: 10, maxResubscribeDelay: 100 });
    subscription.on('subscribed', (context) => {
      if (!context.wasRecovering) subscribed += 1;
      if (!context.wasRecovering) return;
      counts.resumes += 1;
      if (resumeMs.length < 200_000) resumeMs.push(performance.now() - openedAt);
      if (!context.recovered) counts.unrecovered += 1;
    });
    subscription.on('publication', ({ data }) => {
      const { n, at } = data as { n: number; at: number };
      const before = own[room] ?? 0;
      counts.deliveries += 1;
      if (n <= before) counts.doubled += 1;
      else counts.lost += n - before - 1;
      own[room] = Math.max(n, before);
      if (at > 0 && counts.deliveries % 50 === 0 && latencyMs.length < 200_000) latencyMs.push(Date.now() - at);
    });
    subscription.subscribe();
  }
  client.connect();
}

const waiting = setInterval(() => {
  if (subscribed < clients * channels) return;
  clearInterval(waiting);
  process.send?.({ kind: 'ready' });
  setInterval(report, 20);
}, 20);

function report(): void {
  const through = Array.from({ length: channels }, (_nothing, room) => Math.min(...seen.map((own) => own[room] ?? 0)));
  const full = {
    ...counts,
    through,
    resumeMs: quantiles(resumeMs),
    latencyMs: quantiles(latencyMs),
    cpu: process.cpuUsage(),
  };
  process.send?.({ kind: 'received', ...full } satisfies Received);
}

let last = 0;
let sorted: Map<number[], [number, number]> = new Map();

/** Sorted anew once a second at most. */
function quantiles(values: number[]): [number, number] {
  if (performance.now() - last > 1000) {
    last = performance.now();
    sorted = new Map();
  }
  const known = sorted.get(values);
  if (known !== undefined) return known;
  const ordered = values.toSorted((a, b) => a - b);
  const at = (share: number): number => ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? 0;
  const found: [number, number] = [at(0.5), at(0.99)];
  sorted.set(values, found);
  return found;
}
