import http from 'node:http';

export interface ShopRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly user: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface ShopAnswer {
  /** Which checkout answered; absent for everything that is not a checkout. */
  readonly path?: 'new' | 'old';
  readonly failure?: { readonly isShops: boolean; readonly what: string };
}

const TIMEOUT_MS = 15_000;

/** Sends requests over kept-alive connections; a failure is an answer, never an exception. */
export function createShopClient(): { send(target: string, request: ShopRequest): Promise<ShopAnswer>; close(): void } {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 512 });
  return {
    send: (target, request) => sendOnce(agent, target, request),
    close: () => agent.destroy(),
  };
}

function sendOnce(agent: http.Agent, target: string, request: ShopRequest): Promise<ShopAnswer> {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const headers = {
    'x-user': request.user,
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve) => {
    const outgoing = http.request(
      `${target}${request.path}`,
      { method: request.method, agent, headers, timeout: TIMEOUT_MS },
      (response) => {
        response.resume();
        response.once('end', () => resolve(readAnswer(response)));
        response.once('error', (error) => resolve(brokenConnection(error)));
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new ShopSilent(TIMEOUT_MS)));
    outgoing.once('error', (error) => resolve(brokenConnection(error)));
    outgoing.end(body);
  });
}

function readAnswer(response: http.IncomingMessage): ShopAnswer {
  const path = response.headers['x-shop-path'];
  const status = response.statusCode ?? 0;
  const reason = response.headers['x-shop-failure'];
  return {
    ...(path === 'new' || path === 'old' ? { path } : {}),
    ...(status >= 400 ? { failure: { isShops: reason !== undefined, what: `answered ${status}` } } : {}),
  };
}

function brokenConnection(error: Error): ShopAnswer {
  return { failure: { isShops: false, what: error.message } };
}

class ShopSilent extends Error {
  override readonly name = 'ShopSilent';
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1000} s`);
  }
}
