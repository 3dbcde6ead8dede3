import { Worker } from 'node:worker_threads';
import pg from 'pg';
import { type ProbeStep, StepFailure, type StepWorld } from './probe-types.ts';

type SqlStep = Extract<ProbeStep, { type: 'sql' }>;
type Row = Readonly<Record<string, unknown>>;

const MOST_ROWS = 10_000;

/** Runs in a thread, because a question to SQLite holds its thread up, and can be ended only with it. */
const SQLITE_WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
const { createRequire } = require('node:module');
const Database = createRequire(workerData.from)('better-sqlite3');
const db = new Database(workerData.file, { readonly: true, fileMustExist: true });
db.pragma('query_only = ON');
const statement = db.prepare(workerData.query);
if (!statement.reader || !statement.readonly) throw new Error('the statement does not only read');
const rows = [];
for (const row of statement.iterate(...workerData.parameters)) if (rows.push(row) > workerData.mostRows) break;
parentPort.postMessage(rows);
db.close();
`;

/** One question, in a transaction that cannot write. */
export async function runSql(step: SqlStep, world: StepWorld): Promise<string> {
  const database = world.secret(step.database);
  const parameters = (step.parameters ?? []).map((value) => (typeof value === 'string' ? world.fill(value) : value));
  const isPostgres = /^postgres(ql)?:\/\//.test(database);
  const rows = await (isPostgres ? askPostgres : askSqlite)(database, { query: step.query, parameters, world });
  if (rows.length > MOST_ROWS) throw new StepFailure('too-large', `more than ${MOST_ROWS} rows`);
  const { rows: wanted, value } = step.expect ?? {};
  if (wanted !== undefined && rows.length !== wanted)
    throw new StepFailure('content', `${rows.length} rows, not ${wanted}`);
  const first = rows[0];
  if (value !== undefined) {
    const seen = textOf(first === undefined ? null : Object.values(first)[0]);
    const expected = typeof value === 'string' ? world.fill(value) : value;
    // Drivers give counts as texts, numbers or big integers.
    if (seen !== String(expected))
      throw new StepFailure('content', `the value is ${world.redact(seen).slice(0, 100)}, not ${value}`);
  }
  for (const [name, column] of Object.entries(step.extract ?? {})) {
    const found = first?.[column];
    if (found === undefined || found === null) throw new StepFailure('content', `the column ${column} has no value`);
    world.set(name, textOf(found));
  }
  return rows.length === 1 ? '1 row' : `${rows.length} rows`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'bigint' ? String(value) : JSON.stringify(value ?? null);
}

interface Question {
  readonly query: string;
  readonly parameters: readonly unknown[];
  readonly world: StepWorld;
}

async function askPostgres(database: string, { query, parameters, world }: Question): Promise<Row[]> {
  const client = new pg.Client({
    connectionString: database,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
  });
  // Without a listener an error of a connection that is ended would end the process.
  client.on('error', () => undefined);
  const stop = (): void => void client.end().catch(() => undefined);
  world.signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    await client.query('BEGIN TRANSACTION READ ONLY');
    // The extended protocol takes one statement only: a COMMIT behind the question could not end what protects it.
    const text = `SELECT * FROM (${bare(query)}\n) AS belay_probe LIMIT ${MOST_ROWS + 1}`;
    const question: pg.QueryConfig & { queryMode: 'extended' } = {
      text,
      values: [...parameters],
      queryMode: 'extended',
    };
    const { rows } = await client.query<Row>(question);
    return rows;
  } catch (error) {
    throw databaseFailure(error, world);
  } finally {
    world.signal.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  }
}

/** Without the semicolon at its end, which could not stand inside of another question. */
function bare(query: string): string {
  return query.trim().replace(/;$/, '');
}

function askSqlite(file: string, { query, parameters, world }: Question): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const workerData = { file, query, parameters, mostRows: MOST_ROWS, from: import.meta.filename };
    const worker = new Worker(SQLITE_WORKER, { eval: true, workerData, execArgv: [] });
    const stop = (): void => void worker.terminate();
    world.signal.addEventListener('abort', stop, { once: true });
    // Decoder: the worker posts what better-sqlite3 returned.
    worker.once('message', (rows: Row[]) => resolve(rows));
    worker.once('error', (error) => reject(databaseFailure(error, world)));
    worker.once('exit', () => {
      world.signal.removeEventListener('abort', stop);
      reject(new StepFailure('timeout', 'the database did not answer in time'));
    });
  });
}

function databaseFailure(error: unknown, world: StepWorld): StepFailure {
  if (world.signal.aborted) return new StepFailure('timeout', 'the database did not answer in time');
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = error instanceof Error ? error.message : String(error);
  const isWrite = code === '25006' || message.includes('readonly') || message.includes('only read');
  if (isWrite)
    return new StepFailure('sql-writes', 'the query writes, and a golden path may only read', 'Write a SELECT.');
  return new StepFailure(
    code === '' ? 'sql' : `sql-${code.toLowerCase()}`.slice(0, 60),
    world.redact(message).slice(0, 300),
  );
}
