import { SafeDatabaseError, WriteVerificationError, type ColumnDifference } from '../errors.ts';
import type { Observer } from '../observer.ts';
import { columnsOf, quoteName } from '../row-statements.ts';
import { isSameValue } from '../same-value.ts';
import type { Row, RowOptions, SafeDatabaseOptions } from '../types.ts';
import type { DescribeValue } from '../value-shape.ts';
import type { SqliteDriver } from './sqlite-driver.ts';
import { prepareInsert, type ExpectedRow, type PreparedInsert } from './sqlite-transaction.ts';

/** What every write to one SQLite database shares. */
export interface SqliteContext {
  readonly driver: SqliteDriver;
  readonly observer: Observer;
  readonly options: SafeDatabaseOptions;
  insertInto(table: string, row: Row): PreparedInsert;
  primaryKeyOf(table: string): readonly string[];
  /** @throws WriteVerificationError where what is stored is not what was expected. */
  refuseDifference(expected: ExpectedRow, stored: readonly unknown[] | undefined, options?: RowOptions): void;
}

/** Statements and keys are looked up once per table and list of columns. */
export function createSqliteContext(
  parts: Pick<SqliteContext, 'driver' | 'observer' | 'options'> & { readonly describe: DescribeValue },
): SqliteContext {
  const { driver, options, describe } = parts;
  const shown = new Set(options.showValuesOf);
  const inserts = new Map<string, Map<string, PreparedInsert>>();
  const keys = new Map<string, readonly string[]>();
  const context: SqliteContext = {
    ...parts,
    insertInto(table, row) {
      const columns = columnsOf('The row', row);
      const shape = columns.join('\u0000');
      let ofTable = inserts.get(table);
      if (ofTable === undefined) {
        ofTable = new Map();
        inserts.set(table, ofTable);
      }
      const known = ofTable.get(shape);
      if (known !== undefined) return known;
      if (ofTable.size >= 100) ofTable.clear();
      const made = prepareInsert(context, table, columns);
      ofTable.set(shape, made);
      return made;
    },
    primaryKeyOf(table) {
      const known = keys.get(table);
      if (known !== undefined) return known;
      const [name = '', schema = 'main'] = table.split('.').toReversed();
      const found = driver
        .prepare(`PRAGMA ${quoteName(schema)}.table_info(${quoteName(name)})`)
        .all([])
        .filter((column) => Number(column['pk']) > 0)
        .map((column) => String(column['name']));
      if (found.length === 0) throw noKey(table);
      keys.set(table, found);
      return found;
    },
    refuseDifference(expected, stored, rowOptions) {
      const { table, columns, values } = expected;
      if (values === undefined && stored === undefined) return;
      if (values === undefined) throw new WriteVerificationError(table, 'a deleted row is still there');
      if (stored === undefined) throw new WriteVerificationError(table, 'a written row is not there');
      const differences: ColumnDifference[] = [];
      for (const [index, column] of columns.entries()) {
        if (rowOptions?.except?.includes(column) === true || isSameValue(values[index], stored[index])) continue;
        const mayShow = shown.has(column) || shown.has(`${table}.${column}`);
        const written = describe(values[index], mayShow);
        differences.push({ column, written, stored: describe(stored[index], mayShow) });
      }
      if (differences.length === 0) return;
      const names = differences.map(({ column }) => column).join(', ');
      throw new WriteVerificationError(table, `what is stored differs in ${names}`, { differences });
    },
  };
  return context;
}

function noKey(table: string): SafeDatabaseError {
  return new SafeDatabaseError(
    'write.misused',
    `"${table}" has neither a rowid nor a primary key to read a row back by.`,
    {
      hint: 'Write to the table itself, not to a view, or use tx.run.',
    },
  );
}
