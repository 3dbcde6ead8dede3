import { BelayError, invariant } from '@belay/core';
import { endpoints } from '@belay/protocol';
import type { Endpoint, EndpointName } from '@belay/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { hintOf, issuesOf } from './input-issues.ts';
import { preconditionOf } from './precondition.ts';
import type { Precondition } from './precondition.ts';
import type { Principal } from './principal.ts';

type Endpoints = typeof endpoints;
type ParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;
type Parsed<E, Part extends 'query' | 'body'> = E extends { readonly [K in Part]: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : undefined;

/** What the handler of an endpoint gets: everything parsed by the endpoint's schemas. */
export interface EndpointRequest<Name extends EndpointName> {
  readonly params: { readonly [Key in ParameterNames<Endpoints[Name]['path']>]: string };
  readonly query: Parsed<Endpoints[Name], 'query'>;
  readonly body: Parsed<Endpoints[Name], 'body'>;
  /** What the caller says it has seen; endpoints with `precondition` answer 428 without one. */
  readonly precondition: Precondition;
  /** `null` only on endpoints that are open to everybody. */
  readonly principal: Principal | null;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** What the handler of an endpoint answers, before it is written as JSON. */
export type EndpointAnswer<Name extends EndpointName> = z.input<Endpoints[Name]['response']>;
export type EndpointHandler<Name extends EndpointName> = (
  request: EndpointRequest<Name>,
) => EndpointAnswer<Name> | Promise<EndpointAnswer<Name>>;

/**
 * Serves endpoints of the protocol: checks the scope, parses the path, query and body, answers with the declared
 * status, and sets the ETag where the answer carries a `version`. Use `principalOf(request)` for who asks.
 */
export function defineRoutes<const Name extends EndpointName>(
  app: FastifyInstance,
  handlers: { readonly [Key in Name]: EndpointHandler<Key> },
): void {
  for (const [name, handle] of Object.entries(handlers)) {
    invariant(isEndpointName(name), `${name} is an endpoint of the protocol`);
    // Each handler takes exactly the request that `parse` makes from its own endpoint; TypeScript cannot follow that.
    defineRoute(app, name, handle as (request: unknown) => unknown);
  }
}

function defineRoute(app: FastifyInstance, name: EndpointName, handle: (request: unknown) => unknown): void {
  const endpoint: Endpoint = endpoints[name];
  app.route({
    method: endpoint.method,
    url: endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { scope: endpoint.scope },
    ...(endpoint.bodyBytes === undefined ? {} : { bodyLimit: endpoint.bodyBytes }),
    handler: async (request, reply) => {
      const answer: unknown = await handle(parse(endpoint, request, reply));
      if (reply.sent) return reply;
      if (app.validatesResponses) checkAnswer(name, endpoint, answer);
      return send({ endpoint, request, reply, answer });
    },
  });
}

function parse(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): EndpointRequest<EndpointName> {
  const parsed = {
    params: request.params,
    query: endpoint.query === undefined ? undefined : check(endpoint.query, request.query, 'query'),
    body: endpoint.body === undefined ? undefined : check(endpoint.body, request.body ?? {}, 'body'),
    precondition: preconditionOf(request.headers, endpoint.precondition ?? false),
    principal: request.principal,
    request,
    reply,
  };
  // Decoder: the schemas above are the ones that the type is computed from.
  return parsed as unknown as EndpointRequest<EndpointName>;
}

function check(schema: z.ZodType, value: unknown, part: 'query' | 'body'): unknown {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const issues = issuesOf(result.error);
  throw new BelayError('request.invalid', `The ${part} has ${count(issues.length)} to mend.`, {
    hint: hintOf(issues, part),
    issues,
  });
}

function checkAnswer(name: EndpointName, endpoint: Endpoint, answer: unknown): void {
  const result = endpoint.response.safeParse(answer);
  invariant(result.success, `the answer of ${name} keeps to its schema: ${result.error?.message}`);
}

interface Sending {
  readonly endpoint: Endpoint;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly answer: unknown;
}

function send({ endpoint, request, reply, answer }: Sending): FastifyReply {
  const version = versionOf(answer);
  if (version !== undefined) {
    const tag = `"${version}"`;
    reply.header('etag', tag);
    if (request.method === 'GET' && request.headers['if-none-match'] === tag) return reply.code(304).send();
  }
  return reply.code(endpoint.status ?? 200).send(answer);
}

function versionOf(answer: unknown): number | undefined {
  if (typeof answer !== 'object' || answer === null || !('version' in answer)) return undefined;
  return typeof answer.version === 'number' ? answer.version : undefined;
}

function isEndpointName(name: string): name is EndpointName {
  return Object.hasOwn(endpoints, name);
}

function count(issues: number): string {
  return issues === 1 ? 'one thing' : `${issues} things`;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** In tests every answer is checked against its schema. */
    validatesResponses: boolean;
  }
}
