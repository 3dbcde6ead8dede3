import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { invariant } from '@belay/core';

/** A rollout as the server would send it. */
export interface TestRollout {
  readonly rolloutId: string;
  readonly share: number;
  readonly attempt?: number;
  readonly leaseMs?: number;
}

/** Answers one request in place of the well-behaved server. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void;

/** A Belay server over real HTTP that behaves as its protocol says, until it is told not to. */
export interface Testbed {
  readonly url: string;
  /** Everything received, in order. */
  readonly received: { readonly path: string; readonly body: string; readonly headers: IncomingMessage['headers'] }[];
  /** Sends a snapshot to everybody and to all who come. */
  publish(revision: number, rollouts?: readonly TestRollout[], leases?: readonly string[]): void;
  sendEvent(type: string, data: unknown): void;
  /** Cuts all connections. */
  cut(): void;
  /** Answers paths that begin with `prefix` by `fault` from now on; undefined mends it. */
  break(prefix: string, fault: Fault | undefined): void;
  /** Resolves as soon as `condition` holds; it is looked at after each request that comes in. */
  until(condition: () => boolean): Promise<void>;
  readonly streams: number;
  close(): Promise<void>;
}

/** The flags that the testbed serves: one switch, one text. */
export const testDefinitions = {
  flags: {
    'checkout.v2': { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' },
    greeting: { state: 'ENABLED', variants: { plain: 'hello', loud: 'HELLO' }, defaultVariant: 'plain' },
  },
} as const;

/** Starts a testbed on a free port. */
export async function startTestbed(): Promise<Testbed> {
  const received: Testbed['received'] = [];
  const streams = new Set<ServerResponse>();
  const waiters = new Set<() => void>();
  const faults = new Map<string, Fault>();
  let snapshot: object = { revision: 1, definitions: testDefinitions, rollouts: [], leases: [] };
  const wake = (): void => {
    for (const waiter of waiters) waiter();
  };
  const answer = (path: string, response: ServerResponse): void => {
    if (path.startsWith('/api/v1/stream/flags')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(eventText('snapshot', snapshot));
      streams.add(response);
      response.on('close', () => {
        streams.delete(response);
        wake();
      });
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(path.startsWith('/api/v1/snapshot') ? JSON.stringify(snapshot) : '{}');
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const fault = [...faults].find(([prefix]) => path.startsWith(prefix))?.[1];
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path, body: Buffer.concat(chunks).toString(), headers: request.headers });
      if (fault === undefined) answer(path, response);
      else fault(request, response);
      wake();
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    publish(revision, rollouts = [], leases = rollouts.map(({ rolloutId }) => rolloutId)) {
      snapshot = { revision, definitions: testDefinitions, rollouts: rollouts.map(overlayOf), leases };
      for (const stream of streams) stream.write(eventText('snapshot', snapshot));
    },
    sendEvent(type, data) {
      for (const stream of streams) stream.write(eventText(type, data));
    },
    cut: () => server.closeAllConnections(),
    break(prefix, fault) {
      if (fault === undefined) faults.delete(prefix);
      else faults.set(prefix, fault);
    },
    until: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!condition()) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
    get streams() {
      return streams.size;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Listens on a free port of this machine and gives it. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(portOf(server)));
  });
}

/** The port of a server that listens. */
export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  invariant(typeof address === 'object' && address !== null, 'the server listens on a port');
  return address.port;
}

function overlayOf({ rolloutId, share, attempt = 1, leaseMs = 60_000 }: TestRollout): object {
  return {
    rolloutId,
    attempt,
    flagKey: 'checkout.v2',
    controlVariant: 'off',
    canaryVariant: 'on',
    share,
    seed: 'seed',
    bucketing: 'flagd-v2',
    leaseMs,
  };
}

function eventText(type: string, data: unknown): string {
  return `event: ${type}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}
