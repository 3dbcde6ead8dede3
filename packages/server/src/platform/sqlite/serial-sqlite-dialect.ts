import { AsyncLocalStorage } from 'node:async_hooks';
import { invariant } from '@belay/core';
import type BetterSqlite from 'better-sqlite3';
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely';
import type { DatabaseConnection, Dialect, SqliteDatabase, SqliteStatement } from 'kysely';

/** Prepared statements kept per database; Belay has a fixed set of statements, so this bound is never felt. */
const STATEMENTS_KEPT = 500;

/**
 * One connection, held by one user at a time. Kysely would queue as well, but then a query on the database from
 * inside its own transaction waits forever; this dialect queues by itself so that it can tell that case and throw.
 */
export function createSerialSqliteDialect(sqlite: BetterSqlite.Database): Dialect {
  const database = cachingStatements(sqlite);
  const dialect = new SqliteDialect({ database });
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => new SerialDriver({ database }, sqlite),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

const openTransaction = new AsyncLocalStorage<{ open: boolean }>();

/** Marks what runs inside a transaction, so that a second use of the database there fails instead of waiting forever. */
export async function inTransaction<T>(work: () => Promise<T>): Promise<T> {
  const mark = { open: true };
  try {
    return await openTransaction.run(mark, work);
  } finally {
    mark.open = false;
  }
}

class TransactionalAdapter extends SqliteAdapter {
  /** True only so that the queue of {@link SerialDriver} decides and not Kysely's. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  /** SQLite can roll back DDL; Kysely's adapter says otherwise, which would run migrations without a transaction. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class SerialDriver extends SqliteDriver {
  readonly #sqlite: BetterSqlite.Database;
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  constructor(config: { readonly database: SqliteDatabase }, sqlite: BetterSqlite.Database) {
    super(config);
    this.#sqlite = sqlite;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    invariant(openTransaction.getStore()?.open !== true, 'inside a transaction use its trx, not the database');
    if (this.#busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy = true;
    return super.acquireConnection();
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // Takes the write lock now, so that a transaction that read first never fails at its first write.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk makes SQLite roll back by itself; doing so again would fail and hide the reason.
    if (this.#sqlite.inTransaction) await super.rollbackTransaction(connection);
  }

  override async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    // `#busy` stays true when handing over, so that nobody slips in between.
    if (next === undefined) this.#busy = false;
    else next();
  }
}

function cachingStatements(sqlite: BetterSqlite.Database): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>();
  return {
    close: () => {
      kept.clear();
      sqlite.close();
    },
    prepare: (text) => {
      const known = kept.get(text);
      if (known !== undefined) return known;
      const statement = sqlite.prepare(text);
      if (kept.size >= STATEMENTS_KEPT) kept.clear();
      const wrapped: SqliteStatement = {
        reader: statement.reader,
        all: (parameters) => statement.all(...parameters),
        run: (parameters) => statement.run(...parameters),
        iterate: (parameters) => statement.iterate(...parameters),
      };
      kept.set(text, wrapped);
      return wrapped;
    },
  };
}
