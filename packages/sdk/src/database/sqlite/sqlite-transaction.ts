import { WriteVerificationError, SafeDatabaseError } from '../errors.ts';
import type { Operation } from '../operation.ts';
import { assignments, columnsOf, conditions, keyColumnsOf, quoteName, quoteTable } from '../row-statements.ts';
import { isSameValue } from '../same-value.ts';
import type { Row, RowOptions, StatementOptions, StatementResult, VerifyLevel } from '../types.ts';
import type { SqliteContext } from './sqlite-context.ts';
import type { SqliteParameters, SqliteStatement } from './sqlite-driver.ts';
import { sqliteValue } from './sqlite-value.ts';

/** What a write may do. Valid until its callback returns. */
export interface SqliteTransaction {
  /** Key of this operation in log and findings. */
  readonly operationId: string;
  /** 1 for the first try. */
  readonly attempt: number;
  get(sql: string, parameters?: SqliteParameters): Row | undefined;
  all(sql: string, parameters?: SqliteParameters): readonly Row[];
  /** Runs a statement of one's own. Its rows are not read back; `changes` says how many it must change. */
  run(sql: string, parameters?: SqliteParameters, options?: StatementOptions): StatementResult;
  /** Inserts one row and compares what is stored; its rowid. */
  insert(table: string, row: Row, options?: RowOptions): number | bigint;
  /** Changes exactly one row, named by its key, and compares what is stored. */
  update(table: string, key: Row, changes: Row, options?: RowOptions): void;
  /** Inserts the row, or changes the one with the same `key` columns, and compares what is stored. */
  upsert(table: string, row: Row, key: readonly string[], options?: RowOptions): void;
  /** Deletes exactly one row, named by its key. */
  delete(table: string, key: Row): void;
  /** Does something after the commit, and only then: mail, requests, messages. */
  onCommit(effect: () => void | Promise<void>): void;
}

/** A row that has to be stored like this. */
export interface ExpectedRow {
  readonly table: string;
  readonly sql: string;
  readonly key: readonly unknown[];
  readonly columns: readonly string[];
  /** Undefined: there must be no such row. */
  readonly values: readonly unknown[] | undefined;
}

interface PreparedInsert {
  readonly sql: string;
  readonly statement: SqliteStatement;
  readonly columns: readonly string[];
  /** Reads the row back by its rowid; undefined for a table without one. */
  readonly readSql: string;
  readonly read: SqliteStatement | undefined;
}

const place = (): string => '?';
const NO_PARAMETERS: readonly unknown[] = [];

/** One try of one write. */
export class OpenSqliteTransaction implements SqliteTransaction {
  readonly effects: (() => void | Promise<void>)[] = [];
  readonly expected: ExpectedRow[] = [];
  readonly written: Set<string> = new Set();
  readonly #context: SqliteContext;
  readonly #operation: Operation;
  readonly #verify: VerifyLevel;
  isOver = false;

  constructor(context: SqliteContext, operation: Operation, verify: VerifyLevel) {
    this.#context = context;
    this.#operation = operation;
    this.#verify = verify;
  }

  get operationId(): string {
    return this.#operation.id;
  }

  get attempt(): number {
    return this.#operation.attempt;
  }

  get(sql: string, parameters: SqliteParameters = NO_PARAMETERS): Row | undefined {
    const began = this.#begin();
    const row = this.#context.driver.prepare(sql).get(parameters);
    this.#count(sql, began, row === undefined ? 0 : 1);
    return row;
  }

  all(sql: string, parameters: SqliteParameters = NO_PARAMETERS): readonly Row[] {
    const began = this.#begin();
    const rows = this.#context.driver.prepare(sql).all(parameters);
    this.#count(sql, began, rows.length);
    return rows;
  }

