import { setTimeout as delay } from 'node:timers/promises';
import { invariant } from '@belay/core';
import { encodeNativeBlock, type NativeColumns } from '../../platform/clickhouse/native-block.ts';
import type { EngineLog, TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { loadLastBlock, loadRequests } from './commit-journal.ts';
import { createFactMemory, type FactMemory } from './fact-memory.ts';
import { createRequestMemory, MEMORY_SECONDS } from './request-memory.ts';
import { prepareTables } from './tables/prepare-tables.ts';
import type { RowSet, WriteRequest } from './tables/row-set.ts';
import type { RequestTable, UpkeepTable } from './tables/table-definition.ts';
import { requestTables, upkeepTables } from './tables/table-registry.ts';

/** A request whose rows go into a commit. */
export interface CommitRequest {
  readonly hash: bigint;
  readonly content: WriteRequest;
}

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
  isStored(request: CommitRequest): boolean;
}

const RETRY_MS = 100;
const names = requestTables.map(({ name }) => name);

export function createTableWriter(options: TableWriterOptions): TableWriter {
  const { engine, clock } = options;
  const memory = createRequestMemory(names);
  const facts = createFactMemory();
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
      const stored = await loadRequests(engine.client, { tables: names, sinceSecond: since });
      for (const { table, hash, second } of stored) memory.remember(table, hash, second);
      state.newestBlock = Math.max(state.newestBlock, await loadLastBlock(engine.client, names));
      state.isInDoubt = false;
      return state.newestBlock;
    },
    async write(requests, target) {
      const total = { rows: 0, late: 0 };
      // Facts first, so that no row refers to one that is not there.
      for (const table of upkeepTables) await writeFacts(options, facts, { ...target, table, requests });
      for (const table of requestTables) {
        const missing = missingRows(table, requests, (hash) => memory.has(table.name, hash));
        const [first] = missing;
        if (first === undefined) continue;
        const block = blockOf(table, missing, target.block);
        // A commit is one part: where one request of it is, all of it is.
        const found = { tables: [table.name], sinceSecond: target.block, hash: first.hash };
        const isThere = async (): Promise<boolean> => (await loadRequests(engine.client, found)).length > 0;
        await insertOnce(options, { ...target, table: table.name, columns: block, key: first.hash, isThere });
        for (const { hash, rows } of missing) {
          memory.remember(table.name, hash, target.block);
          total.rows += rows.rows;
          total.late += rows.late;
        }
      }
      state.newestBlock = target.block;
      memory.forgetBefore(target.block - MEMORY_SECONDS);
      return total;
    },
    doubt() {
      state.isInDoubt = true;
    },
    isStored: ({ hash, content }) =>
      !state.isInDoubt && content.rows.every(({ table, rows }) => rows === 0 || memory.has(table.name, hash)),
  };
}

async function prepareEngine(engine: TelemetryEngine): Promise<void> {
  await prepareTables(engine.client, { minFreeDiskBytes: await engine.minFreeDiskBytes() });
}

interface MissingRows {
  readonly hash: bigint;
  readonly rows: RowSet;
}

function missingRows(
  table: RequestTable,
  requests: readonly CommitRequest[],
  isStored: (hash: bigint) => boolean,
): MissingRows[] {
  const missing: MissingRows[] = [];
  for (const { hash, content } of requests) {
    const sets = content.rows.filter((set) => set.table === table && set.rows > 0);
    if (sets.length > 0 && !isStored(hash)) missing.push(...sets.map((rows) => ({ hash, rows })));
  }
  return missing;
}

function blockOf(table: RequestTable, missing: readonly MissingRows[], second: number): NativeColumns {
  const block = table.newBlock();
  let expected = 0;
  for (const { hash, rows } of missing) {
    rows.appendTo(block, { second, request: hash });
    expected += rows.rows;
  }
  const [column] = Object.values(block);
  invariant(column?.rows() === expected, `table ${table.name} got ${column?.rows()} rows instead of ${expected}`);
  return block;
}

interface FactsToWrite extends CommitTarget {
  readonly table: UpkeepTable;
  readonly requests: readonly CommitRequest[];
}

/** Writes the facts that were not written lately. */
async function writeFacts(options: TableWriterOptions, memory: FactMemory, facts: FactsToWrite): Promise<void> {
  const { table, requests, ...target } = facts;
  const columns = table.newBlock();
  const written = new Set<bigint>();
  for (const { content } of requests) {
    for (const { table: owner, keys, appendTo } of content.upkeep ?? []) {
      if (owner !== table) continue;
      for (const [index, key] of keys.entries()) {
        if (written.has(key) || memory.has(table.name, key)) continue;
        appendTo(columns, index, target.block);
        written.add(key);
      }
    }
  }
  const [first] = written;
  if (first === undefined) return;
  // What is written twice is merged by the engine, so nobody needs to look whether an attempt had worked.
  await insertOnce(options, { ...target, table: table.name, columns, key: first, isThere: async () => false });
  for (const key of written) memory.remember(table.name, key, target.block);
}

interface TableInsert extends CommitTarget {
  readonly table: string;
  readonly columns: NativeColumns;
  /** Tells this block from others of the same second in the engine's log. */
  readonly key: bigint;
  /** Asks the table whether an attempt that failed had worked all the same. */
  readonly isThere: () => Promise<boolean>;
}

/** Inserts until it has worked or time is up. */
async function insertOnce({ engine, clock, log }: TableWriterOptions, insert: TableInsert): Promise<void> {
  const { table, columns, block, deadline, key, isThere } = insert;
  const encoded = encodeNativeBlock(columns);
  for (let attempt = 1; ; attempt += 1) {
    const queryId = `belay-${table}-${block}-${key.toString(16)}-${attempt}`;
    try {
      await engine.insertNative({ table, columns: Object.keys(columns), block: encoded, queryId });
      return;
    } catch (error) {
      const remaining = deadline - clock.now();
      if (remaining <= 0) throw error;
      log.debug({ err: error, table, attempt }, 'an insert is looked after');
      await delay(RETRY_MS);
      await engine.whenReady(remaining);
      await engine.requireDiskSpace();
      if (await isThere()) return;
    }
  }
}
