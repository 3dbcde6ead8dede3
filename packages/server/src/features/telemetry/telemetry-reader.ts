import { randomUUID } from 'node:crypto';
import { BelayError } from '@belay/core';
import { sandboxSettings } from '../../platform/clickhouse/sandbox-settings.ts';
import type { EngineLog, TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createQueryStatistics, type QueryStatistics, type QueryStats } from './query-stats.ts';
import { createReadSlots } from './read-slots.ts';
import { isDamage, readFailure, sandboxFailure } from './read-failure.ts';
import { findStretches, findSums, type Sums, type SumsQuestion } from './rollup-reader.ts';
import type { Stretch } from './rollups/stretches.ts';
import { checkUserSql } from './user-sql.ts';

export interface ReadOptions {
  /** What is read, for messages, turns and the engine's log, e.g. `logs.search`; what stands before the dot takes turns. */
  readonly name: string;
  /** Values of `{name:Type}` placeholders; never write a value into the query's text. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Default 10 s; at most 60 s. */
  readonly deadlineMs?: number;
  /** Rows that the query may read; more is refused as `telemetry.too-wide`. Default 500 million. */
  readonly maxRowsRead?: number;
  /** Bytes that the query may read, uncompressed. Default 50 GB. */
  readonly maxBytesRead?: number;
  /** Ends the query in the engine, too. */
  readonly signal?: AbortSignal;
}

export interface BytesOptions extends ReadOptions {
  /** Longer answers are refused as `telemetry.too-wide`. Default 128 MiB. */
  readonly maxResultBytes?: number;
}

/** The one way in which features read telemetry: every query has a deadline, a bound on what it reads, and a name. */
export interface TelemetryReader {
  /** Rows of a SELECT; 64-bit integers come as numbers. Rejects with `telemetry.*` errors. */
  rows<Row>(query: string, options: ReadOptions): Promise<Row[]>;
  /**
   * Rows of a SELECT that a person wrote: one statement over the telemetry tables, read-only, with fixed limits.
   * Rejects with `request.invalid` where it is anything else, and with `telemetry.too-wide` at a limit.
   */
  sandboxed<Row>(query: string, options: Omit<ReadOptions, 'maxRowsRead' | 'maxBytesRead'>): Promise<Row[]>;
  /**
   * Where sums of rows lie, however long ago the rows came: in the rows themselves, or in the rollups that keep their
   * counts and sums exactly. Asked for each question anew, for both change.
   */
  sums(question: SumsQuestion, options?: Pick<ReadOptions, 'deadlineMs' | 'signal'>): Promise<Sums>;
  /** Tables that know what arrived since a Unix second, newest first; see {@link findStretches}. */
  stretches(
    question: Parameters<typeof findStretches>[1],
    options?: Pick<ReadOptions, 'deadlineMs' | 'signal'>,
  ): Promise<readonly Stretch[]>;
  /** The answer of a SELECT in RowBinary, for many numbers at once. Rejects with `telemetry.*` errors. */
  bytes(query: string, options: BytesOptions): Promise<Uint8Array>;
  /** What questions have cost, by name. */
  stats(): ReaderStats;
}

export interface ReaderStats {
  readonly queries: readonly QueryStats[];
  readonly running: number;
  readonly waiting: number;
  /** Refused with `telemetry.busy`. */
  readonly refused: number;
  /** Questions that failed because stored files are damaged. */
  readonly damageSeen: number;
}

const DEADLINE_MS = 10_000;
const LONGEST_MS = 60_000;
/** The engine ends a query by itself at its deadline; where it does not look at the clock, it is killed this much later. */
const GRACE_MS = 1_000;
const ROWS_READ = 500_000_000;
const BYTES_READ = 50_000_000_000;
const RESULT_BYTES = 128 * 2 ** 20;
const READY_MS = 5_000;
const MEMORY = 2 ** 30;
const SMALL_ENGINE = 512 * 2 ** 20;

export interface TelemetryReaderOptions {
  readonly engine: TelemetryEngine;
  readonly whenPrepared: () => Promise<void>;
  readonly log: EngineLog;
  /** Tables that people may ask about. */
  readonly tables: () => readonly string[];
}

interface Question extends ReadOptions {
  readonly query: string;
  readonly settings: Readonly<Record<string, number | string>>;
}

