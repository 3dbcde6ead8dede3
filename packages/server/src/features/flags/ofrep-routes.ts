import { createHash, randomBytes } from 'node:crypto';
import { BelayError, isBelayError } from '@belay/core';
import type { EvaluationContext, GuardedResult } from '@belay/core/flag';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { principalOf } from '../../platform/http/principal.ts';
import { createRateLimit } from '../../platform/http/token-bucket.ts';
import type { RateLimit } from '../../platform/http/token-bucket.ts';
import type { FlagService } from './flag-service.ts';
import type { FlagState } from './flag-state.ts';
import type { FlagStream } from './flag-stream.ts';
import { createStreamTickets } from './stream-tickets.ts';
import type { StreamTickets } from './stream-tickets.ts';

interface OfrepOptions {
  readonly state: FlagState;
  readonly stream: FlagStream;
  readonly service: FlagService;
  readonly clock: { now(): number };
  readonly leasesGranted: (now: number) => readonly string[];
  readonly ofrepPerMinute?: number;
}

/** Seconds without a visible page after which a browser closes its change stream. */
const INACTIVITY_SECONDS = 120;

/**
 * The OpenFeature Remote Evaluation Protocol 0.3.0: one flag, all flags with ETag, and a change stream. Failures are
 * OFREP's own documents, not problem documents, because its clients read those.
 */
export function ofrepRoutes(app: FastifyInstance, options: OfrepOptions): void {
  const { clock, ofrepPerMinute = 60_000 } = options;
  const rate = createRateLimit({
    clock,
    perMinute: ofrepPerMinute,
    burst: Math.max(1, Math.ceil(ofrepPerMinute / 10)),
  });
  const tickets = createStreamTickets({ clock, secret: randomBytes(32) });
  allowBrowsers(app);
  app.setErrorHandler((error, _request, reply) => answerFailure(error, reply));
  app.post<{ Params: { key: string } }>(
    '/ofrep/v1/evaluate/flags/:key',
    { config: { scope: 'evaluate' } },
    async (request, reply) => evaluateOne(options, { request, reply, key: request.params.key, rate }),
  );
  app.post('/ofrep/v1/evaluate/flags', { config: { scope: 'evaluate' } }, async (request, reply) =>
    evaluateAll(options, { request, reply, rate, tickets }),
  );
  // A browser's EventSource can send no header, so the address carries a ticket, given out with the evaluations.
  app.get('/ofrep/v1/changes', { config: { scope: null }, exposeHeadRoute: false }, (request, reply) => {
    const { data } = ticketQuery.safeParse(request.query);
    if (data === undefined || !tickets.isValid(data.ticket)) {
      throw new BelayError('access.unauthenticated', 'The ticket of this stream is not valid.', {
        hint: 'Evaluate all flags anew; the answer carries a fresh one.',
      });
    }
    options.stream.openChanges(request, reply);
  });
}

interface One {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly rate: RateLimit;
}

function evaluateOne(
  { service, state }: OfrepOptions,
  { request, reply, rate, key }: One & { key: string },
): FastifyReply {
  takeOne(rate, request);
  const context = contextOf(request.body);
  const result = service.evaluate(key, context);
  const answer = answerOf(key, result, state.current().revision);
  const status = result.errorCode === undefined ? 200 : result.errorCode === 'FLAG_NOT_FOUND' ? 404 : 400;
  return reply.code(status).send(answer);
}

function evaluateAll(
  { service, state, clock, leasesGranted }: OfrepOptions,
  { request, reply, rate, tickets }: One & { tickets: StreamTickets },
): FastifyReply {
  takeOne(rate, request);
  const context = contextOf(request.body);
  const served = state.current();
  const leases = leasesGranted(clock.now()).join('.');
  const tag = `"${createHash('sha256')
    .update(JSON.stringify([served.revision, leases, context]))
    .digest('base64url')}"`;
  reply.header('etag', tag);
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  const flags = [...served.flags.keys()].map((key) => answerOf(key, service.evaluate(key, context), served.revision));
  const requestUri = `/ofrep/v1/changes?ticket=${encodeURIComponent(tickets.issue())}`;
  const eventStreams = [{ type: 'sse', endpoint: { requestUri }, inactivityDelaySec: INACTIVITY_SECONDS }];
  return reply.code(200).send({ flags, eventStreams });
}

/** An answer in OFREP's words. `version` names the flag state, for `feature_flag.version` in telemetry. */
function answerOf(key: string, result: GuardedResult, revision: number): object {
  const { errorCode, errorMessage, flagMetadata } = result;
  if (errorCode !== undefined) return { key, errorCode, errorDetails: errorMessage };
  const metadata = { ...flagMetadata, version: String(revision), ...guardFacts(result) };
  // Without a value the client serves the default in its code.
  if (result.variant === undefined) return { key, reason: result.reason, metadata };
  return { key, value: result.value, variant: result.variant, reason: result.reason, metadata };
}

function guardFacts({ arm, side, group, rolloutId }: GuardedResult): Record<string, string | number> {
  if (rolloutId === undefined) return {};
  return {
    'belay.rollout': rolloutId,
    ...(arm === undefined ? {} : { 'belay.arm': arm }),
    ...(side === undefined ? {} : { 'belay.side': side }),
    ...(group === undefined ? {} : { 'belay.group': group }),
  };
}

const ticketQuery = z.object({ ticket: z.string().max(200) });
const evaluationRequest = z.looseObject({ context: z.record(z.string(), z.unknown()).optional() });

function contextOf(body: unknown): EvaluationContext {
  const parsed = evaluationRequest.safeParse(body ?? {});
  if (parsed.success) return parsed.data.context ?? {};
  throw new BelayError('request.invalid', 'The "context" must be an object.', { hint: 'Send {"context": {...}}.' });
}

function takeOne(rate: RateLimit, request: FastifyRequest): void {
  const wait = rate.take(principalOf(request).tokenId);
  if (wait === 0) return;
  throw new BelayError('request.rate-limited', `Too many evaluations; wait ${wait} s.`, { retryAfterSeconds: wait });
}

function answerFailure(error: unknown, reply: FastifyReply): FastifyReply {
  const known = isBelayError(error) ? error : undefined;
  const status = known?.status ?? statusOf(error);
  if (known?.retryAfterSeconds !== undefined) reply.header('retry-after', String(known.retryAfterSeconds));
  if (status >= 500) throw error;
  const errorDetails = error instanceof Error ? error.message : 'The request could not be read.';
  if (status !== 400 && status !== 422) return reply.code(status).send({ errorDetails });
  const errorCode = known?.code === 'request.invalid' ? 'INVALID_CONTEXT' : 'PARSE_ERROR';
  return reply.code(400).send({ key: keyOf(reply), errorCode, errorDetails });
}

function statusOf(error: unknown): number {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500;
}

function keyOf({ request }: FastifyReply): string | undefined {
  const { params } = request;
  return typeof params === 'object' && params !== null && 'key' in params ? String(params.key) : undefined;
}

/** Pages of any origin may evaluate with a token; cookies are never taken across origins. */
function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('access-control-expose-headers', 'etag, retry-after');
    reply.header('cross-origin-resource-policy', 'cross-origin');
  });
  app.options('/ofrep/v1/*', { config: { scope: null } }, (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'GET, POST')
      .header('access-control-allow-headers', 'authorization, content-type, if-none-match')
      .header('access-control-max-age', '86400')
      .send(),
  );
}
