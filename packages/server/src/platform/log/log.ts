import { pino } from 'pino';

/** Structured log: facts first, then a constant message. `error`: someone must act; `warn`: degraded; `info`: news. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  /** The same log with facts in every line. */
  child(facts: Record<string, unknown>): Log;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

interface LogOptions {
  readonly level: LogLevel;
  /** File descriptor; default 2, because stdout carries only answers. */
  readonly descriptor?: number;
}

export function createLog({ level, descriptor = 2 }: LogOptions): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['token', 'secret', 'authorization', 'cookie', '*.token', '*.secret'], censor: '(hidden)' },
    },
    pino.destination({ fd: descriptor, sync: true }),
  );
}
