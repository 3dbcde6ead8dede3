import { SafeDatabaseError, WriteVerificationError } from '../errors.ts';
import type { Observer } from '../observer.ts';
import type { Operation } from '../operation.ts';
import { quoteName, quoteTable } from '../row-statements.ts';
import { isSameValue } from '../same-value.ts';
import type { Row } from '../types.ts';
import type { AsyncConnection, AsyncSource } from './async-source.ts';
import type { CommittedRow } from './async-transaction.ts';

/** What follows a commit works with. */
export interface AfterCommit<Handle> {
  readonly source: AsyncSource<Handle>;
  readonly observer: Observer;
  /** Columns of primary keys by table, found once. */
  readonly primaryKeys: Map<string, readonly string[]>;
}

/** Finds the row again by its primary key, on a connection of its own. Throws only where it differs. */
export async function checkCommitted<Handle>(
  context: AfterCommit<Handle>,
  operation: Operation,
  { table, row }: CommittedRow,
): Promise<void> {
  const stored = await readAgain(context, { table, row }).catch((error: unknown) => {
    // The write is committed: whoever is told of a failure would write it a second time.
    const message = `A committed row of "${table}" could not be read again to be checked; the write is committed.`;
    const facts = { table, error: error instanceof Error ? error.name : typeof error };
    context.observer.find(operation, { kind: 'write-not-verified', severity: 'warn', message, facts });
    return 'unread' as const;
  });
  if (stored === 'unread') return;
  const differing = Object.keys(row).filter(
    (column) => stored === undefined || !isSameValue(row[column], stored[column]),
  );
  if (differing.length === 0) return;
  const found = new WriteVerificationError(table, `after the commit it differs in ${differing.join(', ')}`, {
    isCommitted: true,
  });
  const facts = { table, columns: differing.join(', ') };
  context.observer.find(operation, { kind: 'write-not-verified', severity: 'error', message: found.message, facts });
  throw found;
}

async function readAgain<Handle>(context: AfterCommit<Handle>, { table, row }: CommittedRow): Promise<Row | undefined> {
  return context.source.use(async (connection) => {
    const keys = await primaryKeyOf(context, connection, table);
    const isPostgres = context.source.dialect === 'postgres';
    const where = keys.map((key, index) => `${quoteName(key)} = ${isPostgres ? `$${index + 1}` : '?'}`).join(' AND ');
    const sql = `SELECT * FROM ${quoteTable(table)} WHERE ${where}`;
    return (
      await connection.query(
        sql,
        keys.map((key) => row[key]),
      )
    ).rows[0];
  });
}

async function primaryKeyOf<Handle>(
  { source, primaryKeys }: AfterCommit<Handle>,
  connection: AsyncConnection<Handle>,
  table: string,
): Promise<readonly string[]> {
  const known = primaryKeys.get(table);
  if (known !== undefined) return known;
  const postgres = `SELECT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
    AND a.attnum = ANY(i.indkey) WHERE i.indrelid = $1::regclass AND i.indisprimary`;
  const sqlite = 'SELECT name FROM pragma_table_info(?) WHERE pk > 0';
  const isPostgres = source.dialect === 'postgres';
  const { rows } = await connection.query(isPostgres ? postgres : sqlite, [isPostgres ? quoteTable(table) : table]);
  if (rows.length === 0) {
    throw new SafeDatabaseError('write.misused', `"${table}" has no primary key to find a row by after the commit.`, {
      hint: 'The write is committed. Use the level "row" for tables without a primary key.',
    });
  }
  const keys = rows.map((row: Row) => String(row['name']));
  primaryKeys.set(table, keys);
  return keys;
}

/** Effects in their order. Never rejects: the write stands, whatever becomes of them. */
export async function runEffects(
  observer: Observer,
  operation: Operation,
  effects: readonly (() => void | Promise<void>)[],
): Promise<void> {
  for (const effect of effects) {
    try {
      await effect();
    } catch (error) {
      const message = 'An effect of onCommit failed; the write itself is committed.';
      const facts = { error: error instanceof Error ? error.name : typeof error };
      observer.find(operation, { kind: 'effect-failed', severity: 'error', message, facts });
    }
  }
}
