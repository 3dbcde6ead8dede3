import { SafeDatabaseError } from '../errors.ts';
import type { Row } from '../types.ts';

/** Parameters of a statement: by place, or by name. */
export type SqliteParameters = readonly unknown[] | Row;

/** What both drivers can do with a statement. */
export interface SqliteStatement {
  run(parameters: SqliteParameters): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  all(parameters: SqliteParameters): readonly Row[];
  get(parameters: SqliteParameters): Row | undefined;
  /** The first row's values by place; integers beyond 2^53 as bigint. */
  values(parameters: SqliteParameters): readonly unknown[] | undefined;
}

/** One connection to a SQLite database. */
export interface SqliteDriver {
  readonly library: 'better-sqlite3' | 'node:sqlite';
  prepare(sql: string): SqliteStatement;
  isInTransaction(): boolean;
}

/** What is used of better-sqlite3's Database. */
export interface BetterSqlite3Database {
  readonly inTransaction: boolean;
  prepare(sql: string): object;
}

/** What is used of node:sqlite's DatabaseSync. */
export interface NodeSqliteDatabase {
  readonly isTransaction: boolean;
  prepare(sql: string): object;
}

/** A database of better-sqlite3 or node:sqlite. */
export type SqliteDatabase = BetterSqlite3Database | NodeSqliteDatabase;

/** Statements of one connection that stay prepared. */
const MOST_STATEMENTS = 500;

/**
 * One way to speak to both drivers.
 * @throws SafeDatabaseError for anything else.
 */
export function openSqliteDriver(database: SqliteDatabase): SqliteDriver {
  const isBetter = 'inTransaction' in database;
  if (!isBetter && !('isTransaction' in database)) {
    throw new SafeDatabaseError('write.misused', 'This is no SQLite database that Belay knows.', {
      hint: 'Pass a Database of better-sqlite3 or a DatabaseSync of node:sqlite (Node 22.16 or newer).',
    });
  }
  const known = new Map<string, SqliteStatement>();
  return {
    library: isBetter ? 'better-sqlite3' : 'node:sqlite',
    isInTransaction: isBetter ? () => database.inTransaction : () => database.isTransaction,
    prepare(sql) {
      const found = known.get(sql);
      if (found !== undefined) return found;
      if (known.size >= MOST_STATEMENTS) known.clear();
      const make = (): object => database.prepare(sql);
      const made = isBetter ? betterStatement(make) : nodeStatement(make);
      known.set(sql, made);
      return made;
    },
  };
}

interface BetterStatement {
  run(parameters: SqliteParameters): { changes: number; lastInsertRowid: number | bigint };
  all(parameters: SqliteParameters): Row[];
  get(parameters: SqliteParameters): Row | undefined;
  raw(isOn: boolean): { get(parameters: SqliteParameters): unknown[] | undefined };
  safeIntegers(isOn: boolean): void;
}

function betterStatement(make: () => object): SqliteStatement {
  const statement = make() as BetterStatement;
  let raw: ReturnType<BetterStatement['raw']> | undefined;
  return {
    run: (parameters) => statement.run(parameters),
    all: (parameters) => statement.all(parameters),
    get: (parameters) => statement.get(parameters),
    // Raw is a mode of a statement, so the statement that gives values is another one.
    values: (parameters) => {
      raw ??= exactly(make() as BetterStatement);
      return raw.get(parameters);
    },
  };
}

function exactly(statement: BetterStatement): ReturnType<BetterStatement['raw']> {
  statement.safeIntegers(true);
  return statement.raw(true);
}

interface NodeStatement {
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  all(...parameters: unknown[]): Row[];
  get(...parameters: unknown[]): Row | undefined;
  setReadBigInts(isOn: boolean): void;
}

function nodeStatement(make: () => object): SqliteStatement {
  const statement = make() as NodeStatement;
  let exact: NodeStatement | undefined;
  return {
    run(parameters) {
      const { changes, lastInsertRowid } = statement.run(...spread(parameters));
      return { changes: Number(changes), lastInsertRowid };
    },
    all: (parameters) => statement.all(...spread(parameters)),
    get: (parameters) => statement.get(...spread(parameters)),
    values(parameters) {
      if (exact === undefined) {
        exact = make() as NodeStatement;
        exact.setReadBigInts(true);
      }
      const row = exact.get(...spread(parameters));
      return row === undefined ? undefined : Object.values(row);
    },
  };
}

function spread(parameters: SqliteParameters): unknown[] {
  return Array.isArray(parameters) ? [...parameters] : [parameters];
}
