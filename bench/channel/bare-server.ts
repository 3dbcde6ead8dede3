// The peer: `ws` alone, every message sent to every client as it comes. It keeps nothing: what a client misses is gone.
import { createServer } from 'node:http';
import process from 'node:process';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ServerRequest } from './server.ts';

const [port] = process.argv.slice(2);
const http = createServer();
const listeners = new Set<WebSocket>();
const gate = new WebSocketServer({ server: http, perMessageDeflate: false });
gate.on('connection', (socket) => {
  // Enough of the protocol for the same clients: they connect and subscribe in one message.
  socket.on('message', (data: Buffer) => {
    for (const line of data.toString('utf8').split('\n')) {
      const command = JSON.parse(line) as { id?: number; connect?: object; subscribe?: object };
      if (command.connect !== undefined) socket.send(JSON.stringify({ id: command.id, connect: { client: 'c' } }));
      if (command.subscribe === undefined) continue;
      socket.send(JSON.stringify({ id: command.id, subscribe: {} }));
      listeners.add(socket);
    }
  });
  socket.on('close', () => listeners.delete(socket));
});
const padding = 'x'.repeat(150);

process.on('message', (request: ServerRequest) => {
  if (request.kind === 'status')
    process.send?.({ kind: 'status', cpu: process.cpuUsage(), rss: process.memoryUsage().rss });
  if (request.kind !== 'publish') return;
  for (let n = request.from; n < request.from + request.count; n += 1) {
    const text = JSON.stringify({
      push: { channel: request.channel, pub: { offset: n, data: { n, at: Date.now(), padding } } },
    });
    for (const listener of listeners) listener.send(text);
  }
  process.send?.({ kind: 'published', through: request.from + request.count - 1 });
});
http.listen({ port: Number(port), host: '127.0.0.1', backlog: 8192 }, () => process.send?.({ kind: 'ready' }));