export function createTelemetryReader(options: TelemetryReaderOptions): TelemetryReader {
  const { engine, whenPrepared } = options;
  const statistics = createQueryStatistics();
  let damageSeen = 0;
  const { slots, people } = turnsOf(engine);
  const answerable = async (): Promise<void> => {
    await engine.whenReady(READY_MS);
    await whenPrepared();
  };
  const asked = async <Answer>(query: string, read: ReadOptions, send: Send<Answer>, more = {}): Promise<Answer> => {
    await answerable();
    read.signal?.throwIfAborted();
    const question = { ...read, query, settings: { ...limitsOf(read, engine), ...more } };
    const failure = (cause: unknown, name: string): BelayError => {
      if (isDamage(cause)) damageSeen += 1;
      return readFailure(cause, name);
    };
    const asking = { options, statistics, failure, send };
    return slots.run(groupOf(read.name), () => ask(question, asking), read.signal);
  };
  const rows = <Row>(query: string, read: ReadOptions): Promise<Row[]> => asked(query, read, sendForRows<Row>);
  return {
    rows,
    sums: (question, read = {}) => findSums((query) => rows(query, { ...read, name: 'rollups.sums' }), question),
    stretches: (question, read = {}) =>
      findStretches((query) => rows(query, { ...read, name: 'rollups.stretches' }), question),
    bytes: (query, read) =>
      asked(query, read, sendForBytes, {
        max_result_bytes: String(Math.max(1, Math.floor(read.maxResultBytes ?? RESULT_BYTES))),
      }),
    async sandboxed<Row>(text: string, read: Omit<ReadOptions, 'maxRowsRead' | 'maxBytesRead'>): Promise<Row[]> {
      const query = checkUserSql(text, options.tables());
      await answerable();
      read.signal?.throwIfAborted();
      // Sessions of the embedded engine have these for good; a server gets them with the question.
      const limits = engine.isRemote ? sandboxSettings(engine.memoryLimitBytes ?? MEMORY) : {};
      const deadlineMs = Math.min(read.deadlineMs ?? DEADLINE_MS, DEADLINE_MS);
      const settings = { ...limits, readonly: '1' };
      return people.run(
        groupOf(read.name),
        () =>
          ask(
            { ...read, deadlineMs, query, settings },
            { options, statistics, failure: sandboxFailure, send: sendForRows<Row> },
          ),
        read.signal,
      );
    },
    stats: () => {
      const counts = [...new Set([slots, people])].map((turns) => turns.counts());
      const sumOf = (key: keyof (typeof counts)[number]): number => counts.reduce((sum, one) => sum + one[key], 0);
      const [running, waiting, refused] = [sumOf('running'), sumOf('waiting'), sumOf('refused')];
      return { queries: statistics.all(), running, waiting, refused, damageSeen };
    },
  };
}

function limitsOf(read: ReadOptions, engine: TelemetryEngine): Readonly<Record<string, number | string>> {
  return {
    max_execution_time: Math.ceil(deadlineOf(read) / 1000),
    max_rows_to_read: String(read.maxRowsRead ?? ROWS_READ),
    max_bytes_to_read: String(read.maxBytesRead ?? BYTES_READ),
    max_result_bytes: String(RESULT_BYTES),
    ...memoryLimits(engineBytesOf(engine)),
  };
}

/** Whose turn it is to ask. Fewer than the engine's sessions for reading, so that the guards' questions always find one. */
function turnsOf(engine: TelemetryEngine) {
  // A small engine answers one question after the other: several at once are what ends it in a container of 512 MB.
  if (isSmallEngine(engineBytesOf(engine))) {
    // A turn comes after the longest question that may be under way.
    const one = createReadSlots({ running: 1, waiting: 200, waitMs: LONGEST_MS });
    return { slots: one, people: one };
  }
  return {
    slots: createReadSlots({ running: 4, waiting: 200, waitMs: 15_000 }),
    people: createReadSlots({ running: 2, waiting: 20, waitMs: 15_000 }),
  };
}

/** What one question may use: less of a small engine, which must go on storing and merging beside it. */
function memoryLimits(engineBytes: number): Readonly<Record<string, number | string>> {
  if (!isSmallEngine(engineBytes)) return { max_memory_usage: String(Math.floor(engineBytes / 2)) };
  return { max_memory_usage: String(Math.floor(engineBytes / 4)), max_threads: 1, max_block_size: 8192 };
}

function isSmallEngine(engineBytes: number): boolean {
  return engineBytes < SMALL_ENGINE;
}

function engineBytesOf({ memoryLimitBytes }: Pick<TelemetryEngine, 'memoryLimitBytes'>): number {
  return memoryLimitBytes ?? 2 * MEMORY;
}

function deadlineOf({ deadlineMs = DEADLINE_MS }: Pick<ReadOptions, 'deadlineMs'>): number {
  return Math.min(LONGEST_MS, Math.max(1, deadlineMs));
}

function groupOf(name: string): string {
  return name.split('.', 1)[0] ?? name;
}

