import { setTimeout as delay } from 'node:timers/promises';
import { brokenBy, invariantsFor, requireReading } from '../check-invariants.ts';
import { SafeDatabaseError, WriteVerificationError } from '../errors.ts';
import { createObserver } from '../observer.ts';
import { currentOperation, type Operation } from '../operation.ts';
import { failureKind, nextTryIn } from '../retry-policy.ts';
import { KEEP_KEYS_MS, OPERATIONS_TABLE, requireKey, resultOf, storedResultOf } from '../stored-result.ts';
import type { DatabaseWatch, OperationRecord, SafeDatabaseOptions, WriteOptions } from '../types.ts';
import { createValueShapes } from '../value-shape.ts';
import { createSqliteContext, type SqliteContext } from './sqlite-context.ts';
import { openSqliteDriver, type SqliteDatabase, type SqliteDriver } from './sqlite-driver.ts';
import { OpenSqliteTransaction, type SqliteTransaction } from './sqlite-transaction.ts';
import { createOperationTable } from './sqlite-operation-table.ts';

/** Settings of a safe SQLite database. */
export interface SafeSqliteOptions extends SafeDatabaseOptions {
  /** Opens a second connection to the same file: for the level `committed` and for plans of slow queries. */
  readonly openSecond?: () => SqliteDatabase;
}

/** A SQLite database whose writes are transactions, read back, tried again and logged. */
export interface SafeSqlite extends DatabaseWatch {
  /**
   * Runs `work` in one BEGIN IMMEDIATE transaction. Another writer is waited for without holding up the event loop
   * between tries. Resolves when the write is committed and the effects of `onCommit` have run.
   */
  write<Result>(name: string, work: (tx: SqliteTransaction) => Result, options?: WriteOptions): Promise<Result>;
  /** The same at once, blocking; waits between tries block too. */
  writeSync<Result>(name: string, work: (tx: SqliteTransaction) => Result, options?: WriteOptions): Result;
  /** Groups reads into one operation of the log, with its budget. It is no transaction. */
  read<Result>(name: string, work: (tx: Pick<SqliteTransaction, 'get' | 'all'>) => Result): Result;
}

/** A write that ended well. */
interface Done<Result> {
  readonly result: Result;
  readonly outcome: OperationRecord['outcome'];
  readonly tx: OpenSqliteTransaction | undefined;
}

const NO_OPTIONS: WriteOptions = {};

/**
 * Makes the writes of a better-sqlite3 or node:sqlite database safe. Keep to this one object for writing: a statement
 * run beside it on the same connection is seen by nobody.
 * @throws SafeDatabaseError for a database or an invariant that cannot be used.
 */
export function openSafeSqlite(database: SqliteDatabase, options: SafeSqliteOptions = {}): SafeSqlite {
  for (const [name, invariant] of Object.entries(options.invariants ?? {})) requireReading(name, invariant);
  const driver = openSqliteDriver(database);
  const second = createSecond(driver, options);
  const explain = async (sql: string): Promise<string | undefined> => planOf(second() ?? driver, sql);
  const observer = createObserver({ options, system: 'sqlite', explain });
  const shared = createSqliteContext({ driver, observer, options, describe: createValueShapes() });
  const context = { ...shared, second, table: createOperationTable(driver, options), hasKeys: false };
  const begin = (name: string): Operation => {
    refuseNested(driver, name);
    return observer.begin(name, true);
  };
  return {
    writeSync(name, work, settings = NO_OPTIONS) {
      const operation = begin(name);
      const writing = { operation, work, settings };
      // Nothing asks who is current in production: statements name their operation, and requests are not watched.
      const isAsked = observer.mode !== 'production';
      const done = isAsked
        ? currentOperation.run(operation, () => tryInTurn(context, writing))
        : tryInTurn(context, writing);
      finish(context, operation, done);
      if ((done.tx?.effects.length ?? 0) > 0) void runEffects(context, operation, done);
      return done.result;
    },
    async write(name, work, settings = NO_OPTIONS) {
      const operation = begin(name);
      const done = await currentOperation.run(operation, () => tryLater(context, { operation, work, settings }));
      finish(context, operation, done);
      await runEffects(context, operation, done);
      return done.result;
    },
    read: (name, work) => read(context, name, work),
    operations: observer.operations,
    findings: observer.findings,
    learnt: observer.learnt,
    close: observer.close,
  };
}

interface Context extends SqliteContext {
  readonly second: () => SqliteDriver | undefined;
  readonly table: ReturnType<typeof createOperationTable>;
  /** Whether the table of idempotency keys is there. */
  hasKeys: boolean;
}

interface Writing<Result> {
  readonly operation: Operation;
  readonly work: (tx: SqliteTransaction) => Result;
  readonly settings: WriteOptions;
}

