import type { StoredSession, StoredToken } from './access-store.ts';
import { isSameHash } from './secret.ts';

export interface KnownToken {
  token: StoredToken;
  readonly ends: AbortController;
}

export interface KnownSession {
  readonly session: StoredSession;
  readonly ends: AbortController;
}

/**
 * Tokens and sessions in memory, so that a request costs no query. Belay's data folder has one process at a time, so
 * memory and file never differ once a change is committed.
 */
export interface Credentials {
  findToken(hash: string, now: number): KnownToken | undefined;
  findSession(hash: string, now: number): (KnownSession & { readonly token: StoredToken }) | undefined;
  tokenById(id: string): StoredToken | undefined;
  tokens(): StoredToken[];
  addToken(token: StoredToken): void;
  addSession(session: StoredSession): void;
  /** Ends everything that was opened with it. */
  dropToken(id: string): void;
  dropSession(id: string): void;
  /** Notes a use; the uses since the last call are handed to whoever stores them. */
  use(id: string, now: number): void;
  takeUses(): ReadonlyMap<string, number>;
  /** Ends streams of what has expired by now. */
  dropExpired(now: number): void;
}

export function createCredentials(tokens: readonly StoredToken[], sessions: readonly StoredSession[]): Credentials {
  const byHash = new Map<string, KnownToken>();
  const sessionsByHash = new Map<string, KnownSession>();
  let uses = new Map<string, number>();
  const known = (id: string): KnownToken | undefined => [...byHash.values()].find(({ token }) => token.id === id);
  const credentials: Credentials = {
    findToken(hash, now) {
      const found = byHash.get(hash);
      if (found === undefined || !isSameHash(found.token.hash, hash) || isOver(found.token, now)) return undefined;
      return found;
    },
    findSession(hash, now) {
      const found = sessionsByHash.get(hash);
      if (found === undefined || !isSameHash(found.session.hash, hash) || found.session.expiresAt <= now) {
        return undefined;
      }
      const owner = known(found.session.tokenId);
      return owner === undefined || isOver(owner.token, now) ? undefined : { ...found, token: owner.token };
    },
    tokenById: (id) => known(id)?.token,
    tokens: () => [...byHash.values()].map(({ token }) => token),
    addToken: (token) => void byHash.set(token.hash, { token, ends: new AbortController() }),
    addSession: (session) => void sessionsByHash.set(session.hash, { session, ends: new AbortController() }),
    dropToken(id) {
      const found = known(id);
      if (found === undefined) return;
      byHash.delete(found.token.hash);
      found.ends.abort();
      for (const { session } of sessionsByHash.values())
        if (session.tokenId === id) credentials.dropSession(session.id);
    },
    dropSession(id) {
      const found = [...sessionsByHash.values()].find(({ session }) => session.id === id);
      if (found === undefined) return;
      sessionsByHash.delete(found.session.hash);
      found.ends.abort();
    },
    use(id, now) {
      const found = known(id);
      if (found === undefined) return;
      found.token = { ...found.token, lastUsedAt: now };
      uses.set(id, now);
    },
    takeUses() {
      const taken = uses;
      uses = new Map();
      return taken;
    },
    dropExpired(now) {
      for (const { session } of sessionsByHash.values())
        if (session.expiresAt <= now) credentials.dropSession(session.id);
      for (const { token, ends } of byHash.values()) if (isOver(token, now) && !ends.signal.aborted) ends.abort();
    },
  };
  for (const token of tokens) credentials.addToken(token);
  for (const session of sessions) credentials.addSession(session);
  return credentials;
}

function isOver(token: StoredToken, now: number): boolean {
  return token.expiresAt !== null && token.expiresAt <= now;
}
