import { setTimeout as delay } from 'node:timers/promises';
import { requireReading } from '../check-invariants.ts';
import { SafeDatabaseError, WriteVerificationError } from '../errors.ts';
import { createObserver } from '../observer.ts';
import { currentOperation, type Operation } from '../operation.ts';
import { failureKind, isVerdict, nextTryIn } from '../retry-policy.ts';
import { OPERATION_LOG_TABLE, operationRow } from '../sqlite/sqlite-operation-table.ts';
import { OWN_KEY, requireKey } from '../stored-result.ts';
import type { DatabaseWatch, OperationRecord, SafeDatabaseOptions, VerifyLevel, WriteOptions } from '../types.ts';
import { createValueShapes, type DescribeValue } from '../value-shape.ts';
import { checkCommitted, runEffects, type AfterCommit } from './after-commit.ts';
import type { AsyncConnection, AsyncSource } from './async-source.ts';
import { OpenAsyncTransaction, type AsyncTransaction, type CommittedRow } from './async-transaction.ts';
import { checkInvariants } from './async-invariants.ts';
import { createCommitKeys, type CommitKeys } from './commit-keys.ts';
import { explainLater } from './explain-later.ts';

/** Settings of a safe database over connections that answer later. */
export interface SafeAsyncOptions extends SafeDatabaseOptions {
  /**
   * False: no row is written by which a COMMIT of unknown outcome can be resolved, so a connection that is lost during
   * COMMIT ends in `write.commit-unknown`, except for writes with a key. Default true.
   */
  readonly resolveCommits?: boolean;
}

/** A database whose writes are transactions, read back, tried again, resolved when unknown, and logged. */
export interface SafeAsyncDatabase<Handle> extends DatabaseWatch {
  /**
   * Runs `work` in one transaction (PostgreSQL: SERIALIZABLE; SQLite: IMMEDIATE). After a conflict or a connection that
   * was lost before COMMIT all of it runs again. Resolves when committed and the effects of `onCommit` have run.
   */
  write<Result>(
    name: string,
    work: (tx: AsyncTransaction<Handle>) => Promise<Result> | Result,
    options?: WriteOptions,
  ): Promise<Result>;
  /** Groups reads into one operation of the log, with its budget, on one connection. It is no transaction. */
  read<Result>(
    name: string,
    work: (tx: Pick<AsyncTransaction<Handle>, 'query' | 'handle'>) => Promise<Result> | Result,
  ): Promise<Result>;
}

interface Context<Handle> extends AfterCommit<Handle> {
  readonly options: SafeAsyncOptions;
  readonly keys: CommitKeys<Handle>;
  readonly describe: DescribeValue;
  hasLogTable: boolean;
}

interface Writing<Handle, Result> {
  readonly operation: Operation;
  readonly work: (tx: AsyncTransaction<Handle>) => Promise<Result> | Result;
  readonly settings: WriteOptions;
  /** Key of the row by which the commit is known; undefined where none is written. */
  readonly key: string | undefined;
}

interface Done<Result> {
  readonly result: Result;
  readonly outcome: OperationRecord['outcome'];
  readonly effects: readonly (() => void | Promise<void>)[];
  readonly committed: readonly CommittedRow[];
}

/** A failure after COMMIT was sent: the callback may not simply run again. */
class CommitLost<Handle> extends Error {
  /** SQLSTATE of a lost connection, so that it is treated as one. */
  readonly code = '08006';
  readonly tx: OpenAsyncTransaction<Handle>;
  readonly result: unknown;

  constructor(cause: unknown, tx: OpenAsyncTransaction<Handle>, result: unknown) {
    super('the connection was lost during COMMIT', { cause });
    this.tx = tx;
    this.result = result;
  }
}

const NO_OPTIONS: WriteOptions = {};

/** Makes the writes of a source of connections safe. */
export function openSafeAsync<Handle>(
  source: AsyncSource<Handle>,
  options: SafeAsyncOptions,
): SafeAsyncDatabase<Handle> {
  for (const [name, invariant] of Object.entries(options.invariants ?? {})) requireReading(name, invariant);
  const system = source.dialect === 'postgres' ? 'postgresql' : 'sqlite';
  const observer = createObserver({ options, system, explain: (sql) => explainLater(source, sql) });
  const context: Context<Handle> = {
    source,
    options,
    observer,
    keys: createCommitKeys(source),
    describe: createValueShapes(),
    primaryKeys: new Map(),
    hasLogTable: false,
  };
  return {
    write: (name, work, settings = NO_OPTIONS) => write(context, name, { work, settings }),
    read: (name, work) => read(context, name, work),
    operations: observer.operations,
    findings: observer.findings,
    learnt: observer.learnt,
    close: observer.close,
  };
}

