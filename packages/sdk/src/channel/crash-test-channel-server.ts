// A channel server in a process of its own, for tests and measurements that kill it: node FILE PORT DATABASE DROP.
// It publishes what clients send, and cuts the connection after a delivery with the chance DROP.
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import Database from 'better-sqlite3';
import { openSqliteLog, startChannelServer } from '../channel.ts';

const [port, file, drop = '0', commands = '100000'] = process.argv.slice(2);
const sockets = new Set<Socket>();
const http = createServer((_request, response) => response.end('ok'));
http.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
const channel = await startChannelServer({
  server: http,
  log: openSqliteLog({ database: new Database(file) }),
  authenticate: ({ token }) => (token === 'wrong' ? undefined : { id: token }),
  authorize: ({ channel: name, action }) => !(name.startsWith('read-only') && action === 'publish'),
  rpc: (method) => (method === 'status' ? JSON.parse(JSON.stringify({ ...channel.status(), memory: memory() })) : null),
  limits: { commandsPerSecond: Number(commands), connectionsPerUser: 20_000, waitingCommands: 4096 },
  report: false,
});
let seen = 0;
if (Number(drop) > 0) {
  setInterval(() => {
    const { delivered } = channel.status();
    const many = (delivered - seen) * Number(drop);
    seen = delivered;
    for (let cut = many > 0 && many < 1 && Math.random() < many ? 1 : Math.floor(many); cut > 0; cut -= 1) {
      [...sockets][Math.floor(Math.random() * sockets.size)]?.destroy();
    }
  }, 20);
}
http.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 }, () => process.send?.('ready'));

function memory(): number {
  return process.memoryUsage().rss;
}
