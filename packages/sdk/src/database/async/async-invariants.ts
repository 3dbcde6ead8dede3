import { brokenBy, invariantsFor } from '../check-invariants.ts';
import { SafeDatabaseError } from '../errors.ts';
import type { Observer } from '../observer.ts';
import type { Operation } from '../operation.ts';
import type { SafeDatabaseOptions } from '../types.ts';
import type { AsyncConnection, AsyncSource } from './async-source.ts';
import type { OpenAsyncTransaction } from './async-transaction.ts';

interface Asking<Handle> {
  readonly source: AsyncSource<Handle>;
  readonly observer: Observer;
  readonly options: SafeDatabaseOptions;
}

/** Longest time for one invariant, in ms; the write holds its locks meanwhile. */
const MOST_MS = 10_000;
/** Where the application allows statements less time, that stays. */
const BOUND_TIME = `SELECT set_config('statement_timeout', '${MOST_MS}', true) FROM pg_settings
  WHERE name = 'statement_timeout' AND setting::bigint NOT BETWEEN 1 AND ${MOST_MS}`;

/**
 * Asks the invariants that a write can have broken, inside its transaction.
 * @throws SafeDatabaseError for the first that does not hold.
 */
export async function checkInvariants<Handle>(
  { source, observer, options }: Asking<Handle>,
  operation: Operation,
  { connection, tx }: { readonly connection: AsyncConnection<Handle>; readonly tx: OpenAsyncTransaction<Handle> },
): Promise<void> {
  // Nobody knows what was written by the driver's own means.
  const due = invariantsFor(options.invariants ?? {}, tx.hasGivenHandle ? undefined : tx.written);
  if (due.length === 0) return;
  const isPostgres = source.dialect === 'postgres';
  if (isPostgres) {
    await connection.query('SAVEPOINT belay_invariants', []);
    await connection.query('SET TRANSACTION READ ONLY', []);
    await connection.query(BOUND_TIME, []);
  }
  for (const [name, invariant] of due) {
    const sql = isPostgres ? firstRowOf(invariant.sql) : invariant.sql;
    const { rows } = await connection.query(sql, []);
    const why = brokenBy(invariant, rows[0] === undefined ? undefined : Object.values(rows[0]));
    if (why === undefined) continue;
    const message = `"${operation.name}" would break the invariant "${name}": ${why}. It was rolled back.`;
    observer.find(operation, { kind: 'invariant-broken', severity: 'error', message, facts: { invariant: name } });
    throw new SafeDatabaseError('write.invariant-broken', message, { hint: 'Mend the write, or the invariant.' });
  }
  // The transaction may write again, and takes as long as before.
  if (isPostgres) await connection.query('ROLLBACK TO SAVEPOINT belay_invariants', []);
}

/** The line break ends a comment at the end of the query. */
function firstRowOf(sql: string): string {
  return `SELECT * FROM (${sql.trim().replace(/;$/, '')}\n) AS belay_invariant LIMIT 1`;
}