async function write<Handle, Result>(
  context: Context<Handle>,
  name: string,
  { work, settings }: Pick<Writing<Handle, Result>, 'work' | 'settings'>,
): Promise<Result> {
  const { observer, options, keys, source } = context;
  const outer = currentOperation.getStore();
  const operation = observer.begin(name, true);
  if (outer?.database === operation.database && outer.isWrite && !outer.hasEnded) {
    throw new SafeDatabaseError('write.misused', `"${name}" was begun inside the write "${outer.name}".`, {
      hint: 'Pass "tx" on to the inner function; two transactions can wait for each other for ever.',
    });
  }
  // A SQLite file in this process knows by itself how its COMMIT ended.
  const resolves = options.resolveCommits !== false && source.dialect === 'postgres';
  const own = resolves ? `${OWN_KEY}${operation.id}` : undefined;
  const key = settings.idempotencyKey === undefined ? own : requireKey(settings.idempotencyKey);
  return currentOperation.run(operation, async () => {
    const done = await tryUntilDone(context, { operation, work, settings, key });
    observer.end(operation, done.outcome);
    // The write stands: its effects do not wait for the check, and are not left out by what it finds.
    await runEffects(observer, operation, done.effects);
    for (const row of done.committed) await checkCommitted(context, operation, row);
    if (key !== undefined) keys.forget().catch(() => undefined);
    return done.result;
  });
}

async function tryUntilDone<Handle, Result>(
  context: Context<Handle>,
  writing: Writing<Handle, Result>,
): Promise<Done<Result>> {
  const { observer } = context;
  const { operation } = writing;
  for (;;) {
    try {
      if (writing.key !== undefined) await context.keys.prepare();
      if (context.options.operationTable === true) await prepareLog(context);
      return await context.source.use((connection) => attempt(context, writing, connection));
    } catch (error) {
      if (error instanceof CommitLost) {
        const done = await resolveCommit(context, writing, error as CommitLost<Handle>);
        if (done !== undefined) return done;
      } else if (isDuplicateKey(error) && writing.settings.idempotencyKey !== undefined) {
        // Another call with the same key was faster; the next try finds its result.
        observer.retry(operation);
        continue;
      }
      await delay(waitAfter(context, operation, error));
    }
  }
}

/** One try on one connection: all of it is committed, or the error is thrown. */
async function attempt<Handle, Result>(
  context: Context<Handle>,
  writing: Writing<Handle, Result>,
  connection: AsyncConnection<Handle>,
): Promise<Done<Result>> {
  const { source, observer, options, keys, describe } = context;
  const { operation, work, settings, key } = writing;
  const { dialect } = source;
  await connection.query(beginOf(dialect, settings), []);
  const seen = (sql: string, what: { ms: number; rows: number }): void => observer.statement(operation, sql, what);
  const handle = source.watch?.(connection.handle, seen) ?? connection.handle;
  const verify: VerifyLevel = settings.verify ?? options.verify ?? 'row';
  const tx = new OpenAsyncTransaction({ connection, handle, dialect, observer, operation, verify, options, describe });
  let result: Result;
  try {
    if (settings.idempotencyKey !== undefined) {
      const earlier = await keys.find(connection, settings.idempotencyKey);
      if (earlier !== undefined) {
        await connection.query('ROLLBACK', []);
        return { result: earlier.result as Result, outcome: 'already-done', effects: [], committed: [] };
      }
    }
    result = await work(tx);
    tx.isOver = true;
    if (settings.invariants !== false) await checkInvariants(context, operation, { connection, tx });
    if (key !== undefined) await keys.keep(connection, { key, name: operation.name, result });
    // In a transaction that a swallowed error has ended, COMMIT would roll back and report success.
    else if (dialect === 'postgres') await connection.query('SELECT 1', []);
    if (options.operationTable === true) await keepLog(dialect, connection, operation);
    observer.beforeCommit(operation);
  } catch (error) {
    tx.isOver = true;
    await rollBack(connection);
    throw error;
  }
  try {
    await connection.query('COMMIT', []);
  } catch (error) {
    if (dialect === 'postgres' && !isVerdict(error)) throw new CommitLost(error, tx, result);
    await rollBack(connection);
    throw error;
  }
  return { result, outcome: 'committed', effects: tx.effects, committed: tx.committed };
}

function beginOf(dialect: 'postgres' | 'sqlite', { isolation = 'serializable' }: WriteOptions): string {
  return dialect === 'sqlite' ? 'BEGIN IMMEDIATE' : `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`;
}

