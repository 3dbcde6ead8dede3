import { setTimeout as delay } from 'node:timers/promises';
import type { TelemetryBatch } from '@belay/wire';
import type { EngineLog, TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { loadLastBlock, loadRequests } from './commit-journal.ts';
import { createRequestMemory, MEMORY_SECONDS } from './request-memory.ts';
import { type CommitRequest, type EncodedTable, encodeTable, rowCount } from './table-blocks.ts';
import { prepareTables, type TableName, tableNames } from './telemetry-tables.ts';

export interface TableWriterOptions {
  readonly engine: TelemetryEngine;
  readonly clock: { now(): number };
  readonly log: EngineLog;
}

export interface CommitTarget {
  /** Second that all rows of the commit carry. */
  readonly block: number;
  /** Unix ms after which a failed insert is not repeated. */
  readonly deadline: number;
}

/** Puts the rows of requests into the tables, each request once per table. */
export interface TableWriter {
  /** Creates the tables where needed. */
  prepare(): Promise<void>;
  /** Reads what was stored lately, unless that is known; returns the newest block there is, 0 for none. */
  refresh(): Promise<number>;
  /** Stores what is missing; returns rows stored and how many of them are late. */
  write(requests: readonly CommitRequest[], target: CommitTarget): Promise<{ rows: number; late: number }>;
  /** After a failure it is not known what was stored until the tables have been read again. */
  doubt(): void;
  /** Whether every table has what the request brings; false when in doubt. */
  isStored(hash: bigint, batch: TelemetryBatch): boolean;
}

const RETRY_MS = 100;

/** Spans come first, so that an evaluation is never there without its unit because of a crash in between. */
const ORDER: readonly TableName[] = ['spans', 'logs', 'evaluations', 'outcomes'];

export function createTableWriter(options: TableWriterOptions): TableWriter {
  const { engine, clock } = options;
  const memory = createRequestMemory(tableNames);
  const state = { preparing: undefined as Promise<void> | undefined, isInDoubt: true, newestBlock: 0 };

  const prepare = (): Promise<void> => {
    state.preparing ??= prepareEngine(engine).catch((error: unknown) => {
      state.preparing = undefined;
      throw error;
    });
    return state.preparing;
  };
  return {
    prepare,
    async refresh() {
      if (!state.isInDoubt) return state.newestBlock;
      await prepare();
      const since = Math.floor(clock.now() / 1000) - MEMORY_SECONDS;
      for (const table of tableNames) {
        const stored = await loadRequests(engine.client, { table, sinceSecond: since });
        for (const { hash, second } of stored) memory.remember(table, hash, second);
        state.newestBlock = Math.max(state.newestBlock, await loadLastBlock(engine.client, table));
      }
      state.isInDoubt = false;
      return state.newestBlock;
    },
    async write(requests, target) {
      const total = { rows: 0, late: 0 };
      for (const table of ORDER) {
        const isMissing = ({ hash, batch }: CommitRequest): boolean =>
          rowCount(table, batch) > 0 && !memory.has(table, hash);
        const missing = requests.filter(isMissing);
        const [first] = missing;
        if (first === undefined) continue;
        const encoded = encodeTable(table, missing, target.block);
        await insertOnce(options, { ...target, table, encoded, hash: first.hash });
        for (const { hash } of missing) memory.remember(table, hash, target.block);
        total.rows += encoded.rows;
        total.late += encoded.late;
      }
      state.newestBlock = target.block;
      memory.forgetBefore(target.block - MEMORY_SECONDS);
      return total;
    },
    doubt() {
      state.isInDoubt = true;
    },
    isStored: (hash, batch) =>
      !state.isInDoubt && tableNames.every((table) => rowCount(table, batch) === 0 || memory.has(table, hash)),
  };
}

interface TableInsert extends CommitTarget {
  readonly table: TableName;
  readonly encoded: EncodedTable;
  /** Of one request in the block. */
  readonly hash: bigint;
}

async function prepareEngine(engine: TelemetryEngine): Promise<void> {
  await prepareTables(engine.client, { minFreeDiskBytes: await engine.minFreeDiskBytes() });
}

/** Inserts until it has worked or time is up; before each repetition the table is asked whether it had worked. */
async function insertOnce({ engine, clock, log }: TableWriterOptions, insert: TableInsert): Promise<void> {
  const { table, encoded, block, deadline, hash } = insert;
  for (let attempt = 1; ; attempt += 1) {
    const queryId = `belay-${table}-${block}-${hash.toString(16)}-${attempt}`;
    try {
      await engine.insertNative({ table, columns: encoded.columns, block: encoded.block, queryId });
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
}
