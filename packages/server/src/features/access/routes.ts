import { isBelayError } from '@belay/core';
import type { SessionView } from '@belay/protocol';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { actorOf, principalOf } from '../../platform/http/principal.ts';
import { defineRoutes } from '../../platform/http/route.ts';
import type { RateLimit } from '../../platform/http/token-bucket.ts';
import type { AccessService } from './access-service.ts';
import { SESSION_MS } from './access-service.ts';
import { checkOrigin, cookieOf, refused } from './authenticate.ts';
import type { Credentials } from './credentials.ts';
import { hashOf } from './secret.ts';

export interface AccessRoutesOptions {
  readonly service: AccessService;
  readonly credentials: Credentials;
  readonly clock: { now(): number };
  readonly cookieName: string;
  /** Cookies travel over HTTPS alone where Belay is reached so. */
  readonly isSecure: boolean;
  readonly failures: RateLimit;
}

export function accessRoutes(options: AccessRoutesOptions): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    tokenRoutes(app, options);
    setupRoutes(app, options);
    sessionRoutes(app, options);
  };
}

function tokenRoutes(app: FastifyInstance, { service }: AccessRoutesOptions): void {
  defineRoutes(app, {
    tokenList: ({ query }) => service.list(query),
    tokenCreate: ({ body, request }) => service.create(body, actorOf(principalOf(request))),
    tokenRevoke: async ({ params, request }) => {
      await service.revoke(params.id, actorOf(principalOf(request)));
      return {};
    },
  });
}

function setupRoutes(app: FastifyInstance, options: AccessRoutesOptions): void {
  const { service } = options;
  defineRoutes(app, {
    setup: async ({ body, request, reply }) => {
      if (request.headers.origin !== undefined) checkOrigin(request);
      const created = await service.setUp(body.token, body.name).catch((error: unknown) => {
        const isGuess = isBelayError(error) && error.code === 'access.unauthenticated';
        throw isGuess ? refused(options.failures, request.ip, error) : error;
      });
      await giveSession(options, reply, created.secret);
      return { secret: created.secret };
    },
  });
}

function sessionRoutes(app: FastifyInstance, options: AccessRoutesOptions): void {
  const { credentials, clock, cookieName, failures } = options;
  const view = async (name: string, scopes: SessionView['scopes']): Promise<SessionView> => ({
    name,
    scopes,
    setUp: await options.service.isSetUp(),
  });
  defineRoutes(app, {
    sessionStart: async ({ body, request, reply }) => {
      if (request.headers.origin !== undefined) checkOrigin(request);
      const found = credentials.findToken(hashOf(body.token), clock.now());
      if (found === undefined) throw refused(failures, request.ip);
      await giveSession(options, reply, body.token);
      return view(found.token.name, [...found.token.scopes]);
    },
    sessionGet: ({ principal }) => view(principal?.name ?? '', [...(principal?.scopes ?? [])]),
    sessionEnd: async ({ request, reply }) => {
      const secret = cookieOf(request.headers.cookie, cookieName);
      if (secret !== undefined) {
        checkOrigin(request);
        await options.service.endSession(secret);
      }
      reply.header('set-cookie', cookie(options, '', 0));
      return {};
    },
  });
}

async function giveSession(options: AccessRoutesOptions, reply: FastifyReply, tokenSecret: string): Promise<void> {
  const found = options.credentials.findToken(hashOf(tokenSecret), options.clock.now());
  if (found === undefined) return;
  const secret = await options.service.startSession(found.token);
  reply.header('set-cookie', cookie(options, secret, SESSION_MS / 1000));
}

function cookie({ cookieName, isSecure }: AccessRoutesOptions, value: string, seconds: number): string {
  const secure = isSecure ? '; Secure' : '';
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`;
}
