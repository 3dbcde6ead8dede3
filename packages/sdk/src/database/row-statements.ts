import { SafeDatabaseError } from './errors.ts';
import type { Row } from './types.ts';

/** How a place for a value is written: `?` or `$1`. */
export type PlaceWriter = (index: number) => string;

/** Statements on one table with these columns, by SQLite's and PostgreSQL's common rules. */
export interface RowStatements {
  readonly columns: readonly string[];
  readonly list: string;
  readonly table: string;
}

/** A name of a table, which may have a schema before it, in quotes. */
export function quoteTable(name: string): string {
  return name.split('.').map(quoteName).join('.');
}

/**
 * A name of a column in quotes.
 * @throws SafeDatabaseError for the empty name, and for names longer than any database takes.
 */
export function quoteName(name: string): string {
  if (name === '' || name.length > 128 || name.includes('\u0000')) {
    throw new SafeDatabaseError('write.misused', `"${name.slice(0, 40)}" is no name of a table or column.`, {
      hint: 'Names have 1 to 128 characters.',
    });
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"a" = ?, "b" = ?`, the first place being that of `from`. */
export function assignments(columns: readonly string[], place: PlaceWriter, from: number): string {
  return columns.map((column, index) => `${quoteName(column)} = ${place(from + index)}`).join(', ');
}

/** `"a" = ? AND "b" = ?`; keys are never null. */
export function conditions(columns: readonly string[], place: PlaceWriter, from: number): string {
  return columns.map((column, index) => `${quoteName(column)} = ${place(from + index)}`).join(' AND ');
}

/**
 * Columns of a row, as they stand in it.
 * @throws SafeDatabaseError where there is none: a write without columns is a mistake in the call.
 */
export function columnsOf(what: string, row: Row): readonly string[] {
  const columns = Object.keys(row);
  if (columns.length === 0 || columns.length > 1000) {
    throw new SafeDatabaseError('write.misused', `${what} has ${columns.length} columns.`, {
      hint: 'Name 1 to 1000 columns with their values.',
    });
  }
  return columns;
}

/**
 * Columns of a key with their values.
 * @throws SafeDatabaseError for a key without columns, which would mean every row, and for null, which is never equal.
 */
export function keyColumnsOf(key: Row): readonly string[] {
  const columns = columnsOf('The key', key);
  const missing = columns.find((column) => key[column] === null || key[column] === undefined);
  if (missing === undefined) return columns;
  throw new SafeDatabaseError('write.misused', `The key has no value for "${missing}".`, {
    hint: 'A key needs a value in each column; null equals nothing.',
  });
}
