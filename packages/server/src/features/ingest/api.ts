import type { ErrorEvent } from '@belay/core/errors';
import type { Redactor } from '@belay/core/redaction';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { EngineLog } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { Series } from '../series/api.ts';
import type { RequestMark, TelemetryStore, WriteRequest } from '../telemetry/api.ts';
import type { SkewedClock } from './clock-watch.ts';
import type { DropAccount } from './drop-account.ts';

export interface IngestLimits {
  /** Largest body, before and after decompression. Default 64 MiB. */
  readonly bodyBytes: number;
  /** Bytes of requests being decoded or waiting to be stored; more is answered 503 with Retry-After. Default 256 MiB. */
  readonly waitingBytes: number;
}

export interface IngestOptions {
  readonly store: TelemetryStore;
  readonly series: Series;
  /** Labels that name the service of a series that Prometheus sends. Default `service`, `service_name`, `job`. */
  readonly serviceLabels?: readonly string[];
  readonly clock: { now(): number };
  readonly log: EngineLog;
  readonly limits?: Partial<IngestLimits>;
  /** Takes secrets out of what is stored. Default: all built-in rules. */
  readonly redactor?: Redactor;
  /** Counts what is sent and not stored. */
  readonly drops: Pick<DropAccount, 'add'>;
  /** Stores errors that a request tells together with it; without it they stay in spans and logs alone. */
  readonly errors?: ErrorsWriter;
  /** Rejects with `access.unauthenticated` or `access.forbidden` unless the request may ingest. */
  readonly requireIngestScope: (request: FastifyRequest) => Promise<void>;
}

/** What ingest needs from the errors feature. */
export interface ErrorsWriter {
  write(
    events: readonly ErrorEvent[],
    content: WriteRequest,
    write: { readonly project: string; readonly source: 'otlp'; readonly mark: RequestMark },
  ): Promise<{ readonly stored: 'stored' | 'duplicate' }>;
}

export interface IngestStats {
  /** Requests answered 200. */
  readonly accepted: number;
  /** Requests answered 4xx. */
  readonly refused: number;
  /** Requests answered 429 or 503. */
  readonly shed: number;
  /** Requests whose bytes had been stored before. */
  readonly duplicates: number;
  /** Rows stored but not judged, because the point was older than 120 s when it was sent. */
  readonly late: number;
  /** Spans, log records and data points refused within accepted requests. */
  readonly rejectedItems: number;
  /** How often each rule of redaction took something out, since the start. */
  readonly redacted: Readonly<Record<string, number>>;
}

/** The way in: `POST /v1/metrics`, `/v1/traces`, `/v1/logs` and Prometheus' `/api/v1/write`. */
export interface Ingest {
  readonly routes: FastifyPluginAsync;
  closedThrough(): number;
  /** Senders whose clock is more than a minute off, the farthest first. */
  skewedClocks(): readonly SkewedClock[];
  stats(): IngestStats;
  close(): Promise<void>;
}

export { createIngest } from './ingest.ts';
export { createReadingRoom, type ReadingRoom } from './reading-room.ts';
export { readBody } from './request-body.ts';
export { requestHash } from './request-hash.ts';
export { createDropAccount, type DropAccount, type DropCause, type DroppedRows } from './drop-account.ts';
export { dropCauseOf, sentryCauseOf, sumOf } from './drop-causes.ts';
export type { SkewedClock } from './clock-watch.ts';
