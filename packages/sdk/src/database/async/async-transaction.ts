import { SafeDatabaseError, WriteVerificationError, type ColumnDifference } from '../errors.ts';
import type { Observer } from '../observer.ts';
import type { Operation } from '../operation.ts';
import {
  assignments,
  columnsOf,
  conditions,
  keyColumnsOf,
  quoteName,
  quoteTable,
  type PlaceWriter,
} from '../row-statements.ts';
import { failureKind } from '../retry-policy.ts';
import { isSameValue } from '../same-value.ts';
import { sqliteValue } from '../sqlite/sqlite-value.ts';
import type { Row, RowOptions, SafeDatabaseOptions, StatementOptions, VerifyLevel } from '../types.ts';
import type { DescribeValue } from '../value-shape.ts';
import type { Answer, AsyncConnection } from './async-source.ts';

/** What a write may do. Valid until its callback's promise is settled. */
export interface AsyncTransaction<Handle> {
  readonly operationId: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** The driver's own way to run statements inside this transaction. What it writes is not read back. */
  readonly handle: Handle;
  query(sql: string, parameters?: readonly unknown[], options?: StatementOptions): Promise<Answer>;
  /** Inserts one row, compares what is stored, and gives it. */
  insert(table: string, row: Row, options?: RowOptions): Promise<Row>;
  /** Changes exactly one row, named by its key, compares what is stored, and gives it. */
  update(table: string, key: Row, changes: Row, options?: RowOptions): Promise<Row>;
  /** Inserts the row, or changes the one with the same `key` columns; compares what is stored, and gives it. */
  upsert(table: string, row: Row, key: readonly string[], options?: RowOptions): Promise<Row>;
  /** Deletes exactly one row, named by its key. */
  delete(table: string, key: Row): Promise<void>;
  /** Does something after the commit, and only then: mail, requests, messages. */
  onCommit(effect: () => void | Promise<void>): void;
}

/** What a transaction is made of. */
export interface AsyncTransactionParts<Handle> {
  readonly connection: AsyncConnection<Handle>;
  readonly handle: Handle;
  readonly dialect: 'postgres' | 'sqlite';
  readonly observer: Observer;
  readonly operation: Operation;
  readonly verify: VerifyLevel;
  readonly options: SafeDatabaseOptions;
  readonly describe: DescribeValue;
}

/** A stored row that has to be found again after the commit. */
export interface CommittedRow {
  readonly table: string;
  readonly row: Row;
}

const ROW_PLACE = 'belay_row_place';

/** One try of one write. */
export class OpenAsyncTransaction<Handle> implements AsyncTransaction<Handle> {
  readonly effects: (() => void | Promise<void>)[] = [];
  readonly committed: CommittedRow[] = [];
  readonly written: Set<string> = new Set();
  readonly #parts: AsyncTransactionParts<Handle>;
  readonly #place: PlaceWriter;
  isOver = false;
  /** Whether the callback may have written by the driver's own means. */
  hasGivenHandle = false;

  constructor(parts: AsyncTransactionParts<Handle>) {
    this.#parts = parts;
    this.#place = parts.dialect === 'postgres' ? (index) => `$${index + 1}` : () => '?';
  }

  get operationId(): string {
    return this.#parts.operation.id;
  }

  get attempt(): number {
    return this.#parts.operation.attempt;
  }

  get handle(): Handle {
    this.#requireOpen();
    this.hasGivenHandle = true;
    return this.#parts.handle;
  }

  async query(sql: string, parameters: readonly unknown[] = [], options?: StatementOptions): Promise<Answer> {
    const { observer, verify } = this.#parts;
    const { tables, verb } = observer.fingerprint(sql);
    if (verb !== 'SELECT') for (const table of tables) this.written.add(table);
    const answer = await this.#run(sql, parameters);
    const { changes } = answer;
    if (verify !== 'off' && options?.changes !== undefined && options.changes !== changes) {
      throw new WriteVerificationError(tables[0] ?? '?', `${changes} rows were changed instead of ${options.changes}`);
    }
    return answer;
  }

  async insert(table: string, row: Row, options?: RowOptions): Promise<Row> {
    const columns = columnsOf('The row', row);
    return this.#writeRow(
      { table, sql: this.#insertSql(table, columns), row, parameters: this.#values(row, columns) },
      options,
    );
  }

