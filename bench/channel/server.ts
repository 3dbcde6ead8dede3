// A channel server in a process of its own: node server.ts PORT DATABASE. Told by messages what to do; told to die by SIGKILL.
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import process from 'node:process';
import { openSqliteLog, startChannelServer } from '@belay/node/channel';
import Database from 'better-sqlite3';

const [port, file] = process.argv.slice(2);
const sockets = new Set<Socket>();
const http = createServer();
http.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
const channel = await startChannelServer({
  server: http,
  log: openSqliteLog({ database: new Database(file) }),
  authenticate: ({ token }) => ({ id: token }),
  authorize: () => true,
  limits: { commandsPerSecond: 1_000_000, connectionsPerUser: 20_000, waitingCommands: 4096 },
  report: false,
});

/** What the measurement asks of the server. */
export type ServerRequest =
  | { readonly kind: 'publish'; readonly channel: string; readonly from: number; readonly count: number }
  | { readonly kind: 'cut'; readonly chance: number }
  | { readonly kind: 'status' };

const padding = 'x'.repeat(150);

process.on('message', (request: ServerRequest) => {
  if (request.kind === 'publish') void publish(request);
  else if (request.kind === 'cut') setInterval(() => cut(request.chance), 20);
  else process.send?.({ kind: 'status', status: channel.status(), cpu: process.cpuUsage(), rss: rss() });
});

async function publish({ channel: name, from, count }: Extract<ServerRequest, { kind: 'publish' }>): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_nothing, index) =>
      channel.publish(name, { n: from + index, at: Date.now(), padding }),
    ),
  );
  process.send?.({ kind: 'published', through: from + count - 1 });
}

/** Every so often, each connection is cut with this chance. */
function cut(chance: number): void {
  for (const socket of sockets) if (Math.random() < chance) socket.destroy();
}

function rss(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

http.listen({ port: Number(port), host: '127.0.0.1', backlog: 8192 }, () => process.send?.({ kind: 'ready' }));
