import { randomUUID } from 'node:crypto';
import { BelayError, invariant, isBelayError } from '@belay/core';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../log/log.ts';
import { readJsonBodies } from './json-body.ts';
import { allows, principalOf } from './principal.ts';
import type { Principal } from './principal.ts';
import { belayErrorOf, sendProblem } from './problem-response.ts';
import { createRouteTable } from './route-table.ts';
import { secureHeaders } from './secure-headers.ts';
import { createRateLimit } from './token-bucket.ts';

export interface HttpServerOptions {
  readonly log: Log;
  readonly clock: { now(): number };
  /** Who sends the request; `null` without credentials. Throws where credentials are wrong. */
  readonly authenticate: (request: FastifyRequest) => Principal | null;
  readonly requestsPerMinute: number;
  /** Check every answer against its schema; for tests. */
  readonly validatesResponses?: boolean;
  /** Answers a page of the dashboard for an address that no route has; `undefined` where there is none. */
  readonly fallback?: (request: FastifyRequest, reply: FastifyReply) => FastifyReply | undefined;
}

/** Largest JSON body of the API. Ingest routes set their own. */
const API_BODY_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 60_000;
/** Headers fit one packet or two; who takes longer holds a connection for nothing. */
const HEADERS_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_MS = 2000;
const KEEP_ALIVE_MS = 72_000;
const CONNECTIONS = 10_000;
const HEADERS = 100;
const HEADER_BYTES = 16 * 1024;
/** How long requests in flight may go on once the server closes. */
const CLOSING_MS = 3000;
/** Requests that may come at once are a tenth of a minute's. */
const BURST_SHARE = 0.1;

/** The one HTTP server: every route needs a declared scope, every failure is a problem document. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: API_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 512 },
    http: {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return;
      socket.end(plainRefusal(error.code));
    },
  });
  app.server.maxConnections = CONNECTIONS;
  app.server.maxHeadersCount = HEADERS;
  app.decorateRequest('principal', null);
  app.decorate('validatesResponses', options.validatesResponses ?? false);
  readJsonBodies(app);
  secureHeaders(app);
  guardRoutes(app, options);
  answerFailures(app, options);
  logRequests(app, options.log);
  endConnections(app);
  return app;
}

/** A connection that has sent nothing yet counts as busy, and would hold up the close for a minute. */
function endConnections(app: FastifyInstance): void {
  app.addHook('preClose', async () => {
    setTimeout(() => app.server.closeAllConnections(), CLOSING_MS).unref();
  });
}

function guardRoutes(app: FastifyInstance, { authenticate, clock, requestsPerMinute }: HttpServerOptions): void {
  const rate = createRateLimit({
    clock,
    perMinute: requestsPerMinute,
    burst: Math.max(60, Math.ceil(requestsPerMinute * BURST_SHARE)),
  });
  app.addHook('onRoute', (route) => {
    invariant(route.config?.scope !== undefined, `${String(route.method)} ${route.url} declares its scope`);
  });
  app.addHook('onRequest', async (request) => {
    const scope = request.routeOptions.config.scope;
    // No route: the answer is 404 for everybody.
    if (scope === undefined) return;
    request.principal = scope === null ? quietly(() => authenticate(request)) : authenticate(request);
    const wait = rate.take(request.principal?.tokenId ?? request.ip);
    if (wait > 0) throw tooMany(wait);
    if (scope === null) return;
    const principal = principalOf(request);
    if (!allows(principal.scopes, scope)) throw forbidden(principal, scope);
  });
}

/** On an open route wrong credentials are the same as none: a browser with an old cookie must still reach the sign-in. */
function quietly(authenticate: () => Principal | null): Principal | null {
  try {
    return authenticate();
  } catch (error) {
    if (isBelayError(error) && error.status < 500) return null;
    throw error;
  }
}

function answerFailures(app: FastifyInstance, { log, fallback }: HttpServerOptions): void {
  const table = createRouteTable(app);
  app.setErrorHandler((error, request, reply) => {
    const known = belayErrorOf(error, request.routeOptions.bodyLimit);
    if (known.status >= 500)
      log.error({ err: known.cause ?? known, requestId: request.id, path: pathOf(request) }, 'request failed');
    return sendProblem(request, reply, known);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request);
    const methods = table.methodsOf(path);
    if (methods.length > 0) {
      reply.header('allow', methods.join(', '));
      return sendProblem(request, reply, wrongMethod(request.method, path, methods));
    }
    return fallback?.(request, reply) ?? sendProblem(request, reply, notFound(path));
  });
}

function logRequests(app: FastifyInstance, log: Log): void {
  app.addHook('onResponse', async (request, reply) => {
    log.debug(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
        tokenId: request.principal?.tokenId,
      },
      'request',
    );
  });
}

/** Without the query, which may hold what a log should not keep. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '/';
}

function tooMany(seconds: number): BelayError {
  return new BelayError('request.rate-limited', `Too many requests; wait ${seconds} s.`, {
    hint: 'Wait as long as Retry-After says. The limit is server.requests_per_minute in belay.yaml.',
    retryAfterSeconds: seconds,
  });
}

function forbidden(principal: Principal, scope: string): BelayError {
  return new BelayError(
    'access.forbidden',
    `This needs the scope "${scope}"; the token "${principal.name}" has ${principal.scopes.join(', ')}.`,
    { hint: `Use a token with "${scope}", made with "belay token create --scope ${scope}" or under Settings.` },
  );
}

function notFound(path: string): BelayError {
  return new BelayError('route.not-found', `There is nothing at ${path.slice(0, 200)}.`, {
    hint: 'GET /openapi.json lists every address.',
  });
}

function wrongMethod(method: string, path: string, methods: readonly string[]): BelayError {
  return new BelayError('route.method-not-allowed', `${path.slice(0, 200)} does not take ${method}.`, {
    hint: `It takes ${methods.join(', ')}.`,
  });
}

/** What could not even be read as HTTP is answered without a request. */
function plainRefusal(code: string | undefined): string {
  const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : timedOut(code);
  return `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
}

function timedOut(code: string | undefined): string {
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
}
