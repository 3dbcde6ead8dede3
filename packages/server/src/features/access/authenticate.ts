import { BelayError } from '@belay/core';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../platform/http/principal.ts';
import type { RateLimit } from '../../platform/http/token-bucket.ts';
import type { Credentials } from './credentials.ts';
import { hashOf } from './secret.ts';

interface AuthenticateOptions {
  readonly credentials: Credentials;
  readonly clock: { now(): number };
  readonly cookieName: string;
  /** Counts wrong credentials per address. */
  readonly failures: RateLimit;
}

const SECRET_LENGTH_LIMIT = 256;

/** Finds out who sends a request: by bearer token, or by session cookie and then only from Belay's own pages. */
export function createAuthenticate(options: AuthenticateOptions): (request: FastifyRequest) => Principal | null {
  return (request) => {
    const header = request.headers.authorization;
    if (header !== undefined) return byToken(options, request, header);
    const cookie = cookieOf(request.headers.cookie, options.cookieName);
    return cookie === undefined ? null : bySession(options, request, cookie);
  };
}

function byToken(
  { credentials, clock, failures }: AuthenticateOptions,
  request: FastifyRequest,
  header: string,
): Principal {
  const secret = /^Bearer +(\S+)$/i.exec(header)?.[1] ?? passwordOf(header);
  const now = clock.now();
  const usable = secret !== undefined && secret.length <= SECRET_LENGTH_LIMIT;
  const found = usable ? credentials.findToken(hashOf(secret), now) : undefined;
  if (found === undefined) throw refused(failures, request.ip);
  credentials.use(found.token.id, now);
  const isCli = request.headers['x-belay-client'] === 'cli';
  return {
    kind: isCli ? 'person' : 'machine',
    name: found.token.name,
    via: isCli ? 'cli' : 'api',
    tokenId: found.token.id,
    scopes: found.token.scopes,
    signal: found.ends.signal,
  };
}

/** Programs that know Basic authentication alone (data sources, scrapers) send the token as password, any name before it. */
function passwordOf(header: string): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header)?.[1];
  if (encoded === undefined || encoded.length > 2 * SECRET_LENGTH_LIMIT) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : pair.slice(colon + 1);
}

function bySession(options: AuthenticateOptions, request: FastifyRequest, cookie: string): Principal | null {
  const now = options.clock.now();
  const found = options.credentials.findSession(hashOf(cookie), now);
  if (found === undefined) return null;
  if (!isSafe(request.method)) checkOrigin(request);
  options.credentials.use(found.token.id, now);
  return {
    kind: 'person',
    name: found.token.name,
    via: 'dashboard',
    tokenId: found.token.id,
    scopes: found.token.scopes,
    signal: found.ends.signal,
  };
}

/** Another site cannot write with the browser's session: `Origin` names the page that asks, and pages cannot forge it. */
export function checkOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (origin !== undefined && URL.canParse(origin) && new URL(origin).host === host) return;
  if (origin === undefined && site === 'same-origin') return;
  throw new BelayError('access.forbidden', 'A browser session can write only from the dashboard itself.', {
    hint: `Open the dashboard under the address that the request goes to (${host ?? 'unknown'}), or use a token.`,
  });
}

export function cookieOf(header: string | undefined, name: string): string | undefined {
  const pair = header?.split(';').find((part) => part.trim().startsWith(`${name}=`));
  return pair?.trim().slice(name.length + 1);
}

/** The answer to wrong credentials: `otherwise`, until there were too many from one address. */
export function refused(failures: RateLimit, ip: string, otherwise: BelayError = unknownToken()): BelayError {
  const wait = failures.take(ip);
  if (wait > 0) {
    return new BelayError('request.rate-limited', `Too many attempts with wrong credentials; wait ${wait} s.`, {
      hint: 'Look at the token that this client sends.',
      retryAfterSeconds: wait,
    });
  }
  return otherwise;
}

function unknownToken(): BelayError {
  return new BelayError('access.unauthenticated', 'The token is not known here, or it was revoked or has expired.', {
    hint: 'Make a token with "belay token create" or under Settings.',
  });
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
