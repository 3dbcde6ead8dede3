import { BelayError } from '@belay/core';
import type { ActorView, Scope } from '@belay/protocol';

/** Who sends a request: a token, or a browser session that was started with one. */
export interface Principal {
  readonly kind: 'person' | 'machine';
  readonly name: string;
  readonly via: 'dashboard' | 'cli' | 'api';
  readonly tokenId: string;
  readonly scopes: readonly Scope[];
  /** Aborted when the token is revoked, expires, or the session ends; long streams close on it. */
  readonly signal: AbortSignal;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler of a route whose scope is not `null`; `null` on open routes without a token. */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** The scope that a route needs; `null` opens it to everybody. A route without it stops the start. */
    scope?: Scope | null;
  }
}

/** Scopes that include others. */
const INCLUDED = {
  ingest: ['ingest'],
  evaluate: ['evaluate'],
  read: ['read'],
  operate: ['operate', 'read'],
  admin: ['ingest', 'evaluate', 'read', 'operate', 'admin'],
} as const satisfies Record<Scope, readonly Scope[]>;

export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some((scope) => INCLUDED[scope].some((included) => included === needed));
}

/** The principal of a request on a route with a scope. */
export function principalOf(request: { readonly principal: Principal | null }): Principal {
  if (request.principal !== null) return request.principal;
  throw new BelayError('access.unauthenticated', 'This address needs a token.', {
    hint: 'Send "Authorization: Bearer blt_...". Make a token with "belay token create" or under Settings.',
  });
}

/** The principal as the ledger names it. */
export function actorOf(principal: Principal): ActorView {
  return { kind: principal.kind, name: principal.name, via: principal.via };
}