function tryInTurn<Result>(context: Context, writing: Writing<Result>): Done<Result> {
  for (;;) {
    try {
      return attempt(context, writing);
    } catch (error) {
      const waitMs = waitAfter(context, writing.operation, error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  }
}

async function tryLater<Result>(context: Context, writing: Writing<Result>): Promise<Done<Result>> {
  for (;;) {
    try {
      return attempt(context, writing);
    } catch (error) {
      await delay(waitAfter(context, writing.operation, error));
    }
  }
}

/** Ms to wait before the next try; throws where there is none. */
function waitAfter({ observer, options }: Context, operation: Operation, error: unknown): number {
  const isConflict = failureKind(error) === 'conflict';
  const bounds = { maxAttempts: options.maxAttempts ?? 12, retryForMs: options.retryForMs ?? 5000 };
  const elapsed = performance.now() - operation.startedAt;
  const waitMs = isConflict ? nextTryIn(operation.attempt, elapsed, bounds, Math.random) : undefined;
  if (waitMs !== undefined) {
    observer.retry(operation);
    return waitMs;
  }
  if (error instanceof WriteVerificationError) {
    const facts = { table: error.table, columns: error.differences.map(({ column }) => column).join(', ') };
    observer.find(operation, { kind: 'write-not-verified', severity: 'error', message: error.message, facts });
  }
  if (!isConflict) {
    observer.end(operation, 'rolled-back', error);
    throw error;
  }
  const message = `The database stayed locked for ${operation.attempt} tries in ${Math.round(elapsed)} ms; nothing was written.`;
  const facts = { attempts: operation.attempt };
  observer.find(operation, { kind: 'retries-exhausted', severity: 'error', message, facts });
  observer.end(operation, 'rolled-back', error);
  throw new SafeDatabaseError('write.retries-exhausted', message, {
    hint: 'Find the writer that holds the lock: a transaction that waits for something else, or a long migration.',
    cause: error,
  });
}

/** One try: all of it is committed, or nothing is and the error is thrown. */
function attempt<Result>(context: Context, { operation, work, settings }: Writing<Result>): Done<Result> {
  const { driver, observer, options } = context;
  const key = settings.idempotencyKey;
  if (key !== undefined) {
    requireKey(key);
    openKeys(context);
  }
  const verify = settings.verify ?? options.verify ?? 'row';
  // Found out before anything is written, not after the commit.
  if (verify === 'committed') requireSecond(context);
  driver.prepare('BEGIN IMMEDIATE').run([]);
  const tx = new OpenSqliteTransaction(context, operation, verify);
  try {
    if (key !== undefined) {
      const earlier = earlierResult(driver, key);
      if (earlier !== undefined) {
        driver.prepare('ROLLBACK').run([]);
        return { result: earlier.result as Result, outcome: 'already-done', tx: undefined };
      }
    }
    const result = work(tx);
    refusePromise(result);
    tx.isOver = true;
    if (options.invariants !== undefined && settings.invariants !== false) checkInvariants(context, operation, tx);
    if (key !== undefined) keepResult(driver, { key, name: operation.name, result });
    context.table?.write(operation);
    observer.beforeCommit(operation);
    driver.prepare('COMMIT').run([]);
    return { result, outcome: 'committed', tx };
  } catch (error) {
    tx.isOver = true;
    // Some failures (disk full, I/O) have ended the transaction already.
    if (driver.isInTransaction()) driver.prepare('ROLLBACK').run([]);
    throw error;
  }
}

function refusePromise(result: unknown): void {
  if (typeof result !== 'object' || result === null || !('then' in result)) return;
  throw new SafeDatabaseError('write.misused', 'The callback of a SQLite write returned a promise.', {
    hint: 'Do it without await: other work on this connection would become part of the transaction meanwhile.',
  });
}

function refuseNested(driver: SqliteDriver, name: string): void {
  if (!driver.isInTransaction()) return;
  throw new SafeDatabaseError('write.misused', `"${name}" was begun inside another transaction of this connection.`, {
    hint: 'Pass "tx" on to the inner function; or end the transaction that was begun by hand.',
  });
}

function openKeys(context: Context): void {
  if (context.hasKeys) return;
  const { driver } = context;
  driver.prepare(OPERATIONS_TABLE).run([]);
  driver.prepare('DELETE FROM belay_operations WHERE at < ?').run([Date.now() - KEEP_KEYS_MS]);
  context.hasKeys = true;
}

function earlierResult(driver: SqliteDriver, key: string): { readonly result: unknown } | undefined {
  const row = driver.prepare('SELECT result_hash, result FROM belay_operations WHERE op_key = ?').get([key]);
  if (row === undefined) return undefined;
  const text = row['result'];
  return { result: resultOf(key, { hash: String(row['result_hash']), text: typeof text === 'string' ? text : null }) };
}

function keepResult(driver: SqliteDriver, { key, name, result }: { key: string; name: string; result: unknown }): void {
  const { hash, text } = storedResultOf(result);
  driver
    .prepare('INSERT INTO belay_operations (op_key, name, result_hash, result, at) VALUES (?, ?, ?, ?, ?)')
    .run([key, name.slice(0, 200), hash, text, Date.now()]);
}

function checkInvariants(
  { driver, observer, options }: Context,
  operation: Operation,
  tx: OpenSqliteTransaction,
): void {
  const changesSoFar = (): unknown => driver.prepare('SELECT total_changes() AS n').get([])?.['n'];
  const before = changesSoFar();
  const written = new Set([...tx.written].map((table) => table.toLowerCase()));
  for (const [name, invariant] of invariantsFor(options.invariants ?? {}, written)) {
    const why = brokenBy(invariant, driver.prepare(invariant.sql).values([]));
    if (why === undefined) continue;
    const message = `"${operation.name}" would break the invariant "${name}": ${why}. It was rolled back.`;
    observer.find(operation, { kind: 'invariant-broken', severity: 'error', message, facts: { invariant: name } });
    throw new SafeDatabaseError('write.invariant-broken', message, { hint: 'Mend the write, or the invariant.' });
  }
  if (changesSoFar() === before) return;
  throw new SafeDatabaseError('write.misused', 'An invariant wrote to the database; the write was rolled back.', {
    hint: 'Invariants only read.',
  });
}

/** What follows the commit at once; nothing of it can undo the write. */
function finish<Result>(context: Context, operation: Operation, { outcome, tx }: Done<Result>): void {
  context.observer.end(operation, outcome);
  if (tx !== undefined && tx.expected.length > 0) checkCommitted(context, operation, tx);
}

/** Effects in their order. Never rejects: the write stands, whatever becomes of them. */
async function runEffects<Result>({ observer }: Context, operation: Operation, { tx }: Done<Result>): Promise<void> {
  for (const effect of tx?.effects ?? []) {
    try {
      await effect();
    } catch (error) {
      const message = `An effect of onCommit failed; the write itself is committed.`;
      const facts = { error: error instanceof Error ? error.name : typeof error };
      observer.find(operation, { kind: 'effect-failed', severity: 'error', message, facts });
    }
  }
}

function checkCommitted(context: Context, operation: Operation, { expected }: OpenSqliteTransaction): void {
  const second = requireSecond(context);
  for (const row of expected) {
    try {
      context.refuseDifference(row, second.prepare(row.sql).values(row.key));
    } catch (error) {
      if (!(error instanceof WriteVerificationError)) throw error;
      const found = new WriteVerificationError(row.table, 'it is not what was committed', {
        differences: error.differences,
        isCommitted: true,
      });
      const facts = { table: row.table };
      context.observer.find(operation, {
        kind: 'write-not-verified',
        severity: 'error',
        message: found.message,
        facts,
      });
      throw found;
    }
  }
}

function requireSecond({ second }: Pick<Context, 'second'>): SqliteDriver {
  const driver = second();
  if (driver !== undefined) return driver;
  throw new SafeDatabaseError('write.misused', 'The level "committed" needs a second connection.', {
    hint: 'Give "openSecond", e.g. () => new Database(path, { readonly: true }).',
  });
}

function read<Result>(
  context: Context,
  name: string,
  work: (tx: Pick<SqliteTransaction, 'get' | 'all'>) => Result,
): Result {
  const { observer } = context;
  const operation = observer.begin(name, false);
  const tx = new OpenSqliteTransaction(context, operation, 'off');
  return currentOperation.run(operation, () => {
    try {
      const result = work(tx);
      observer.end(operation, 'read');
      return result;
    } catch (error) {
      observer.end(operation, 'rolled-back', error);
      throw error;
    } finally {
      tx.isOver = true;
    }
  });
}

function createSecond(first: SqliteDriver, { openSecond }: SafeSqliteOptions): () => SqliteDriver | undefined {
  let opened: SqliteDriver | undefined;
  return () => {
    if (opened !== undefined || openSecond === undefined) return opened;
    const made = openSqliteDriver(openSecond());
    if (made.library !== first.library) {
      // File locks belong to a process: two copies of SQLite in one process do not see each other's.
      throw new SafeDatabaseError('write.misused', `"openSecond" opens ${made.library} beside ${first.library}.`, {
        hint: "Two copies of SQLite in one process do not see each other's locks and can damage the file; use one.",
      });
    }
    opened = made;
    return opened;
  };
}

function planOf(driver: SqliteDriver, sql: string): string | undefined {
  if (!/^\s*(?:select|with|insert|update|delete)\b/i.test(sql)) return undefined;
  const rows = driver.prepare(`EXPLAIN QUERY PLAN ${sql}`).all([]);
  return rows
    .map((row) => String(row['detail']))
    .join('\n')
    .slice(0, 8000);
}
