import type { ClientRequest } from 'node:http';

/** Sees to it that connections on their way do not keep the process alive: `unref` does not reach them. */
export interface ConnectWatch {
  /** Watches a request from now until its connection stands, or `connectMs` are over. */
  add(request: ClientRequest): void;
}

const lookEveryMs = 50;
const connectMs = 5000;
const quietMs = 1000;

/** Watches nothing yet. */
export function createConnectWatch(): ConnectWatch {
  const connecting = new Map<ClientRequest, number>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const patienceMs = patienceFor(connecting.size);
    const now = performance.now();
    for (const [request, since] of connecting) {
      if (now - since >= patienceMs) request.destroy(new ConnectGivenUp());
    }
  };
  const done = (request: ClientRequest): void => {
    connecting.delete(request);
    if (connecting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    add(request) {
      request.on('socket', (socket) => {
        socket.unref();
        if (!socket.connecting) return;
        connecting.set(request, performance.now());
        timer ??= setInterval(look, lookEveryMs).unref();
        socket.once('connect', () => done(request));
        socket.once('close', () => done(request));
      });
    },
  };
}

/**
 * How long a connection may take, in milliseconds. An address that swallows packets answers after minutes; where only
 * our own attempts are left, everything else is done, and they are given up. Standard input and output can be listed
 * though nobody uses them, so with those a connection gets the time that it takes on the longest way.
 */
function patienceFor(ownAttempts: number): number {
  const active = process.getActiveResourcesInfo();
  const others = active.filter((name) => !name.includes('Connect'));
  if (active.length - others.length > ownAttempts) return connectMs;
  if (others.length === 0) return 0;
  return others.every((name) => name === 'PipeWrap') ? quietMs : connectMs;
}

/** The address did not answer. */
class ConnectGivenUp extends Error {
  constructor() {
    super('the address does not answer');
    this.name = 'ConnectGivenUp';
  }
}
