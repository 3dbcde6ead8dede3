import { scope } from '@belay/protocol';
import type { Scope } from '@belay/protocol';
import type { Selectable } from 'kysely';
import type { TokenTable } from '../../platform/sqlite/access-tables.ts';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';

export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly hint: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
}

export interface StoredSession {
  readonly id: string;
  readonly tokenId: string;
  readonly hash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Reads and writes tokens, sessions and facts of the installation; build it on a transaction to write within one. */
export interface AccessStore {
  tokens(): Promise<StoredToken[]>;
  putToken(token: StoredToken): Promise<void>;
  deleteToken(id: string): Promise<void>;
  markUsed(id: string, at: number): Promise<void>;
  sessions(): Promise<StoredSession[]>;
  putSession(session: StoredSession): Promise<void>;
  deleteSession(id: string): Promise<void>;
  deleteSessionsBefore(at: number): Promise<void>;
  fact(key: string): Promise<string | undefined>;
  putFact(key: string, value: string): Promise<void>;
}

export function createAccessStore(db: DatabaseConnection): AccessStore {
  return { ...tokenQueries(db), ...sessionQueries(db), ...factQueries(db) };
}

function tokenQueries(db: DatabaseConnection) {
  return {
    async tokens() {
      const rows = await db.selectFrom('tokens').selectAll().orderBy('created_at').execute();
      return rows.map(tokenOf);
    },
    async putToken(token: StoredToken) {
      const row = rowOf(token);
      await db
        .insertInto('tokens')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    async deleteToken(id: string) {
      await db.deleteFrom('tokens').where('id', '=', id).execute();
    },
    async markUsed(id: string, at: number) {
      await db.updateTable('tokens').set({ last_used_at: at }).where('id', '=', id).execute();
    },
  };
}

function sessionQueries(db: DatabaseConnection) {
  return {
    async sessions() {
      const rows = await db.selectFrom('sessions').selectAll().execute();
      return rows.map((row) => ({
        id: row.id,
        tokenId: row.token_id,
        hash: row.hash,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }));
    },
    async putSession(session: StoredSession) {
      const { id, tokenId, hash, createdAt, expiresAt } = session;
      await db
        .insertInto('sessions')
        .values({ id, token_id: tokenId, hash, created_at: createdAt, expires_at: expiresAt })
        .execute();
    },
    async deleteSession(id: string) {
      await db.deleteFrom('sessions').where('id', '=', id).execute();
    },
    async deleteSessionsBefore(at: number) {
      await db.deleteFrom('sessions').where('expires_at', '<=', at).execute();
    },
  };
}

function factQueries(db: DatabaseConnection) {
  return {
    async fact(key: string) {
      const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst();
      return row?.value;
    },
    async putFact(key: string, value: string) {
      await db
        .insertInto('meta')
        .values({ key, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
        .execute();
    },
  };
}

function tokenOf(row: Selectable<TokenTable>): StoredToken {
  return {
    id: row.id,
    name: row.name,
    hash: row.hash,
    hint: row.hint,
    scopes: row.scopes.split(',').map((text) => scope.parse(text)),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}

function rowOf(token: StoredToken) {
  return {
    id: token.id,
    name: token.name,
    hash: token.hash,
    hint: token.hint,
    scopes: token.scopes.join(','),
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    last_used_at: token.lastUsedAt,
  };
}
