import { keyName, instanceQuery } from '@belay/protocol';
import { BelayError } from '@belay/core';
import type { FastifyInstance } from 'fastify';
import { actorOf, principalOf } from '../../platform/http/principal.ts';
import { defineRoutes } from '../../platform/http/route.ts';
import { hintOf, issuesOf } from '../../platform/http/input-issues.ts';
import type { FlagService } from './flag-service.ts';
import type { FlagState } from './flag-state.ts';
import type { FlagStream } from './flag-stream.ts';
import type { InstanceRegistry } from './instance-registry.ts';

interface FlagRoutesOptions {
  readonly service: FlagService;
  readonly state: FlagState;
  readonly registry: InstanceRegistry;
  readonly stream: FlagStream;
  readonly lastReadAt?: ((flagKey: string) => Promise<number | null>) | undefined;
}

export function flagRoutes(app: FastifyInstance, options: FlagRoutesOptions): void {
  writingRoutes(app, options);
  servingRoutes(app, options);
  app.get('/api/v1/stream/flags', { config: { scope: 'evaluate' }, exposeHeadRoute: false }, (request, reply) => {
    options.stream.open(request, reply, parseWith(instanceQuery, request.query, 'query'));
  });
}

function writingRoutes(app: FastifyInstance, { service, lastReadAt }: FlagRoutesOptions): void {
  defineRoutes(app, {
    flagList: ({ query }) => service.list(query),
    flagGet: async ({ params }) => {
      const view = service.get(params.key);
      return { ...view, evaluatedAt: (await lastReadAt?.(params.key)) ?? null };
    },
    flagPut: async ({ params, body, precondition, request }) => {
      parseWith(keyName, params.key, 'path');
      return service.put(params.key, body, { actor: actorOf(principalOf(request)), precondition });
    },
    flagDelete: async ({ params, precondition, request }) => {
      await service.remove(params.key, { actor: actorOf(principalOf(request)), precondition });
      return {};
    },
    flagTry: ({ params, body }) => service.tryOut(params.key, body),
    flagKill: async ({ params, body, request }) =>
      service.kill(params.key, { actor: actorOf(principalOf(request)), reason: body.reason }),
  });
}

function servingRoutes(app: FastifyInstance, { state, registry, stream }: FlagRoutesOptions): void {
  defineRoutes(app, {
    instanceList: () => ({ items: [...registry.list()], revision: state.current().revision }),
    snapshot: ({ query, request, reply }) => {
      registry.see(query);
      const snapshot = stream.snapshot();
      // Leases are part of the answer: a lease that came or went is a new representation of the same revision.
      const tag = `"${snapshot.revision}-${snapshot.leases.join('.')}"`;
      reply.header('etag', tag);
      if (request.headers['if-none-match'] === tag) void reply.code(304).send();
      return snapshot;
    },
    applied: ({ body }) => {
      registry.applied(body);
      return {};
    },
  });
}

interface Parser<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Parameters<typeof issuesOf>[0] };
}

function parseWith<T>(schema: Parser<T>, value: unknown, part: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = issuesOf(result.error);
  throw new BelayError('request.invalid', `The ${part} has something to mend.`, {
    hint: hintOf(issues, part),
    issues,
  });
}
