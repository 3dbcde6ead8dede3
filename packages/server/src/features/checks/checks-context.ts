import type { LiveEvent } from '@belay/protocol';
import type { Database } from '../../platform/sqlite/database.ts';

export interface ChecksLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** What every part of this feature works with. */
export interface ChecksContext {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly log: ChecksLog;
  readonly bus: { publish(event: LiveEvent): void };
  /** Since when this process has looked without a pause: nobody can have been silent to somebody who was away. */
  watchedSince: number;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