type Send<Answer> = (question: Question, queryId: string, engine: TelemetryEngine) => Promise<Answered<Answer>>;

interface Asking<Answer> {
  readonly options: TelemetryReaderOptions;
  readonly statistics: QueryStatistics;
  readonly failure: (cause: unknown, name: string) => BelayError;
  readonly send: Send<Answer>;
}

/** Asks, and ends the query in the engine when it is not wanted any more or takes longer than it may. */
async function ask<Answer>(
  question: Question,
  { options, statistics, failure, send }: Asking<Answer>,
): Promise<Answer> {
  const { name, signal } = question;
  signal?.throwIfAborted();
  const startedAt = performance.now();
  const queryId = `belay-read-${name}-${randomUUID()}`;
  const end = endOf(question);
  let outcome: 'answered' | 'failed' | 'cancelled' = 'failed';
  let sizes = { rowsRead: 0, rowsAnswered: 0 };
  try {
    const asked = send(question, queryId, options.engine);
    const first = await Promise.race([asked, end.promise]);
    if ('answer' in first) {
      outcome = 'answered';
      sizes = { rowsRead: first.rowsRead, rowsAnswered: first.rowsAnswered };
      return first.answer;
    }
    await killed(queryId, asked, options);
    if (signal?.aborted === true) outcome = 'cancelled';
    signal?.throwIfAborted();
    throw tooSlow(question);
  } catch (error) {
    if (signal?.aborted === true && error === signal.reason) throw error;
    throw failure(error, name);
  } finally {
    end.clear();
    statistics.record({ name, ms: performance.now() - startedAt, outcome, ...sizes });
  }
}

interface Answered<Answer> {
  readonly answer: Answer;
  readonly rowsRead: number;
  readonly rowsAnswered: number;
}

async function sendForRows<Row>(
  question: Question,
  queryId: string,
  engine: TelemetryEngine,
): Promise<Answered<Row[]>> {
  const result = await engine.client.query({
    query: question.query,
    query_id: queryId,
    query_params: { ...question.parameters },
    format: 'JSON',
    clickhouse_settings: question.settings,
  });
  const { data, statistics } = await result.json<Row>();
  return { answer: data, rowsRead: statistics?.rows_read ?? 0, rowsAnswered: data.length };
}

async function sendForBytes(
  question: Question,
  queryId: string,
  engine: TelemetryEngine,
): Promise<Answered<Uint8Array>> {
  const { stream, summary } = await engine.client.exec({
    query: `${question.query}\nFORMAT RowBinary`,
    query_id: queryId,
    query_params: { ...question.parameters },
    // A failure half-way must come as a failure, not as the end of the answer.
    clickhouse_settings: { ...question.settings, wait_end_of_query: 1 },
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const [only] = chunks;
  const answer = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks);
  return { answer, rowsRead: Number(summary?.read_rows ?? 0), rowsAnswered: Number(summary?.result_rows ?? 0) };
}

interface End {
  /** Resolves at the deadline, or when nobody wants the answer any more. */
  readonly promise: Promise<{ readonly ended: true }>;
  clear(): void;
}

function endOf(question: Question): End {
  const { signal } = question;
  const { promise, resolve } = Promise.withResolvers<{ readonly ended: true }>();
  const onEnd = (): void => resolve({ ended: true });
  const timer = setTimeout(onEnd, deadlineOf(question) + GRACE_MS);
  signal?.addEventListener('abort', onEnd, { once: true });
  return {
    promise,
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onEnd);
    },
  };
}

const KILL_MS = 3_000;

/** Taking back a request leaves its query running, so it is killed; SYNC would hang for ever. */
async function killed(
  queryId: string,
  asked: Promise<unknown>,
  { engine, log }: TelemetryReaderOptions,
): Promise<void> {
  const over = asked.then(
    () => undefined,
    () => undefined,
  );
  const kill = engine.client
    .command({
      query: `KILL QUERY WHERE query_id = {id:String} OR Settings['log_comment'] = {id:String} ASYNC`,
      query_params: { id: queryId },
    })
    .then(() => over)
    .catch((err: unknown) => log.warn({ err, queryId }, 'a query could not be ended'));
  // What even KILL does not reach is ended by the watchdog of the engine's process.
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, KILL_MS)));
  await Promise.race([kill, late]);
  clearTimeout(timer);
}

function tooSlow(question: Question): BelayError {
  return new BelayError(
    'telemetry.too-wide',
    `The question (${question.name}) took longer than ${deadlineOf(question) / 1000} s and was ended.`,
    { hint: 'Ask for a shorter time, one service, or a narrower filter.' },
  );
}
