import { currentUnit } from './unit-scope.ts';

/** What the adapter reads of a Fastify request. */
export interface FastifyLikeRequest {
  readonly method: string;
  readonly routeOptions: { readonly url?: string | undefined };
}

/** What the adapter needs of a Fastify instance. */
export interface FastifyLike<Request extends FastifyLikeRequest> {
  addHook(name: 'onRequest', hook: (request: Request, reply: unknown, done: () => void) => void): unknown;
}

/** How the adapter is set up: `key` says who a request is for; it is asked when a flag is read without a key. */
export interface FastifyOptions<Request extends FastifyLikeRequest> {
  readonly key?: (request: Request) => string | undefined;
}

/** Adds a hook to a Fastify instance (and what is registered in it later): route template and user key of the unit. */
export function belayFastify<Request extends FastifyLikeRequest>(
  app: FastifyLike<Request>,
  options: FastifyOptions<Request> = {},
): void {
  const { key } = options;
  app.addHook('onRequest', (request, _reply, done) => {
    const unit = currentUnit();
    if (unit !== undefined) {
      unit.describe = () => `${request.method} ${request.routeOptions.url ?? '*'}`;
      if (key !== undefined) unit.keyOf = () => key(request);
    }
    done();
  });
}
