import { ClickHouseError } from '@clickhouse/client';
import { BelayError } from '@belay/core';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';

export interface ReadOptions {
  /** What is read, for messages and the engine's log, e.g. `logs.search`. */
  readonly name: string;
  /** Values of `{name:Type}` placeholders; never write a value into the query's text. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Default 10 s. */
  readonly deadlineMs?: number;
  /** Rows that the query may read; more is refused as `telemetry.too-wide`. Default 500 million. */
  readonly maxRowsRead?: number;
  /** Ends the query in the engine, too. */
  readonly signal?: AbortSignal;
}

/** The one way in which features read telemetry: every query has a deadline, a bound on what it reads, and a name. */
export interface TelemetryReader {
  /** Rows of a SELECT; 64-bit integers come as numbers. Rejects with `telemetry.*` errors. */
  rows<Row>(query: string, options: ReadOptions): Promise<Row[]>;
}

const DEADLINE_MS = 10_000;
const ROWS_READ = 500_000_000;
const READY_MS = 5_000;
/** TOO_MANY_ROWS, TIMEOUT_EXCEEDED, TOO_SLOW, TOO_MANY_BYTES, MEMORY_LIMIT_EXCEEDED: the question was too big. */
const TOO_WIDE = new Set(['158', '159', '160', '307', '241', '396']);

export function createTelemetryReader(options: {
  readonly engine: TelemetryEngine;
  readonly whenPrepared: () => Promise<void>;
}): TelemetryReader {
  const { engine, whenPrepared } = options;
  return {
    async rows<Row>(query: string, read: ReadOptions): Promise<Row[]> {
      await engine.whenReady(READY_MS);
      await whenPrepared();
      read.signal?.throwIfAborted();
      try {
        const result = await engine.client.query({
          query,
          query_params: { ...read.parameters },
          format: 'JSONEachRow',
          ...(read.signal === undefined ? {} : { abort_signal: read.signal }),
          clickhouse_settings: {
            max_execution_time: Math.ceil((read.deadlineMs ?? DEADLINE_MS) / 1000),
            max_rows_to_read: String(read.maxRowsRead ?? ROWS_READ),
          },
        });
        return await result.json<Row>();
      } catch (error) {
        read.signal?.throwIfAborted();
        throw failureOf(error, read.name);
      }
    },
  };
}

function failureOf(cause: unknown, name: string): BelayError {
  if (cause instanceof ClickHouseError && TOO_WIDE.has(cause.code)) {
    return new BelayError('telemetry.too-wide', `The question (${name}) would read more than is allowed at once.`, {
      hint: 'Ask for a shorter time, one service, or a narrower filter.',
      cause,
    });
  }
  return new BelayError('telemetry.unavailable', `The telemetry store could not answer (${name}).`, {
    hint: 'It is asked again; if this lasts, see the log of the telemetry engine.',
    retryAfterSeconds: 1,
    cause,
  });
}
