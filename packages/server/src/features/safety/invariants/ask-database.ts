import { fork } from 'node:child_process';
import path from 'node:path';
import pg from 'pg';
import type { InvariantDatabase } from './invariant-settings.ts';

/** The first rows of a query, two at most, or why there are none. */
export type Asked = { readonly rows: readonly (readonly unknown[])[] } | { readonly failure: string };

/** Asks one reading query; ends after `deadlineMs` whatever the database does. Never rejects. */
export async function askDatabase(database: InvariantDatabase, sql: string, deadlineMs: number): Promise<Asked> {
  if (database.engine === 'sqlite') return askSqlite(database.path, sql, deadlineMs);
  return askPostgres(database.url, sql, deadlineMs);
}

function askSqlite(file: string, sql: string, deadlineMs: number): Promise<Asked> {
  return new Promise((resolve) => {
    const child = fork(path.join(import.meta.dirname, 'query-sqlite-process.ts'), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve({ failure: `It took longer than ${deadlineMs} ms.` });
    }, deadlineMs);
    const finish = (asked: Asked): void => {
      clearTimeout(timer);
      resolve(asked);
    };
    child.once('message', (answer) => finish(answer as Asked));
    child.once('error', (error) => finish({ failure: error.message }));
    child.once('exit', () => finish({ failure: 'The process that asks the database ended without an answer.' }));
    child.send({ path: file, sql });
  });
}

async function askPostgres(url: string, sql: string, deadlineMs: number): Promise<Asked> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: Math.min(5000, deadlineMs),
    // The server ends the query first, and says so; this is for a server that says nothing.
    query_timeout: deadlineMs + 1000,
    application_name: 'belay-invariant',
  });
  // A connection that breaks says so by an event, which would otherwise end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('BEGIN READ ONLY');
    await client.query(`SET LOCAL statement_timeout = ${Math.floor(deadlineMs)}`);
    await client.query(`SET LOCAL lock_timeout = '1s'`);
    // As a part of another query it can be only one, and one that reads; parameters forbid a second statement.
    const text = `SELECT * FROM (${sql.trim().replace(/;+$/, '')}\n) AS invariant LIMIT $1`;
    const { rows } = await client.query<unknown[]>({ text, values: [2], rowMode: 'array' });
    return { rows };
  } catch (error) {
    return { failure: failureOf(error, deadlineMs) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

function failureOf(error: unknown, deadlineMs: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === '25006') return 'It does not only read; write one SELECT.';
  if (code === '57014' || (error instanceof Error && error.message === 'Query read timeout'))
    return `It took longer than ${deadlineMs} ms.`;
  return error instanceof Error && error.message !== ''
    ? error.message
    : `The database cannot be reached (${String(code)}).`;
}
