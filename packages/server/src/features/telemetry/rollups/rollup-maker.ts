import { setTimeout as delay } from 'node:timers/promises';
import type { EngineLog, TelemetryEngine } from '../../../platform/clickhouse/telemetry-engine-types.ts';
import type { RollupTableName } from '../tables/rollup-tables.ts';
import { rollupFamilies, type RollupFamily, type RollupTier } from './rollup-families.ts';
import { loadMarks, saveMark } from './rollup-marks.ts';

export interface RollupMakerOptions {
  readonly engine: TelemetryEngine;
  readonly log: EngineLog;
  readonly whenPrepared: () => Promise<void>;
  /** Newest second of arrival of which no more rows can come. */
  readonly closedThrough: () => number;
  /** Longest stretch of arrival that is summed up at once, when there is much to catch up on. Default an hour. */
  readonly mostSeconds?: number;
}

/** Everything that arrived before this Unix second is in the rollup; 0 before the first chunk. */
export type RollupMarks = ReadonlyMap<RollupTableName, number>;

/** Sums up what has arrived, stretch by stretch; each row is in each rollup exactly once, whatever crashes. */
export interface RollupMaker {
  marks(): RollupMarks;
  /** Brings every rollup as far as it can come now. Runs one at a time. */
  run(): Promise<void>;
}

/** After a long pause chunks are larger: the fewer, the quicker. */
const MOST_SECONDS = 3600;
const DAY = 86_400;
const SETTLE_MS = 100;
export const UPKEEP_SECONDS = 600;

export function createRollupMaker(options: RollupMakerOptions): RollupMaker {
  const marks = new Map<RollupTableName, number>();
  const state = { isKnown: false, epoch: -1, running: undefined as Promise<void> | undefined };
  const advance = async (): Promise<void> => {
    await options.whenPrepared();
    if (!state.isKnown || state.epoch !== options.engine.epoch()) {
      for (const [name, through] of await loadMarks(options.engine.client)) marks.set(name, through);
      state.isKnown = true;
      state.epoch = options.engine.epoch();
    }
    for (const family of rollupFamilies) {
      for (const [index, tier] of family.tiers.entries()) {
        const finer = family.tiers[index - 1];
        const closed = finer === undefined ? options.closedThrough() + 1 : (marks.get(finer.table) ?? 0);
        await advanceTier({ options, marks, family, tier, closed });
      }
    }
  };
  return {
    marks: () => marks,
    run() {
      state.running ??= advance().finally(() => (state.running = undefined));
      return state.running;
    },
  };
}

interface Advancing {
  readonly options: RollupMakerOptions;
  readonly marks: Map<RollupTableName, number>;
  readonly family: RollupFamily;
  readonly tier: RollupTier;
  /** Unix second before which the source is complete. */
  readonly closed: number;
}

async function advanceTier(advancing: Advancing): Promise<void> {
  const { options, marks, tier, closed } = advancing;
  const { client } = options.engine;
  for (;;) {
    const mark = marks.get(tier.table) ?? 0;
    const from = Math.max(mark, await firstChunkAt(advancing, mark));
    // Without rows there is nothing to sum up, but the mark must not stand still: readers read from there on.
    const most = Math.max(options.mostSeconds ?? MOST_SECONDS, tier.chunkSeconds);
    const end = Math.min(from + wholeChunks(Math.min(closed, from + most) - from, tier.chunkSeconds), dayAfter(from));
    if (end <= from) {
      const idle = Math.floor(closed / tier.chunkSeconds) * tier.chunkSeconds;
      if (idle > mark && from >= idle) {
        await saveMark(client, tier.table, idle);
        marks.set(tier.table, idle);
      }
      return;
    }
    await makeChunk(advancing, from, end);
    await saveMark(client, tier.table, end);
    marks.set(tier.table, end);
  }
}

function wholeChunks(seconds: number, chunkSeconds: number): number {
  return Math.floor(seconds / chunkSeconds) * chunkSeconds;
}

/** A chunk lies in one partition. */
function dayAfter(second: number): number {
  return (Math.floor(second / DAY) + 1) * DAY;
}

/** Where the next rows are; far in the future when there are none. */
async function firstChunkAt({ options, tier }: Advancing, mark: number): Promise<number> {
  const result = await options.engine.client.query({
    query: `SELECT count() AS rows, toUnixTimestamp(min(_in)) AS second FROM ${tier.source} WHERE _in >= toDateTime({mark:UInt32}, 'UTC')`,
    query_params: { mark },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ rows: number; second: number }>();
  if (row === undefined || row.rows === 0) return Number.MAX_SAFE_INTEGER;
  return Math.floor(row.second / tier.chunkSeconds) * tier.chunkSeconds;
}

/**
 * Sums up one stretch of arrival. What an attempt that crashed has left of it is taken away first: the mark moves only
 * after the chunk is there, and everything at or after the mark belongs to no finished chunk.
 */
async function makeChunk({ options, family, tier }: Advancing, from: number, end: number): Promise<void> {
  const { client } = options.engine;
  await whenQuiet(options, tier.table);
  const left = await client.query({
    query: `SELECT count() AS rows FROM ${tier.table} WHERE _in >= toDateTime({from:UInt32}, 'UTC')`,
    query_params: { from },
    format: 'JSONEachRow',
  });
  const [row] = await left.json<{ rows: number }>();
  if ((row?.rows ?? 0) > 0) {
    await client.command({
      query: `ALTER TABLE ${tier.table} DELETE WHERE _in >= toDateTime({from:UInt32}, 'UTC')`,
      query_params: { from },
      clickhouse_settings: { mutations_sync: '1', max_execution_time: UPKEEP_SECONDS },
    });
  }
  const where = `_in >= toDateTime(${from}, 'UTC') AND _in < toDateTime(${end}, 'UTC')`;
  const select = isFirst(family, tier) ? family.fromRows : family.fromRollup;
  await client.command({
    query: insertInto(
      tier.table,
      family,
      from,
      select({ source: tier.source, bucketSeconds: tier.bucketSeconds, where }),
    ),
    query_id: `belay-rollup-${tier.table}-${from}-${Date.now()}`,
    clickhouse_settings: { max_execution_time: UPKEEP_SECONDS, max_threads: 1 },
  });
}

function isFirst(family: RollupFamily, tier: RollupTier): boolean {
  return family.tiers[0] === tier;
}

/** An INSERT of sums that all carry the second in which their stretch of arrival began. */
export function insertInto(table: string, family: RollupFamily, second: number, select: string): string {
  const columns = family.columns.join(', ');
  return `INSERT INTO ${table} (_in, ${columns}) SELECT toDateTime(${second}, 'UTC') AS _in, ${columns} FROM (${select})`;
}

/** An attempt that was given up may go on in the engine. */
async function whenQuiet({ engine }: RollupMakerOptions, table: string): Promise<void> {
  for (;;) {
    const result = await engine.client.query({
      query: `SELECT count() AS running FROM system.processes
        WHERE startsWith(query_id, {id:String}) OR startsWith(Settings['log_comment'], {id:String})`,
      query_params: { id: `belay-rollup-${table}-` },
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ running: number }>();
    if ((row?.running ?? 0) === 0) return;
    await delay(SETTLE_MS);
  }
}
