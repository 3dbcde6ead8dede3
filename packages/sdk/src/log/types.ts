import type { Logger } from 'pino';

/** How much is written: pino's levels, least first. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** What is written for one system. */
export interface SystemLogOptions {
  /** Lowest level that is written. Default: the level of {@link LogsOptions}. */
  readonly level?: LogLevel;
}

/** Where copies of the records are sent as OpenTelemetry logs. */
export interface ShipOptions {
  /** Address of Belay, e.g. `https://belay.example:4600`. Default: `BELAY_URL`. */
  readonly url?: string;
  /** Token with the scope `ingest`. Default: `BELAY_KEY`. */
  readonly key?: string;
}

/** Settings of {@link openLogs}. */
export interface LogsOptions {
  /** Folder of the files; made when missing. */
  readonly directory: string;
  /** Parts of the application that get a file of their own. Names: letters, digits, `-` and `_`, at most 64. */
  readonly systems: readonly string[] | Readonly<Record<string, SystemLogOptions>>;
  /** Name of the service in the records and in Belay. Default: `BELAY_SERVICE`, `OTEL_SERVICE_NAME`, npm's package name. */
  readonly service?: string;
  /** Lowest level that is written. Default `info`. */
  readonly level?: LogLevel;
  /** Days for which files are kept, 1 to 3650. Default 30. */
  readonly retentionDays?: number;
  /** Days for which audit files are kept, 1 to 36500. Default 400. */
  readonly auditRetentionDays?: number;
  /** Records from `error` on go into `errors.*.log` too. Default true. */
  readonly errorsFile?: boolean;
  /** Take secrets (passwords, tokens, keys, card numbers ...) out before anything is written. Default true. */
  readonly redact?: boolean;
  /** Send copies to Belay; `true` takes address and token from the environment. Default: where `BELAY_URL` is set. */
  readonly ship?: boolean | ShipOptions;
  /** Told what degrades the logs, each message once. Default: `process.emitWarning`. */
  readonly onWarning?: (message: string) => void;
}

/** What was done, by whom, to what: for the audit file. */
export interface AuditEvent {
  /** e.g. `role.granted`. */
  readonly action: string;
  /** Who did it. */
  readonly actor: string;
  /** What it was done to. */
  readonly target?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Records that could not be kept, by reason. */
export interface LostRecords {
  /** The file could not be written (e.g. a full disk) and its buffer was full. */
  readonly file: number;
  /** Belay could not be reached for long, or refused them. The files have them all the same. */
  readonly shipping: number;
}

/** Logs of one process, a file a system. */
export interface Logs {
  /**
   * The logger of a system: a pino logger, so everything pino offers is there.
   * @throws RangeError for a system that was not named in the options.
   */
  system(name: string): Logger;
  /** Writes one audit record; it is on disk (fsync) when the call returns, unless the disk refuses, which is told. */
  audit(event: AuditEvent): void;
  /**
   * Keeps every `console.*` print exactly as it is and adds a structured record to `system` (or to the system of
   * {@link Logs.within}). Returns how to stop.
   */
  captureConsole(system: string): () => void;
  /** Runs `work`; what it prints to a captured console belongs to `system`. */
  within<Result>(system: string, work: () => Result): Result;
  lost(): LostRecords;
  /** How often each rule took a secret out. */
  redacted(): Readonly<Record<string, number>>;
  /** Sends what waits for at most `deadlineMs` (default 2000), and closes the files. */
  close(deadlineMs?: number): Promise<void>;
}