  run(sql: string, parameters: SqliteParameters = NO_PARAMETERS, options?: StatementOptions): StatementResult {
    const began = this.#begin();
    const { tables } = this.#context.observer.fingerprint(sql);
    for (const table of tables) this.written.add(table);
    const { changes } = this.#context.driver.prepare(sql).run(parameters);
    this.#count(sql, began, changes);
    if (this.#verify !== 'off' && options?.changes !== undefined && options.changes !== changes) {
      throw new WriteVerificationError(tables[0] ?? '?', `${changes} rows were changed instead of ${options.changes}`);
    }
    return { changes };
  }

  insert(table: string, row: Row, options?: RowOptions): number | bigint {
    const began = this.#begin();
    const prepared = this.#context.insertInto(table, row);
    const { columns, read } = prepared;
    const values: unknown[] = [];
    for (const column of columns) values.push(sqliteValue(row[column], column));
    const { changes, lastInsertRowid: told } = prepared.statement.run(values);
    // Beyond 2^53 the driver has rounded it.
    const isExact = typeof told === 'bigint' || Number.isSafeInteger(told);
    const lastInsertRowid = isExact ? told : this.#lastRowid();
    this.written.add(table);
    if (this.#verify !== 'off') {
      this.#requireOne(table, changes, 'inserted');
      if (this.#verify !== 'changes') {
        if (read === undefined) this.#readBackByKey(table, row, columns, options);
        else {
          const key = [lastInsertRowid];
          this.#compare({ table, sql: prepared.readSql, key, columns, values }, read, options);
        }
      }
    }
    this.#count(prepared.sql, began, changes);
    return lastInsertRowid;
  }

