import type { ClickHouseClient } from '@clickhouse/client';

/** `starting`: not yet or again opening; `ready`: answers queries; `down`: failing to start; `closed`: for good. */
export type EngineStatus = 'starting' | 'ready' | 'down' | 'closed';

/** What a colleague of the engine logs through; pino's loggers fit. */
export interface EngineLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface TelemetryEngineOptions {
  /** Folder of the embedded engine: data, socket and spool live below it. */
  readonly dataDir: string;
  readonly log: EngineLog;
  readonly clock: { now(): number };
  /** BELAY_CLICKHOUSE_URL: use this server instead of the embedded engine. */
  readonly url?: string;
  /** Memory the embedded engine may use for queries and merges. Default 1 GiB. */
  readonly memoryLimitBytes?: number;
  /** Refuse to store below this much free disk. Default max(1 GiB, min(5% of the disk, 10 GiB)). */
  readonly minFreeDiskBytes?: number;
}

/** One block of rows in ClickHouse's Native format. */
export interface NativeInsert {
  readonly table: string;
  readonly columns: readonly string[];
  readonly block: Uint8Array;
  readonly queryId: string;
}

/** The engine that stores telemetry: embedded in a supervised child process, or a ClickHouse server. */
export interface TelemetryEngine {
  /** The official client; reads go through it. Never rely on its abort signals: the query runs on. */
  readonly client: ClickHouseClient;
  /** True when a ClickHouse server is used instead of the embedded engine. */
  readonly isRemote: boolean;
  /** Memory of the embedded engine; null where a server decides itself. */
  readonly memoryLimitBytes: number | null;
  status(): EngineStatus;
  /** Counts the times the engine came up; a changed number means that queries in flight have ended for good. */
  epoch(): number;
  /** Resolves as soon as the engine answers; rejects with `telemetry.unavailable` at the deadline or when closed. */
  whenReady(timeoutMs: number): Promise<void>;
  /**
   * Resolves once the block is on disk, as a whole. A rejection means that the insert has ended for good, but not
   * whether it took effect: ask the table.
   */
  insertNative(insert: NativeInsert): Promise<void>;
  /** Free disk below which nothing is stored; the tables are told too. */
  minFreeDiskBytes(): Promise<number>;
  /** The disk of the embedded engine; null where a server has its own. */
  disk(): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | null>;
  /** Rejects with `storage.full` when the disk guard is closed. */
  requireDiskSpace(): Promise<void>;
  /** Process id of the embedded engine, for tests and the status page. */
  pid(): number | undefined;
  close(): Promise<void>;
}