  async update(table: string, key: Row, changes: Row, options?: RowOptions): Promise<Row> {
    const columns = columnsOf('The change', changes);
    const keys = keyColumnsOf(key);
    const sets = assignments(columns, this.#place, 0);
    const sql = `UPDATE ${quoteTable(table)} SET ${sets} WHERE ${conditions(keys, this.#place, columns.length)}`;
    const parameters = [...this.#values(changes, columns), ...this.#values(key, keys)];
    return this.#writeRow({ table, sql, row: { ...key, ...changes }, parameters }, options);
  }

  async upsert(table: string, row: Row, key: readonly string[], options?: RowOptions): Promise<Row> {
    const columns = columnsOf('The row', row);
    const keys = keyColumnsOf(Object.fromEntries(key.map((column) => [column, row[column]])));
    const rest = columns.filter((column) => !keys.includes(column));
    // A row of keys alone is "changed" to what it is, so that it is returned too.
    const sets = (rest.length === 0 ? keys : rest).map(
      (column) => `${quoteName(column)} = excluded.${quoteName(column)}`,
    );
    const conflict = `ON CONFLICT (${keys.map(quoteName).join(', ')}) DO UPDATE SET ${sets.join(', ')}`;
    const sql = `${this.#insertSql(table, columns)} ${conflict}`;
    return this.#writeRow({ table, sql, row, parameters: this.#values(row, columns) }, options);
  }

  async delete(table: string, key: Row): Promise<void> {
    const keys = keyColumnsOf(key);
    const where = conditions(keys, this.#place, 0);
    const parameters = this.#values(key, keys);
    this.written.add(table.toLowerCase());
    const { changes } = await this.#run(`DELETE FROM ${quoteTable(table)} WHERE ${where}`, parameters);
    const { verify } = this.#parts;
    if (verify === 'off') return;
    requireOne(table, changes, 'deleted');
    if (verify === 'changes') return;
    const { rows } = await this.#run(`SELECT 1 AS one FROM ${quoteTable(table)} WHERE ${where}`, parameters);
    if (rows.length > 0) throw new WriteVerificationError(table, 'a deleted row is still there');
  }

  onCommit(effect: () => void | Promise<void>): void {
    this.#requireOpen();
    this.effects.push(effect);
  }

  #insertSql(table: string, columns: readonly string[]): string {
    const list = columns.map(quoteName).join(', ');
    return `INSERT INTO ${quoteTable(table)} (${list}) VALUES (${columns.map((_name, index) => this.#place(index)).join(', ')})`;
  }

  #values(row: Row, columns: readonly string[]): readonly unknown[] {
    if (this.#parts.dialect === 'postgres') return columns.map((column) => row[column] ?? null);
    return columns.map((column) => sqliteValue(row[column], column));
  }

  async #writeRow(
    write: { readonly table: string; readonly sql: string; readonly row: Row; readonly parameters: readonly unknown[] },
    options: RowOptions | undefined,
  ): Promise<Row> {
    const { dialect, verify } = this.#parts;
    const { table, row, parameters } = write;
    this.written.add(table.toLowerCase());
    const returned = dialect === 'postgres' ? `*, ctid::text AS ${ROW_PLACE}` : '*';
    const { rows } = await this.#run(`${write.sql} RETURNING ${returned}`, parameters);
    const { [ROW_PLACE]: rowPlace, ...stored } = rows[0] ?? {};
    if (verify === 'off') return stored;
    requireOne(table, rows.length, 'written');
    if (verify === 'changes') return stored;
    await this.#compare({ table, row, stored, rowPlace }, options);
    if (verify === 'committed') this.committed.push({ table, row: stored });
    return stored;
  }

  async #compare(
    { table, row, stored, rowPlace }: { table: string; row: Row; stored: Row; rowPlace: unknown },
    options: RowOptions | undefined,
  ): Promise<void> {
    const { describe, dialect, options: settings } = this.#parts;
    const differences: ColumnDifference[] = [];
    for (const [column, value] of Object.entries(row)) {
      if (options?.except?.includes(column) === true || isSameValue(value, stored[column])) continue;
      if (dialect === 'sqlite' && isRounded(value, stored[column])) continue;
      if (await this.#isSameToDatabase(table, { column, value, rowPlace })) continue;
      const shown = settings.showValuesOf ?? [];
      const mayShow = shown.includes(column) || shown.includes(`${table}.${column}`);
      differences.push({ column, written: describe(value, mayShow), stored: describe(stored[column], mayShow) });
    }
    if (differences.length === 0) return;
    const names = differences.map(({ column }) => column).join(', ');
    throw new WriteVerificationError(table, `what is stored differs in ${names}`, { differences });
  }

  /** Types of which JavaScript knows nothing (intervals, addresses, ranges, time) are compared by PostgreSQL itself. */
  async #isSameToDatabase(
    table: string,
    { column, value, rowPlace }: { readonly column: string; readonly value: unknown; readonly rowPlace: unknown },
  ): Promise<boolean> {
    const { connection, dialect } = this.#parts;
    if (dialect !== 'postgres' || typeof rowPlace !== 'string') return false;
    await connection.query('SAVEPOINT belay_compare', []);
    try {
      const same = `${quoteName(column)} IS NOT DISTINCT FROM $1`;
      const sql = `SELECT 1 AS one FROM ${quoteTable(table)} WHERE ctid = $2::tid AND ${same}`;
      const { rows } = await connection.query(sql, [value ?? null, rowPlace]);
      await connection.query('RELEASE SAVEPOINT belay_compare', []);
      return rows.length > 0;
    } catch (error) {
      // A conflict or a lost connection says nothing about the value: the whole write runs again.
      if (failureKind(error) !== 'other') throw error;
      // A type without equality (json, point): what JavaScript found stands.
      await connection.query('ROLLBACK TO SAVEPOINT belay_compare', []);
      return false;
    }
  }

  async #run(sql: string, parameters: readonly unknown[]): Promise<Answer> {
    this.#requireOpen();
    const { connection, observer, operation } = this.#parts;
    const began = performance.now();
    const answer = await connection.query(sql, parameters);
    observer.statement(operation, sql, { ms: performance.now() - began, rows: answer.changes });
    return answer;
  }

  #requireOpen(): void {
    if (!this.isOver) return;
    throw new SafeDatabaseError('write.misused', 'This transaction is over.', {
      hint: 'Use "tx" only until the callback ends; await everything it begins.',
    });
  }
}

function requireOne(table: string, changes: number, what: string): void {
  if (changes !== 1) throw new WriteVerificationError(table, `${changes} rows were ${what} instead of 1`);
}

/** Drivers of SQLite give large integers as numbers, rounded: that says nothing against what is stored. */
function isRounded(written: unknown, stored: unknown): boolean {
  if (typeof written !== 'bigint' || typeof stored !== 'number') return false;
  return !Number.isSafeInteger(stored) && Number(written) === stored;
}
