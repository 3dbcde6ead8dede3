import { SafeDatabaseError } from '../errors.ts';
import { failureKind, isVerdict } from '../retry-policy.ts';
import { KEEP_KEYS_MS, OPERATIONS_TABLE, OWN_KEY, resultOf, storedResultOf } from '../stored-result.ts';
import type { AsyncConnection, AsyncSource } from './async-source.ts';

/** The rows by which a commit of unknown outcome is resolved, and repeated writes are recognised. */
export interface CommitKeys<Handle> {
  /** Makes the table where it is missing. */
  prepare(): Promise<void>;
  /** The result stored under a key, or undefined where there is none. */
  find(connection: AsyncConnection<Handle>, key: string): Promise<{ readonly result: unknown } | undefined>;
  /** Stores a result as part of the transaction. */
  keep(
    connection: AsyncConnection<Handle>,
    kept: { readonly key: string; readonly name: string; readonly result: unknown },
  ): Promise<void>;
  /** Whether the transaction with this key is committed; waits for the one that may still be ending. */
  isCommitted(key: string): Promise<boolean>;
  /** Forgets keys that nobody asks for any more; at most once an hour. */
  forget(): Promise<void>;
}

/** Keys that Belay gave itself serve for the time of one COMMIT. */
const KEEP_OWN_MS = 3_600_000;
/** Longest that an ending transaction is waited for. */
const RESOLVE_MS = 30_000;

/** Keys in the table `belay_operations` of the application's database. */
export function createCommitKeys<Handle>(source: AsyncSource<Handle>): CommitKeys<Handle> {
  const isPostgres = source.dialect === 'postgres';
  const places = (count: number): string =>
    Array.from({ length: count }, (_nothing, index) => (isPostgres ? `$${index + 1}` : '?')).join(', ');
  const place = places(1);
  let prepared: Promise<void> | undefined;
  let forgottenAt = -Infinity;
  return {
    async prepare() {
      prepared ??= prepareTable(source);
      try {
        await prepared;
      } catch (error) {
        // The database may be there the next time.
        prepared = undefined;
        throw error;
      }
    },
    async find(connection, key) {
      const sql = `SELECT result_hash, result FROM belay_operations WHERE op_key = ${place}`;
      const [row] = (await connection.query(sql, [key])).rows;
      if (row === undefined) return undefined;
      const text = typeof row['result'] === 'string' ? row['result'] : null;
      return { result: resultOf(key, { hash: String(row['result_hash']), text }) };
    },
    async keep(connection, { key, name, result }) {
      // For Belay's own keys nobody will ask for the result, only whether it happened.
      const { hash, text } = storedResultOf(key.startsWith(OWN_KEY) ? undefined : result);
      const sql = `INSERT INTO belay_operations (op_key, name, result_hash, result, at) VALUES (${places(5)})`;
      await connection.query(sql, [key, name.slice(0, 200), hash, text, Date.now()]);
    },
    isCommitted: (key) => resolve(source, key),
    async forget() {
      const now = performance.now();
      if (now - forgottenAt < 3_600_000) return;
      forgottenAt = now;
      const sql = isPostgres
        ? `DELETE FROM belay_operations WHERE at < $1 OR (at < $2 AND op_key LIKE '${OWN_KEY}%')`
        : `DELETE FROM belay_operations WHERE at < ? OR (at < ? AND op_key LIKE '${OWN_KEY}%')`;
      await source.use((connection) => connection.query(sql, [Date.now() - KEEP_KEYS_MS, Date.now() - KEEP_OWN_MS]));
    },
  };
}

async function prepareTable<Handle>(source: AsyncSource<Handle>): Promise<void> {
  await source.use(async (connection) => {
    if (source.dialect === 'postgres') {
      const { rows } = await connection.query(`SELECT to_regclass('belay_operations') AS found`, []);
      if (rows[0]?.['found'] !== null && rows[0] !== undefined) return;
    }
    try {
      await connection.query(OPERATIONS_TABLE, []);
    } catch (error) {
      // Two processes that make it at once: PostgreSQL tells the second one of a duplicate in its catalogue.
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== '23505' && code !== '42P07') throw error;
    }
  });
}

/**
 * Tries to store the same key: PostgreSQL lets that wait for a transaction that holds it and has not ended. Where it can
 * be stored, the earlier one is gone for good; where it cannot, the earlier one is committed. Nothing of it is kept.
 */
async function resolve<Handle>(source: AsyncSource<Handle>, key: string): Promise<boolean> {
  const until = performance.now() + RESOLVE_MS;
  const sql = `INSERT INTO belay_operations (op_key, name, result_hash, at) VALUES ($1, '', '', 0) ON CONFLICT DO NOTHING`;
  for (let tries = 0; ; tries += 1) {
    try {
      return await source.use(async (connection) => {
        await connection.query('BEGIN', []);
        try {
          await connection.query(`SET LOCAL lock_timeout = '5s'`, []);
          const { changes } = await connection.query(sql, [key]);
          return changes === 0;
        } finally {
          await connection.query('ROLLBACK', []);
        }
      });
    } catch (error) {
      const mayTryAgain = !isVerdict(error) || failureKind(error) !== 'other' || isStarting(error);
      const waitMs = Math.min(1000, 50 * 2 ** tries);
      if (!mayTryAgain || performance.now() + waitMs > until) {
        throw new SafeDatabaseError(
          'write.commit-unknown',
          'The connection was lost during COMMIT and its outcome is not known.',
          {
            hint: `Do not repeat the write. Look for the key "${key}" in the table belay_operations: there, it is committed.`,
            cause: error,
          },
        );
      }
      await new Promise((done) => setTimeout(done, waitMs));
    }
  }
}

/** What a server says that has no room for one more connection at the moment. */
function isStarting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '53300';
}
