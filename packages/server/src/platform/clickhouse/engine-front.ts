import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BelayError } from '@belay/core';
import { renderParameters } from './query-parameters.ts';
import type { EngineSession, SessionPool } from './session-pool.ts';

export interface EngineFrontOptions {
  readonly reads: SessionPool;
  /** Reserved for rows that come in, so that neither questions nor upkeep keep them from being stored. */
  readonly writes: SessionPool;
  /** Tables, rollups, ageing. */
  readonly upkeep: SessionPool;
  /** Reserved for KILL, which must get through when everything else is busy. */
  readonly control: SessionPool;
  /** Read-only for good, with limits that the question cannot lift; for SQL that people wrote. */
  readonly sandbox: SessionPool;
  readonly spoolPath: string;
  /** A query ran three times longer than the engine allows itself: only a new process helps. */
  readonly onStuck: () => void;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Without a limit of its own a query ends after 30 s; three times that means that it cannot be ended. */
const STUCK_MS = 90_000;
const STUCK_LEAST_MS = 15_000;
const MAX_QUERY_BYTES = 16 * 2 ** 20;
/** URL parameters that are about the transport and not settings of the engine. */
const TRANSPORT = new Set([
  'query',
  'query_id',
  'database',
  'session_id',
  'default_format',
  'enable_http_compression',
  'wait_end_of_query',
  'role',
  'user',
  'password',
]);

/** Speaks as much of ClickHouse's HTTP interface as the official client uses. */
export function createEngineFront(options: EngineFrontOptions): Handler {
  let spooled = 0;
  const nextFile = (): string => path.join(options.spoolPath, `${(spooled += 1)}.bin`);
  return (request, response) => {
    answer(request, { ...options, nextFile }).then(
      (result) => {
        response.writeHead(200, { 'Content-Type': 'text/plain; charset=UTF-8', 'X-ClickHouse-Summary': '{}' });
        response.end(result);
      },
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        const code = /Code: (\d+)/.exec(message)?.[1] ?? '1001';
        response.writeHead(500, { 'Content-Type': 'text/plain', 'X-ClickHouse-Exception-Code': code });
        response.end(message.includes('Code:') ? message : `Code: ${code}. DB::Exception: ${message} (STD_EXCEPTION)`);
      },
    );
  };
}

interface FrontContext extends EngineFrontOptions {
  readonly nextFile: () => string;
}

async function answer(request: IncomingMessage, context: FrontContext): Promise<Uint8Array | string> {
  const url = new URL(request.url ?? '/', 'http://engine');
  if (url.pathname === '/ping') return 'Ok.\n';
  const inUrl = url.searchParams.get('query');
  if (inUrl !== null && /^\s*insert\s/i.test(inUrl)) return insert(request, { sql: inUrl, url, context });
  const sql = `${inUrl ?? ''}${await bodyText(request)}`;
  const rendered = renderParameters(sql, parametersOf(url));
  return poolFor(rendered, url, context).run((session) => run(session, rendered, { url, onStuck: context.onStuck }));
}

function poolFor(sql: string, url: URL, { reads, upkeep, control, sandbox }: FrontContext): SessionPool {
  if (url.searchParams.get('readonly') === '1') return sandbox;
  if (/^\s*kill\s/i.test(sql)) return control;
  return /^\s*(select|with|show|describe|exists|explain|check)\b/i.test(sql) ? reads : upkeep;
}

interface InsertRequest {
  readonly sql: string;
  readonly url: URL;
  readonly context: FrontContext;
}

/**
 * The rows go through a file: data inside the query text is cut at a blank line by the engine, and what follows is run
 * as SQL. One thread and one block keep the insert a single part, which is there in full or not at all.
 */
async function insert(request: IncomingMessage, { sql, url, context }: InsertRequest): Promise<Uint8Array | string> {
  const match = /^([\s\S]*?\(([^()]*)\))\s+FORMAT\s+(\w+)\s*$/i.exec(sql);
  if (match === null) throw badQuery('An insert should read INSERT INTO table (columns) FORMAT name.');
  const [, head = '', columns = '', format = ''] = match;
  const file = context.nextFile();
  try {
    await pipeline(request, createWriteStream(file, { mode: 0o600 }));
    const select = `${head} SELECT ${columns} FROM file('${file.replaceAll("'", "\\'")}', '${format}') SETTINGS max_threads = 1`;
    return await context.writes.run((session) => run(session, select, { url, onStuck: context.onStuck }));
  } finally {
    await rm(file, { force: true });
  }
}

interface RunOptions {
  readonly url: URL;
  readonly onStuck: () => void;
}

async function run(session: EngineSession, sql: string, { url, onStuck }: RunOptions): Promise<Uint8Array | string> {
  const watchdog = setTimeout(onStuck, stuckAfterMs(url));
  try {
    const result = await session.query(sql, settingsOf(url));
    return result.bytes();
  } finally {
    clearTimeout(watchdog);
  }
}

/** Settings of one query; its id goes as a comment, because the embedded engine takes no ids, and KILL finds it there. */
function settingsOf(url: URL): ReadonlyMap<string, string> {
  const given = [...url.searchParams].filter(([name]) => !TRANSPORT.has(name) && !name.startsWith('param_'));
  for (const [name] of given) if (!/^\w+$/.test(name)) throw badQuery(`"${name}" is not the name of a setting.`);
  const id = url.searchParams.get('query_id');
  return new Map(id === null ? given : [...given, ['log_comment', id]]);
}

function stuckAfterMs(url: URL): number {
  const seconds = Number(url.searchParams.get('max_execution_time') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.max(STUCK_LEAST_MS, 3000 * seconds) : STUCK_MS;
}

function parametersOf(url: URL): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of url.searchParams) if (name.startsWith('param_')) values.set(name.slice(6), value);
  return values;
}

async function bodyText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_QUERY_BYTES) throw badQuery(`The query is longer than ${MAX_QUERY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function badQuery(message: string): BelayError {
  return new BelayError('request.invalid', message);
}
