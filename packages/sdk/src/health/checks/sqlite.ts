import { statSync } from 'node:fs';
import { fail, type Finding, type HealthCheck, pass, warn } from '../types.ts';
import { compareVersions } from './machine.ts';

/** What is needed of a better-sqlite3 database. */
export interface SqliteLike {
  readonly name: string;
  pragma(source: string, options?: { readonly simple?: boolean }): unknown;
  prepare(source: string): { all(...parameters: unknown[]): unknown[]; get(...parameters: unknown[]): unknown };
  exec(source: string): unknown;
}

/** What a SQLite database should be. */
export interface SqliteExpectation {
  /** Columns by table: `{ users: ['id', 'email'] }`. */
  readonly tables?: Readonly<Record<string, readonly string[]>>;
  /** Value of `PRAGMA user_version`, where migrations keep it. */
  readonly userVersion?: number;
  /** Default `wal`. */
  readonly journalMode?: string;
  /** Most bytes of the write-ahead log; default 256 MiB. */
  readonly maxWalBytes?: number;
}

/** Checks of one SQLite database; all but the first depend on it. `name` tells several databases apart. */
export function sqliteChecks(db: SqliteLike, expected: SqliteExpectation = {}, name = 'database'): HealthCheck[] {
  const depends = [name];
  const one = (title: string, word: string, run: HealthCheck['run'], more: Partial<HealthCheck> = {}): HealthCheck => ({
    name: `${name}.${word}`,
    title,
    critical: true,
    dependsOn: depends,
    run,
    ...more,
  });
  return [
    { name, title: 'Database reachable', critical: true, cheap: true, run: () => reach(db) },
    one('Database engine', 'engine', () => engine(db)),
    one('Journal mode', 'journal', () => journal(db, expected.journalMode ?? 'wal')),
    one('Writes survive a power cut', 'synchronous', () => synchronous(db), { critical: false }),
    one('Foreign keys are enforced', 'foreign-keys', () => foreignKeys(db)),
    one('Tables and columns', 'schema', () => schema(db, expected.tables ?? {})),
    one('Migrations', 'migrations', () => migrations(db, expected.userVersion)),
    one('Database can be written', 'write', () => writeProbe(db)),
    one('Write-ahead log', 'wal', () => walSize(db, expected.maxWalBytes ?? 268_435_456), {
      cheap: true,
      critical: false,
    }),
  ];
}

function reach(db: SqliteLike) {
  db.prepare('SELECT 1').get();
  return pass('answers');
}

/** SQLite before 3.51.3 can lose commits in WAL mode; 3.44.6 and 3.50.7 have the fix, too. */
function engine(db: SqliteLike) {
  const row = db.prepare('SELECT sqlite_version() AS version').get();
  return judgeSqliteVersion(String(Object.values(Object(row))[0]));
}

/** Whether a version of SQLite is known to lose data. */
export function judgeSqliteVersion(version: string): Finding {
  const isFixed =
    compareVersions(version, '3.51.3') >= 0 ||
    (version.startsWith('3.50.') && compareVersions(version, '3.50.7') >= 0) ||
    (version.startsWith('3.44.') && compareVersions(version, '3.44.6') >= 0);
  if (isFixed || compareVersions(version, '3.7.0') < 0) return pass(`SQLite ${version}`);
  return fail(
    'known-bad-engine',
    `SQLite ${version} can lose commits in WAL mode`,
    'Use 3.51.3 or newer (better-sqlite3 13).',
  );
}

function journal(db: SqliteLike, wanted: string) {
  const mode = String(db.pragma('journal_mode', { simple: true }));
  if (mode === wanted) return pass(mode);
  return fail(
    'journal-mode',
    `the journal mode is ${mode}, not ${wanted}`,
    `Run PRAGMA journal_mode = ${wanted} when you open it.`,
  );
}

function synchronous(db: SqliteLike) {
  const level = Number(db.pragma('synchronous', { simple: true }));
  if (level === 0)
    return fail(
      'synchronous-off',
      'synchronous is OFF: a power cut corrupts the file',
      'Run PRAGMA synchronous = FULL.',
    );
  return level === 1
    ? pass('synchronous is NORMAL: the last commits may be lost in a power cut')
    : pass('synchronous is FULL');
}

function foreignKeys(db: SqliteLike) {
  const isOn = Number(db.pragma('foreign_keys', { simple: true })) === 1;
  return isOn
    ? pass('on')
    : fail('foreign-keys-off', 'foreign keys are not enforced', 'Run PRAGMA foreign_keys = ON on every connection.');
}

function schema(db: SqliteLike, tables: Readonly<Record<string, readonly string[]>>) {
  const missing = Object.entries(tables).flatMap(([table, columns]) => {
    const present = new Set(
      db
        .prepare('SELECT name FROM pragma_table_info(?)')
        .all(table)
        .map((row) => String(Object.values(Object(row))[0])),
    );
    if (present.size === 0) return [table];
    return columns.filter((column) => !present.has(column)).map((column) => `${table}.${column}`);
  });
  if (missing.length === 0) return pass(`${Object.keys(tables).length} tables as expected`);
  return fail('schema', `missing: ${missing.slice(0, 20).join(', ')}`, 'Run the migrations of this version.');
}

function migrations(db: SqliteLike, wanted: number | undefined) {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (wanted === undefined || version === wanted) return pass(`user_version ${version}`);
  if (version < wanted)
    return fail('pending-migrations', `user_version is ${version}, ${wanted} is expected`, 'Run the migrations.');
  return fail(
    'newer-schema',
    `user_version is ${version}: a newer version wrote it`,
    'Start that version, or restore.',
  );
}

/** A row is written, read and rolled back in a table of its own. */
function writeProbe(db: SqliteLike) {
  db.exec('SAVEPOINT belay_check');
  try {
    db.exec('CREATE TABLE IF NOT EXISTS belay_write_check (value TEXT NOT NULL)');
    db.exec("INSERT INTO belay_write_check VALUES ('ok')");
    const row = db.prepare('SELECT value FROM belay_write_check').get();
    return row === undefined
      ? fail('write-lost', 'a row that was written is not there', 'Restore a proven backup.')
      : pass('written, read, rolled back');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return fail(
      /readonly/i.test(why) ? 'read-only' : 'write',
      why,
      'Let the user of the process own the file and its folder; make room.',
    );
  } finally {
    db.exec('ROLLBACK TO belay_check');
    db.exec('RELEASE belay_check');
  }
}

function walSize(db: SqliteLike, most: number) {
  const bytes = statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= most) return pass(`${Math.round(bytes / 1e6)} MB`, bytes, 'By');
  return warn(
    'wal-large',
    `${Math.round(bytes / 1e6)} MB`,
    'A long transaction or a backup keeps it from being reset.',
  );
}