/** A connection that cannot even roll back is thrown away by its source, which ends the transaction too. */
async function rollBack<Handle>(connection: AsyncConnection<Handle>): Promise<void> {
  try {
    await connection.query('ROLLBACK', []);
  } catch (failure) {
    // SQLite has ended some transactions itself (disk full); for a lost connection there is nothing left to do.
    if (failureKind(failure) === 'connection-lost') throw failure;
  }
}

/** Done where the commit is found; undefined where it is certain that nothing was committed. */
async function resolveCommit<Handle, Result>(
  { keys, observer }: Context<Handle>,
  { operation, key }: Writing<Handle, Result>,
  { tx, result, cause }: CommitLost<Handle>,
): Promise<Done<Result> | undefined> {
  const severity = 'error';
  try {
    if (key === undefined) {
      throw new SafeDatabaseError(
        'write.commit-unknown',
        'The connection was lost during COMMIT and its outcome is not known.',
        {
          hint: 'Look whether the write is there before it is repeated; leave "resolveCommits" on to have that done.',
          cause,
        },
      );
    }
    const isCommitted = await keys.isCommitted(key);
    const message = `The connection was lost during COMMIT; ${isCommitted ? 'the write is committed' : 'nothing was committed, so it runs again'}.`;
    observer.find(operation, { kind: 'commit-resolved', severity: 'info', message, facts: {} });
    if (!isCommitted) return undefined;
    return { result: result as Result, outcome: 'committed', effects: tx.effects, committed: tx.committed };
  } catch (error) {
    const message = 'The outcome of a COMMIT could not be found out; the write must not be repeated blindly.';
    observer.find(operation, { kind: 'commit-unknown', severity, message, facts: { key: key ?? '' } });
    observer.end(operation, 'unknown', error);
    throw error;
  }
}

function isDuplicateKey(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === '23505' && 'table' in error && error.table === 'belay_operations';
}

/** Ms to wait before the next try; throws where there is none. */
function waitAfter<Handle>({ observer, options }: Context<Handle>, operation: Operation, error: unknown): number {
  const isPassing = failureKind(error) !== 'other';
  const bounds = { maxAttempts: options.maxAttempts ?? 12, retryForMs: options.retryForMs ?? 5000 };
  const elapsed = performance.now() - operation.startedAt;
  const waitMs = isPassing ? nextTryIn(operation.attempt, elapsed, bounds, Math.random) : undefined;
  if (waitMs !== undefined) {
    observer.retry(operation);
    return waitMs;
  }
  if (error instanceof WriteVerificationError) {
    const facts = { table: error.table, columns: error.differences.map(({ column }) => column).join(', ') };
    observer.find(operation, { kind: 'write-not-verified', severity: 'error', message: error.message, facts });
  }
  observer.end(operation, 'rolled-back', error);
  if (!isPassing) throw error;
  const message = `The write did not get through in ${operation.attempt} tries and ${Math.round(elapsed)} ms; nothing was written.`;
  const facts = { attempts: operation.attempt };
  observer.find(operation, { kind: 'retries-exhausted', severity: 'error', message, facts });
  throw new SafeDatabaseError('write.retries-exhausted', message, {
    hint: 'Its cause tells whether others write the same rows or the database cannot be reached.',
    cause: error,
  });
}

async function prepareLog<Handle>(context: Context<Handle>): Promise<void> {
  if (context.hasLogTable) return;
  await context.source.use((connection) => connection.query(OPERATION_LOG_TABLE, []));
  context.hasLogTable = true;
}

async function keepLog<Handle>(
  dialect: 'postgres' | 'sqlite',
  connection: AsyncConnection<Handle>,
  operation: Operation,
): Promise<void> {
  const row = operationRow(operation);
  const places = row.map((_value, index) => (dialect === 'postgres' ? `$${index + 1}` : '?')).join(', ');
  await connection.query(`INSERT INTO belay_operation_log VALUES (${places})`, row);
}

async function read<Handle, Result>(
  context: Context<Handle>,
  name: string,
  work: (tx: Pick<AsyncTransaction<Handle>, 'query' | 'handle'>) => Promise<Result> | Result,
): Promise<Result> {
  const { source, observer, options, describe } = context;
  const operation = observer.begin(name, false);
  return currentOperation.run(operation, async () => {
    try {
      const result = await source.use((connection) => {
        const seen = (sql: string, what: { ms: number; rows: number }): void =>
          observer.statement(operation, sql, what);
        const handle = source.watch?.(connection.handle, seen) ?? connection.handle;
        const { dialect } = source;
        return Promise.resolve(
          work(
            new OpenAsyncTransaction({
              connection,
              handle,
              dialect,
              observer,
              operation,
              verify: 'off',
              options,
              describe,
            }),
          ),
        );
      });
      observer.end(operation, 'read');
      return result;
    } catch (error) {
      observer.end(operation, 'rolled-back', error);
      throw error;
    }
  });
}
