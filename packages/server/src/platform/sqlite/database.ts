import BetterSqlite from 'better-sqlite3';
import { Kysely } from 'kysely';
import type { Transaction } from 'kysely';
import type { AccessTables } from './access-tables.ts';
import type { ChangesTables } from './changes-tables.ts';
import type { ChecksTables } from './checks-tables.ts';
import type { ErrorsTables } from './errors-tables.ts';
import type { FlagsTables } from './flags-tables.ts';
import type { InvariantsTables } from './invariants-tables.ts';
import type { IngestTables } from './ingest-tables.ts';
import type { StorageTables } from './storage-tables.ts';
import { migrate } from './migrate.ts';
import type { SafetyTables } from './safety-tables.ts';
import type { SignalsTables } from './signals-tables.ts';
import { createSerialSqliteDialect, inTransaction } from './serial-sqlite-dialect.ts';

/**
 * Every table of the control plane. A feature that adds tables declares them in `<feature>-tables.ts` beside this
 * file, adds the interface here and its migration to `migrations/index.ts`.
 */
export interface Tables
  extends
    AccessTables,
    ChangesTables,
    ChecksTables,
    ErrorsTables,
    FlagsTables,
    IngestTables,
    SafetyTables,
    InvariantsTables,
    SignalsTables,
    StorageTables {}

/** The control plane's database. Never use it inside {@link transaction}; use the `trx` given there. */
export type Database = Kysely<Tables>;
/** The connection inside a transaction. */
export type DatabaseTransaction = Transaction<Tables>;
/** What a store reads from: works inside and outside a transaction. */
export type DatabaseConnection = Database | DatabaseTransaction;

export interface OpenDatabaseOptions {
  /** File path, or `:memory:` in tests. */
  readonly path: string;
  readonly log?: { info(facts: Record<string, unknown>, message: string): void };
  /** Called with the open database before migrations that change an existing file. */
  readonly beforeMigrating?: (backup: (toPath: string) => Promise<void>) => Promise<void>;
}

/** Opens and migrates the control plane: WAL, synchronous=FULL (an answered write survives a power cut), foreign keys. */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const sqlite = new BetterSqlite(options.path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
  sqlite.pragma('busy_timeout = 5000');
  const db: Database = new Kysely<Tables>({ dialect: createSerialSqliteDialect(sqlite) });
  try {
    await migrate(db, {
      log: options.log,
      beforeMigrating: () =>
        options.beforeMigrating?.(async (toPath) => {
          await sqlite.backup(toPath);
        }),
    });
  } catch (error) {
    await closeDatabase(db);
    throw error;
  }
  return db;
}

/** Flushes the write-ahead log into the file and closes it. */
export async function closeDatabase(db: Database): Promise<void> {
  await db.destroy();
}

/**
 * Runs `work` in one transaction: everything it writes is stored, or nothing. Transactions run one after another,
 * and other queries wait for the end, so keep slow work (HTTP, files) outside. Using `db` inside is a bug and throws.
 */
export async function transaction<T>(db: Database, work: (trx: DatabaseTransaction) => Promise<T>): Promise<T> {
  return db.transaction().execute((trx) => inTransaction(() => work(trx)));
}
