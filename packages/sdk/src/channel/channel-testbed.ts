import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Centrifuge, type Options } from 'centrifuge';
import { WebSocket } from 'ws';
import { startChannelServer, type ChannelLog, type ChannelServer, type ChannelServerOptions } from '../channel.ts';

/** A channel server on a port of its own, and clients that are gone at the end. */
export interface ChannelTestbed {
  readonly channel: ChannelServer;
  readonly port: number;
  /** An official client, connecting. */
  connect(options?: Partial<Options>): Centrifuge;
  /** A WebSocket that speaks for itself. */
  raw(options?: { readonly origin?: string }): Promise<RawClient>;
  /** Ends the server and leaves the clients. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Lines in, lines out. */
export interface RawClient {
  readonly socket: WebSocket;
  readonly received: Record<string, unknown>[];
  send(...commands: unknown[]): void;
  /** The answer to a command, or the first line that has a field. */
  line(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Code and reason of the end. */
  readonly closed: Promise<readonly [number, string]>;
}

/** Starts a server over a log; tokens are names, and everything is allowed but channels that begin with `closed`. */
export async function openTestbed(
  log: ChannelLog,
  options: Partial<ChannelServerOptions> = {},
  wanted = 0,
): Promise<ChannelTestbed> {
  const http = createServer();
  const channel = await startChannelServer({
    server: http,
    log,
    authenticate: ({ token }) => (token === '' ? undefined : { id: token }),
    authorize: ({ channel: name }) => !name.startsWith('closed'),
    report: false,
    onWarning: () => {},
    ...options,
  });
  const port = await listen(http, wanted);
  const clients: Centrifuge[] = [];
  const sockets: WebSocket[] = [];
  const address = `ws://127.0.0.1:${port}/connection/websocket`;
  const stop = async (): Promise<void> => {
    await channel.close();
    http.closeAllConnections();
    http.close();
  };
  return {
    channel,
    port,
    stop,
    connect(given = {}) {
      const client = new Centrifuge(address, {
        websocket: WebSocket,
        token: 'ann',
        minReconnectDelay: 5,
        maxReconnectDelay: 20,
        ...given,
      });
      clients.push(client);
      client.connect();
      return client;
    },
    async raw(given = {}) {
      const socket = new WebSocket(address, given);
      sockets.push(socket);
      const client = speak(socket);
      await once(socket, 'open');
      return client;
    },
    async close() {
      for (const client of clients) client.disconnect();
      for (const socket of sockets) socket.terminate();
      await stop();
    },
  };
}

async function listen(http: Server, wanted: number): Promise<number> {
  http.listen(wanted, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new TypeError('the server has no port');
}

function speak(socket: WebSocket): RawClient {
  const received: Record<string, unknown>[] = [];
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.on('close', (code, reason) => resolve([code, reason.toString()]));
  });
  const waiting = new Set<() => void>();
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    for (const line of data.toString('utf8').split('\n')) received.push(JSON.parse(line) as Record<string, unknown>);
    for (const look of waiting) look();
  });
  return {
    socket,
    received,
    closed,
    send: (...commands) =>
      socket.send(commands.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n')),
    line: (matches) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = received.find(matches);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}