  update(table: string, key: Row, changes: Row, options?: RowOptions): void {
    const columns = columnsOf('The change', changes);
    const keys = keyColumnsOf(key);
    const sql = `UPDATE ${quoteTable(table)} SET ${assignments(columns, place, 0)} WHERE ${conditions(keys, place, 0)}`;
    this.#change({ table, sql, columns, keys, row: changes, key: { ...key, ...pick(changes, keys) } }, options, [
      ...valuesOf(changes, columns),
      ...valuesOf(key, keys),
    ]);
  }

  upsert(table: string, row: Row, key: readonly string[], options?: RowOptions): void {
    const columns = columnsOf('The row', row);
    const keys = keyColumnsOf(pick(row, key));
    const rest = columns.filter((column) => !keys.includes(column));
    const sets = rest.map((column) => `${quoteName(column)} = excluded.${quoteName(column)}`).join(', ');
    // A row of keys alone is "changed" to what it is, so that the count of changes is the same as for an insert.
    const update = sets === '' ? `${quoteName(keys[0] ?? '')} = excluded.${quoteName(keys[0] ?? '')}` : sets;
    const sql = `${insertSql(table, columns)} ON CONFLICT (${keys.map(quoteName).join(', ')}) DO UPDATE SET ${update}`;
    this.#change({ table, sql, columns, keys, row, key: row }, options, valuesOf(row, columns));
  }

  delete(table: string, key: Row): void {
    const began = this.#begin();
    const keys = keyColumnsOf(key);
    const where = conditions(keys, place, 0);
    const sql = `DELETE FROM ${quoteTable(table)} WHERE ${where}`;
    const parameters = valuesOf(key, keys);
    const { changes } = this.#context.driver.prepare(sql).run(parameters);
    this.written.add(table);
    if (this.#verify !== 'off') {
      this.#requireOne(table, changes, 'deleted');
      if (this.#verify !== 'changes') {
        const readSql = `SELECT 1 FROM ${quoteTable(table)} WHERE ${where}`;
        this.#compare({ table, sql: readSql, key: parameters, columns: [], values: undefined });
      }
    }
    this.#count(sql, began, changes);
  }

  onCommit(effect: () => void | Promise<void>): void {
    this.#begin();
    this.effects.push(effect);
  }

  #change(
    change: { table: string; sql: string; columns: readonly string[]; keys: readonly string[]; row: Row; key: Row },
    options: RowOptions | undefined,
    parameters: readonly unknown[],
  ): void {
    const began = this.#begin();
    const { table, sql, columns, keys, row, key } = change;
    const { changes } = this.#context.driver.prepare(sql).run(parameters);
    this.written.add(table);
    if (this.#verify !== 'off') {
      this.#requireOne(table, changes, 'changed');
      if (this.#verify !== 'changes') {
        const list = columns.map(quoteName).join(', ');
        const readSql = `SELECT ${list} FROM ${quoteTable(table)} WHERE ${conditions(keys, place, 0)}`;
        const expected = { table, sql: readSql, key: valuesOf(key, keys), columns, values: valuesOf(row, columns) };
        this.#compare(expected, this.#context.driver.prepare(readSql), options);
      }
    }
    this.#count(sql, began, changes);
  }

  #readBackByKey(table: string, row: Row, columns: readonly string[], options: RowOptions | undefined): void {
    const keys = this.#context.primaryKeyOf(table);
    const list = columns.map(quoteName).join(', ');
    const sql = `SELECT ${list} FROM ${quoteTable(table)} WHERE ${conditions(keys, place, 0)}`;
    const values = valuesOf(row, columns);
    this.#compare({ table, sql, key: valuesOf(row, keys), columns, values }, undefined, options);
  }

  #compare(
    expected: ExpectedRow,
    read: SqliteStatement = this.#context.driver.prepare(expected.sql),
    options?: RowOptions,
  ): void {
    const stored = read.values(expected.key);
    const { values } = expected;
    if (values !== undefined && stored !== undefined && options === undefined) {
      let isSame = true;
      for (let index = 0; index < values.length && isSame; index += 1) {
        isSame = values[index] === stored[index] || isSameValue(values[index], stored[index]);
      }
      if (!isSame) this.#context.refuseDifference(expected, stored);
    } else this.#context.refuseDifference(expected, stored, options);
    if (this.#verify === 'committed') this.expected.push(expected);
  }

  #lastRowid(): bigint {
    return BigInt(String(this.#context.driver.prepare('SELECT last_insert_rowid()').values([])?.[0]));
  }

  #requireOne(table: string, changes: number, what: string): void {
    if (changes !== 1) throw new WriteVerificationError(table, `${changes} rows were ${what} instead of 1`);
  }

  #begin(): number {
    if (!this.isOver) return performance.now();
    throw new SafeDatabaseError('write.misused', 'This transaction is over.', {
      hint: 'Use "tx" only until the callback returns; do not keep it.',
    });
  }

  #count(sql: string, began: number, rows: number): void {
    this.#context.observer.statement(this.#operation, sql, { ms: performance.now() - began, rows });
  }
}

/** Statements that insert rows with these columns into a table. */
export function prepareInsert(context: SqliteContext, table: string, columns: readonly string[]): PreparedInsert {
  const sql = insertSql(table, columns);
  const readSql = `SELECT ${columns.map(quoteName).join(', ')} FROM ${quoteTable(table)} WHERE rowid = ?`;
  const statement = context.driver.prepare(sql);
  let read: SqliteStatement | undefined;
  try {
    read = context.driver.prepare(readSql);
  } catch {
    // A table without rowid is read by its primary key instead.
  }
  return { sql, statement, columns, readSql, read };
}

function insertSql(table: string, columns: readonly string[]): string {
  const list = columns.map(quoteName).join(', ');
  return `INSERT INTO ${quoteTable(table)} (${list}) VALUES (${columns.map(place).join(', ')})`;
}

function valuesOf(row: Row, columns: readonly string[]): readonly unknown[] {
  return columns.map((column) => sqliteValue(row[column], column));
}

function pick(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.flatMap((column) => (column in row ? [[column, row[column]]] : [])));
}

export type { PreparedInsert };
