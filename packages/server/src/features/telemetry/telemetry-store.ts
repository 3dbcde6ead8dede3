import { setTimeout as delay } from 'node:timers/promises';
import { BelayError, invariant } from '@belay/core';
import type { EngineLog, TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { TelemetryStore } from './api.ts';
import { readBlocks } from './block-reader.ts';
import { createCommitWriter } from './commit-writer.ts';
import { createRollupMaker } from './rollups/rollup-maker.ts';
import { allTables } from './tables/table-registry.ts';
import { createTelemetryReader } from './telemetry-reader.ts';
import { readBaseline, readLastSeen, readServiceSeries, seriesOfBlocks } from './series-reader.ts';

export interface TelemetryStoreOptions {
  readonly engine: TelemetryEngine;
  readonly clock: { now(): number };
  readonly log: EngineLog;
  /** Newest second that was ever judged: no block gets a second at or before it, even if the clock was set back. */
  readonly notBeforeSecond?: number;
}

const READY_MS = 5_000;
/** A screen or a round of the guards that waits longer is better told that there is no answer. */
const READ_MS = 20_000;

/** The store of telemetry on a ClickHouse engine. */
export function createTelemetryStore(options: TelemetryStoreOptions): TelemetryStore {
  const { engine } = options;
  const writer = createCommitWriter(options);
  /** Reads wait for tables and for an engine that is just coming back, and fail as `telemetry.unavailable`. */
  const read = async <Result>(query: () => Promise<Result>): Promise<Result> => {
    await engine.whenReady(READY_MS);
    await writer.whenPrepared();
    try {
      return await inTime(query());
    } catch (cause) {
      throw new BelayError('telemetry.unavailable', 'The telemetry store could not answer.', {
        hint: 'It is asked again; if this lasts, see the log of the telemetry engine.',
        retryAfterSeconds: 1,
        cause,
      });
    }
  };
  return {
    reader: createTelemetryReader({
      engine,
      whenPrepared: writer.whenPrepared,
      log: options.log,
      tables: () => allTables.map(({ name }) => name),
    }),
    rollups: createRollupMaker({
      engine,
      log: options.log,
      whenPrepared: writer.whenPrepared,
      closedThrough: writer.closedThrough,
    }),
    write: writer.write,
    closedThrough: writer.closedThrough,
    stats: writer.stats,
    close: writer.close,
    readBlocksForAll(queries, throughSecond) {
      invariant(throughSecond <= writer.closedThrough(), `second ${throughSecond} is still open`);
      return read(() => readBlocks(engine.client, queries, throughSecond));
    },
    async readBlocks(query, throughSecond) {
      invariant(throughSecond <= writer.closedThrough(), `second ${throughSecond} is still open`);
      const blocks = await read(() => readBlocks(engine.client, [query], throughSecond));
      return blocks.get(query.rolloutId) ?? [];
    },
    async readRolloutSeries(query) {
      const blocks = await read(() => readBlocks(engine.client, [query], query.throughSecond));
      return seriesOfBlocks(blocks.get(query.rolloutId) ?? [], query.stepSeconds);
    },
    readServiceSeries: (query) => read(() => readServiceSeries(engine.client, query)),
    readBaseline: (query) => read(() => readBaseline(engine.client, query)),
    lastSeen: (query) => read(() => readLastSeen(engine.client, query)),
  };
}

async function inTime<Result>(query: Promise<Result>): Promise<Result> {
  const timer = new AbortController();
  const late = delay(READ_MS, undefined, { signal: timer.signal }).then(() => {
    throw new BelayError('telemetry.unavailable', `The telemetry store gave no answer within ${READ_MS} ms.`);
  });
  try {
    return await Promise.race([query, late]);
  } finally {
    timer.abort();
  }
}
