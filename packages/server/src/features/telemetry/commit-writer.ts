import { setTimeout as delay } from 'node:timers/promises';
import { BelayError, isBelayError } from '@belay/core';
import type { EngineLog, TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { RequestMark, TelemetryStats } from './api.ts';
import { createBlockClock } from './block-clock.ts';
import { createCommitQueue, type WaitingRequest } from './commit-queue.ts';
import { createTableWriter } from './table-writer.ts';
import { rowsOf, type WriteRequest } from './tables/row-set.ts';

export interface CommitWriterOptions {
  readonly engine: TelemetryEngine;
  readonly clock: { now(): number };
  readonly log: EngineLog;
  /** No block gets a second at or before this one, whatever the clock says. */
  readonly notBeforeSecond?: number;
}

/** Collects requests into commits; see docs/adr/0009-blocks-close-by-arrival.md. */
export interface CommitWriter {
  write(content: WriteRequest, mark: RequestMark): Promise<'stored' | 'duplicate'>;
  closedThrough(): number;
  /** Resolves when the tables exist. */
  whenPrepared(): Promise<void>;
  stats(): TelemetryStats;
  close(): Promise<void>;
}

/** Exporters wait ten seconds for an answer and do not repeat after a time-out, so the answer comes well before. */
const GIVE_UP_MS = 6_000;
const ANSWER_MS = 8_000;

export function createCommitWriter(options: CommitWriterOptions): CommitWriter {
  const { engine, clock, log } = options;
  const blocks = createBlockClock({ clock, notBeforeSecond: options.notBeforeSecond ?? 0 });
  const tables = createTableWriter(options);
  const state = { isClosed: false };
  const counts = { rowsStored: 0, commits: 0, commitFailures: 0, duplicates: 0, lateRows: 0 };
  let lastCommitAt: number | null = null;

  const commit = async (requests: readonly WaitingRequest[]): Promise<void> => {
    const deadline = clock.now() + GIVE_UP_MS;
    try {
      await engine.requireDiskSpace();
      await engine.whenReady(GIVE_UP_MS);
      const newest = await tables.refresh();
      const stored = await blocks.during(newest, (block) => tables.write(requests, { block, deadline }));
      counts.rowsStored += stored.rows;
      counts.lateRows += stored.late;
      counts.commits += 1;
      lastCommitAt = clock.now();
    } catch (error) {
      counts.commitFailures += 1;
      tables.doubt();
      log.warn({ err: error, requests: requests.length }, 'telemetry could not be stored');
      throw asUnavailable(error);
    }
  };
  const queue = createCommitQueue({ commit, now: () => performance.now() });

  return {
    async write(content, mark) {
      if (rowsOf(content) === 0) return 'stored';
      if (state.isClosed) throw asUnavailable(undefined);
      const same = queue.find(mark.hash);
      if (same === undefined && !tables.isStored({ content, hash: mark.hash })) {
        await inTime(queue.add({ content, ...mark }));
        return 'stored';
      }
      if (same !== undefined) await inTime(same.done.promise);
      counts.duplicates += 1;
      return 'duplicate';
    },
    closedThrough: () => blocks.closedThrough(),
    whenPrepared: () => tables.prepare(),
    stats: () => ({ ...counts, waitingBytes: queue.waitingBytes(), lastCommitAt }),
    close() {
      state.isClosed = true;
      return queue.drain();
    },
  };
}

/** Storing may go on behind an answer that nobody would wait for; the same bytes sent again are then recognised. */
async function inTime(stored: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = delay(ANSWER_MS, 'late' as const, { signal: timer.signal });
  try {
    if ((await Promise.race([stored, late])) === 'late') throw asUnavailable(undefined);
  } finally {
    timer.abort();
  }
}

function asUnavailable(error: unknown): BelayError {
  if (isBelayError(error) && error.status === 503) return error;
  return new BelayError('telemetry.unavailable', 'The telemetry could not be stored now.', {
    hint: 'Send the same bytes again; what had been stored already is recognised.',
    retryAfterSeconds: 1,
    cause: error,
  });
}
