import type { Kysely } from 'kysely';
import { kyselySource } from './kysely-source.ts';
import { openSafeAsync, type SafeAsyncDatabase, type SafeAsyncOptions } from './safe-async.ts';

/** What is used of a `Kysely<Tables>`, told by shape so that these types need no Kysely. */
export interface KyselyDatabase {
  connection(): object;
  getExecutor(): object;
  withoutPlugins(): object;
}

/** A database behind Kysely whose writes are safe; `handle` in a write is Kysely bound to the transaction. */
export type SafeKysely<Database extends KyselyDatabase> = SafeAsyncDatabase<Database>;

/**
 * Makes the writes of a database behind Kysely (PostgreSQL or SQLite) safe. Statements of `tx.handle` are timed and
 * counted; those of `tx.insert`, `tx.update`, `tx.upsert` and `tx.delete` are read back as well.
 * @throws SafeDatabaseError for a dialect or an invariant that cannot be used.
 */
export function openSafeKysely<Database extends KyselyDatabase>(
  kysely: Database,
  options: SafeAsyncOptions = {},
): SafeKysely<Database> {
  const source: unknown = kyselySource(kysely as unknown as Kysely<unknown>);
  return openSafeAsync(source as Parameters<typeof openSafeAsync<Database>>[0], options);
}
