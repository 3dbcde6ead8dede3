import { setTimeout as delay } from 'node:timers/promises';
import { BelayError, isBelayError } from '@belay/core';
import type { TelemetryBatch } from '@belay/wire';
import type { EngineLog, TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { RequestMark, TelemetryStats } from './api.ts';
import { loadLastBlock, loadRequests } from './commit-journal.ts';
import { createRequestMemory, MEMORY_SECONDS } from './request-memory.ts';
import { type CommitRequest, encodeTable, type EncodedTable, rowCount } from './table-blocks.ts';
import { prepareTables, type TableName, tableNames } from './telemetry-tables.ts';

export interface CommitWriterOptions {
  readonly engine: TelemetryEngine;
  readonly clock: { now(): number };
  readonly log: EngineLog;
  /** No block gets a second at or before this one, whatever the clock says. */
  readonly notBeforeSecond?: number;
}

/** Collects requests into commits; see docs/adr/0009-blocks-close-by-arrival.md. */
export interface CommitWriter {
  write(batch: TelemetryBatch, mark: RequestMark): Promise<'stored' | 'duplicate'>;
  closedThrough(): number;
  /** Resolves when the tables exist. */
  whenPrepared(): Promise<void>;
  stats(): TelemetryStats;
  close(): Promise<void>;
}

interface Waiting extends CommitRequest {
  readonly bytes: number;
  readonly rows: number;
  readonly done: PromiseWithResolvers<void>;
}

const FLUSH_ROWS = 50_000;
const FLUSH_MS = 200;
/** Exporters wait ten seconds for an answer and do not repeat after a time-out, so the answer comes well before. */
const GIVE_UP_MS = 6_000;
const RETRY_MS = 100;

/** Spans come first, so that an evaluation is never there without its unit because of a crash in between. */
const ORDER: readonly TableName[] = ['spans', 'logs', 'evaluations', 'outcomes'];

export function createCommitWriter(options: CommitWriterOptions): CommitWriter {
  const { engine, clock, log } = options;
  const memory = createRequestMemory(tableNames);
  const waitingByHash = new Map<bigint, Waiting>();
  let queue: Waiting[] = [];
  let queuedRows = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let closed = false;
  // Until the tables are prepared and read, and again after a failed insert, memory may lack stored requests.
  let isMemoryStale = true;
  let lastBlock = options.notBeforeSecond ?? 0;
  let lastClosed = lastBlock;
  let openBlock: number | undefined;
  const stats = {
    rowsStored: 0,
    commits: 0,
    commitFailures: 0,
    duplicates: 0,
    lateRows: 0,
    waitingBytes: 0,
    lastCommitAt: null as number | null,
  };

  const secondNow = (): number => Math.floor(clock.now() / 1000);

  const schedule = (): void => {
    if (running !== undefined || queue.length === 0) return;
    if (queuedRows >= FLUSH_ROWS || closed) flush();
    else timer ??= setTimeout(flush, FLUSH_MS);
  };

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const requests = takeCommit();
    if (requests.length === 0 || running !== undefined) return;
    running = commit(requests)
      .then(
        () => settle(requests, (request) => request.done.resolve()),
        (error: unknown) => settle(requests, (request) => request.done.reject(error)),
      )
      .finally(() => {
        running = undefined;
        schedule();
      });
  };

  /** As many waiting requests as make one commit; at least one. */
  const takeCommit = (): Waiting[] => {
    let rows = 0;
    let count = 0;
    while (count < queue.length && (count === 0 || rows + (queue[count]?.rows ?? 0) <= 2 * FLUSH_ROWS)) {
      rows += queue[count]?.rows ?? 0;
      count += 1;
    }
    const taken = queue.slice(0, count);
    queue = queue.slice(count);
    queuedRows -= rows;
    return taken;
  };

  const settle = (requests: readonly Waiting[], finish: (request: Waiting) => void): void => {
    for (const request of requests) {
      waitingByHash.delete(request.hash);
      stats.waitingBytes -= request.bytes;
      finish(request);
    }
  };

  const commit = async (requests: readonly Waiting[]): Promise<void> => {
    const deadline = clock.now() + GIVE_UP_MS;
    await engine.requireDiskSpace();
    await engine.whenReady(GIVE_UP_MS);
    if (isMemoryStale) await refreshMemory();
    openBlock = Math.max(secondNow(), lastBlock, lastClosed + 1);
    lastBlock = openBlock;
    try {
      for (const table of ORDER) await commitTable(table, requests, { block: openBlock, deadline });
      stats.commits += 1;
      stats.lastCommitAt = clock.now();
      memory.forgetBefore(openBlock - MEMORY_SECONDS);
    } catch (err) {
      stats.commitFailures += 1;
      isMemoryStale = true;
      log.warn({ err, requests: requests.length }, 'telemetry could not be stored');
      throw asUnavailable(err);
    } finally {
      openBlock = undefined;
    }
  };

  const commitTable = async (
    table: TableName,
    requests: readonly Waiting[],
    { block, deadline }: { readonly block: number; readonly deadline: number },
  ): Promise<void> => {
    const missing = requests.filter(
      (request) => rowCount(table, request.batch) > 0 && !memory.has(table, request.hash),
    );
    if (missing.length === 0) return;
    const rows = encodeTable(table, missing, block);
    await insertOnce(table, rows, { block, deadline, hash: missing[0]?.hash ?? 0n });
    for (const request of missing) memory.remember(table, request.hash, block);
    stats.rowsStored += rows.rows;
    stats.lateRows += rows.late;
  };

  /** Inserts until it has worked or time is up; before each repetition the table is asked whether it had worked. */
  const insertOnce = async (
    table: TableName,
    { columns, block: bytes }: EncodedTable,
    { block, deadline, hash }: { readonly block: number; readonly deadline: number; readonly hash: bigint },
  ): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const queryId = `belay-${table}-${block}-${hash.toString(16)}-${attempt}`;
        await engine.insertNative({ table, columns, block: bytes, queryId });
        return;
      } catch (error) {
        const remaining = deadline - clock.now();
        if (remaining <= 0) throw error;
        log.debug({ err: error, table, attempt }, 'an insert is looked after');
        await delay(RETRY_MS);
        await engine.whenReady(remaining);
        await engine.requireDiskSpace();
        // A commit is one part: where one request of it is, all of it is.
        const stored = await loadRequests(engine.client, { table, sinceSecond: block, hash });
        if (stored.length > 0) return;
      }
    }
  };

  let preparing: Promise<void> | undefined;
  const prepare = (): Promise<void> => {
    preparing ??= engine
      .minFreeDiskBytes()
      .then((minFreeDiskBytes) => prepareTables(engine.client, { minFreeDiskBytes }))
      .catch((error: unknown) => {
        preparing = undefined;
        throw asUnavailable(error);
      });
    return preparing;
  };

  const refreshMemory = async (): Promise<void> => {
    await prepare();
    for (const table of tableNames) {
      const stored = await loadRequests(engine.client, { table, sinceSecond: secondNow() - MEMORY_SECONDS });
      for (const { hash, second } of stored) memory.remember(table, hash, second);
      lastBlock = Math.max(lastBlock, await loadLastBlock(engine.client, table));
    }
    isMemoryStale = false;
  };

  const isStored = (hash: bigint, batch: TelemetryBatch): boolean =>
    tableNames.every((table) => rowCount(table, batch) === 0 || memory.has(table, hash));

  return {
    async write(batch, mark) {
      const rows = tableNames.reduce((sum, table) => sum + rowCount(table, batch), 0);
      if (rows === 0) return 'stored';
      if (closed) throw asUnavailable(undefined);
      const same = waitingByHash.get(mark.hash);
      if (same !== undefined || isStored(mark.hash, batch)) {
        await same?.done.promise;
        stats.duplicates += 1;
        return 'duplicate';
      }
      const request: Waiting = { batch, hash: mark.hash, bytes: mark.bytes, rows, done: Promise.withResolvers() };
      waitingByHash.set(mark.hash, request);
      queue.push(request);
      queuedRows += rows;
      stats.waitingBytes += mark.bytes;
      schedule();
      await request.done.promise;
      return 'stored';
    },
    closedThrough() {
      // A commit under way holds its second open; so does the present second.
      const bound = Math.min(secondNow(), openBlock ?? Number.POSITIVE_INFINITY) - 1;
      lastClosed = Math.max(lastClosed, bound);
      return lastClosed;
    },
    whenPrepared: prepare,
    stats: () => ({ ...stats }),
    async close() {
      closed = true;
      while (running !== undefined || queue.length > 0) {
        flush();
        await running;
      }
    },
  };
}

function asUnavailable(error: unknown): BelayError {
  if (isBelayError(error) && error.status === 503) return error;
  return new BelayError('telemetry.unavailable', 'The telemetry could not be stored now.', {
    hint: 'Send the same bytes again; what had been stored already is recognised.',
    retryAfterSeconds: 1,
    cause: error,
  });
}
