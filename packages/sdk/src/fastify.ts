import type { IncomingHttpHeaders } from 'node:http';
import { currentUnit } from './unit-scope.ts';

/** What the adapter reads of a Fastify request. */
export interface FastifyLikeRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly routeOptions: { readonly url?: string | undefined };
}

/** What the adapter needs of a Fastify instance; `never`, because Fastify's own types of requests are many. */
export interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: never, reply: never, done: () => void) => void): unknown;
}

/** How the adapter is set up: `key` says who a request is for; it is asked when a flag is read without a key. */
export interface FastifyOptions<Request extends FastifyLikeRequest> {
  readonly key?: (request: Request) => string | undefined;
}

/** Adds a hook to a Fastify instance (and what is registered in it later): route template and user key of the unit. */
export function belayFastify<Request extends FastifyLikeRequest = FastifyLikeRequest>(
  app: FastifyLike,
  options: FastifyOptions<Request> = {},
): void {
  const { key } = options;
  app.addHook('onRequest', (request: Request, _reply: unknown, done) => {
    const unit = currentUnit();
    if (unit !== undefined) {
      unit.describe = () => `${request.method} ${request.routeOptions.url ?? '*'}`;
      if (key !== undefined) unit.keyOf = () => key(request);
    }
    done();
  });
}
