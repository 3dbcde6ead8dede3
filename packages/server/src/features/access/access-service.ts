import { BelayError } from '@belay/core';
import type { ActorView, Scope, TokenCreate, TokenCreated, TokenView } from '@belay/protocol';
import type { Bus } from '../../platform/bus/bus.ts';
import { transaction } from '../../platform/sqlite/database.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import type { LedgerWrite } from '../ledger/api.ts';
import { createAccessStore } from './access-store.ts';
import type { AccessStore, StoredToken } from './access-store.ts';
import type { Credentials } from './credentials.ts';
import { createId, createSecret, hashOf, isSameHash } from './secret.ts';

export interface AccessServiceOptions {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly bus: Pick<Bus, 'publish'>;
  readonly credentials: Credentials;
}

/** Tokens and sessions. */
export interface AccessService {
  list(query: { limit: number; cursor?: string | undefined }): { items: TokenView[]; next: string | null };
  create(wish: TokenCreate, actor: ActorView): Promise<TokenCreated>;
  revoke(id: string, actor: ActorView): Promise<void>;
  /** Uses the one-time set-up token. */
  setUp(setupToken: string, name: string): Promise<TokenCreated>;
  isSetUp(): Promise<boolean>;
  /** The secret of a new browser session of a token. */
  startSession(token: StoredToken): Promise<string>;
  endSession(secret: string): Promise<void>;
  /** Writes down last uses and forgets what has expired. */
  tidy(): Promise<void>;
}

export const SESSION_MS = 30 * 24 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
const HINT_LENGTH = 8;

export function createAccessService(options: AccessServiceOptions): AccessService {
  const { db, clock, credentials } = options;
  return {
    list: (query) => pageOf(credentials.tokens(), query),
    create: (wish, actor) => createToken(options, wish, actor),
    revoke: (id, actor) => revokeToken(options, id, actor),
    setUp: (setupToken, name) => setUp(options, setupToken, name),
    async isSetUp() {
      return (await createAccessStore(db).fact('set-up-at')) !== undefined;
    },
    async startSession(token) {
      const secret = createSecret('bls');
      const now = clock.now();
      const session = {
        id: createId('ses', now),
        tokenId: token.id,
        hash: hashOf(secret),
        createdAt: now,
        expiresAt: Math.min(now + SESSION_MS, token.expiresAt ?? Infinity),
      };
      await createAccessStore(db).putSession(session);
      credentials.addSession(session);
      return secret;
    },
    async endSession(secret) {
      const found = credentials.findSession(hashOf(secret), clock.now());
      if (found === undefined) return;
      await createAccessStore(db).deleteSession(found.session.id);
      credentials.dropSession(found.session.id);
    },
    async tidy() {
      const store = createAccessStore(db);
      for (const [id, at] of credentials.takeUses()) await store.markUsed(id, at);
      credentials.dropExpired(clock.now());
      await store.deleteSessionsBefore(clock.now());
    },
  };
}

/** A new token and its secret, not stored yet. */
export function mintToken(wish: TokenCreate, now: number): { token: StoredToken; secret: string } {
  const secret = createSecret('blt');
  const token: StoredToken = {
    id: createId('tok', now),
    name: wish.name,
    hash: hashOf(secret),
    hint: secret.slice(0, HINT_LENGTH),
    scopes: [...new Set<Scope>(wish.scopes)],
    createdAt: now,
    expiresAt: wish.expiresInDays === undefined ? null : now + wish.expiresInDays * DAY_MS,
    lastUsedAt: null,
  };
  return { token, secret };
}

async function createToken(options: AccessServiceOptions, wish: TokenCreate, actor: ActorView): Promise<TokenCreated> {
  const { token, secret } = mintToken(wish, options.clock.now());
  await change(options, created(token, actor), (store) => store.putToken(token));
  options.credentials.addToken(token);
  return { ...viewOf(token), secret };
}

async function revokeToken(options: AccessServiceOptions, id: string, actor: ActorView): Promise<void> {
  const token = options.credentials.tokenById(id);
  if (token === undefined) {
    throw new BelayError('token.not-found', `There is no token "${id.slice(0, 80)}".`, {
      hint: 'List them with "belay token list".',
    });
  }
  const sentence = `${actor.name} revoked the token "${token.name}".`;
  const entry = { at: options.clock.now(), actor, kind: 'token.revoked', sentence, tone: 'none' } as const;
  await change(options, { ...entry, details: { tokenId: id } }, (store) => store.deleteToken(id));
  options.credentials.dropToken(id);
}

async function setUp(options: AccessServiceOptions, setupToken: string, name: string): Promise<TokenCreated> {
  const { token, secret } = mintToken({ name, scopes: ['admin'] }, options.clock.now());
  const actor: ActorView = { kind: 'person', name, via: 'dashboard' };
  await change(options, created(token, actor), async (store) => {
    // Read inside the transaction, so that of two at once only one succeeds.
    if ((await store.fact('set-up-at')) !== undefined) throw alreadySetUp();
    const expected = await store.fact('set-up-hash');
    if (expected === undefined || !isSameHash(expected, hashOf(setupToken))) throw wrongSetupToken();
    await store.putToken(token);
    await store.putFact('set-up-at', String(options.clock.now()));
  });
  options.credentials.addToken(token);
  return { ...viewOf(token), secret };
}

async function change(
  { db, bus }: AccessServiceOptions,
  entry: LedgerWrite,
  work: (store: AccessStore) => Promise<void>,
): Promise<void> {
  const written = await transaction(db, async (trx) => {
    await work(createAccessStore(trx));
    return appendLedger(trx, entry);
  });
  bus.publish(ledgerEvent(written));
}

function created(token: StoredToken, actor: ActorView): LedgerWrite {
  return {
    at: token.createdAt,
    actor,
    kind: 'token.created',
    sentence: `${actor.name} created the token "${token.name}" with ${token.scopes.join(', ')}.`,
    tone: 'none',
    details: { tokenId: token.id, scopes: token.scopes },
  };
}

function alreadySetUp(): BelayError {
  return new BelayError('access.setup-used', 'This Belay is set up already; the set-up token works once.', {
    hint: 'Sign in with a token. In the folder of the server "belay token create" makes one.',
  });
}

function wrongSetupToken(): BelayError {
  return new BelayError('access.unauthenticated', 'This is not the set-up token of this Belay.', {
    hint: 'Use the address that the server printed at its last start.',
  });
}

/** The value is not shown: somebody may have pasted a secret. */
function wrongCursor(): BelayError {
  return new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not an id of a token', seen: '(hidden)', mend: 'use "next" of a page' }],
  });
}

function pageOf(
  tokens: readonly StoredToken[],
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): { items: TokenView[]; next: string | null } {
  if (cursor !== undefined && !/^tok_\w{1,64}$/.test(cursor)) throw wrongCursor();
  // Ids grow with time: newest first, and a cursor is the last id seen.
  const sorted = tokens.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  const after = cursor === undefined ? sorted : sorted.filter(({ id }) => id < cursor);
  const items = after.slice(0, limit).map(viewOf);
  return { items, next: after.length > limit ? (items.at(-1)?.id ?? null) : null };
}

function viewOf(token: StoredToken): TokenView {
  const { id, name, scopes, createdAt, lastUsedAt, expiresAt, hint } = token;
  return { id, name, scopes: [...scopes], createdAt, lastUsedAt, expiresAt, hint };
}
