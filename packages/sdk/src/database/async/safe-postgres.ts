import { openSafeAsync, type SafeAsyncDatabase, type SafeAsyncOptions } from './safe-async.ts';
import { pgSource, type PgClient, type PgPool } from './pg-source.ts';

/** A PostgreSQL database whose writes are safe; `handle` in a write is the client of pg. */
export type SafePostgres = SafeAsyncDatabase<PgClient>;

/**
 * Makes the writes of a database behind a pool of pg (`new pg.Pool()`) safe.
 * @throws SafeDatabaseError for an invariant that could write.
 */
export function openSafePostgres(pool: PgPool, options: SafeAsyncOptions = {}): SafePostgres {
  return openSafeAsync(pgSource(pool), options);
}
