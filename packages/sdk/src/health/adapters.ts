import type { IncomingMessage, ServerResponse } from 'node:http';
import { HEALTH_TYPE } from './endpoints.ts';
import type { Health } from './open-health.ts';

const HEADERS = { 'content-type': HEALTH_TYPE, 'cache-control': 'no-store' } as const;

/** Express middleware that answers the health endpoints; put it first. */
export function healthExpress(
  health: Pick<Health, 'handle'>,
): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  return (request, response, next) => {
    if (!health.handle(request, response)) next();
  };
}

interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: never, reply: never, done: () => void) => void): unknown;
}
interface FastifyPair {
  readonly request: { readonly raw: IncomingMessage };
  readonly reply: { readonly raw: ServerResponse; hijack(): unknown };
}

/** Answers the health endpoints of a Fastify instance before anything else. */
export function healthFastify(app: FastifyLike, health: Pick<Health, 'handle'>): void {
  app.addHook('onRequest', (request: FastifyPair['request'], reply: FastifyPair['reply'], done) => {
    if (health.handle(request.raw, reply.raw)) reply.hijack();
    else done();
  });
}

interface HonoContext {
  readonly req: { readonly path: string; header(name: string): string | undefined };
}

/** Hono middleware that answers the health endpoints; put it first. */
export function healthHono(
  health: Pick<Health, 'answer'>,
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | void> {
  return async ({ req }, next) => {
    const found = await health.answer(req.path, req.header('authorization'));
    if (found === undefined) return next();
    return new Response(JSON.stringify(found.body), { status: found.status, headers: HEADERS });
  };
}

interface KoaContext {
  readonly path: string;
  status: number;
  body: unknown;
  get(field: string): string;
  set(fields: Readonly<Record<string, string>>): void;
}

/** Koa middleware that answers the health endpoints; put it first. */
export function healthKoa(
  health: Pick<Health, 'answer'>,
): (context: KoaContext, next: () => Promise<unknown>) => Promise<void> {
  return async (context, next) => {
    const found = await health.answer(context.path, context.get('authorization'));
    if (found === undefined) {
      await next();
      return;
    }
    context.status = found.status;
    context.set(HEADERS);
    context.body = JSON.stringify(found.body);
  };
}
