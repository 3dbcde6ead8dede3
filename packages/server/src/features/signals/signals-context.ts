import type { LiveEvent } from '@belay/protocol';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import type { TelemetryReader } from '../telemetry/api.ts';
import type { SignalDefaults } from './resolve-signal.ts';
import type { SignalPoints } from './signal-points.ts';

export interface SignalsLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** What every part of this feature works with. */
export interface SignalsContext {
  readonly db: Database;
  readonly engine: TelemetryEngine;
  readonly reader: TelemetryReader;
  readonly points: SignalPoints;
  readonly clock: { now(): number };
  readonly log: SignalsLog;
  readonly bus: { publish(event: LiveEvent): void };
  readonly defaults: SignalDefaults;
  /** Whether signals appear by themselves for each service seen. */
  readonly hasStarterSet: boolean;
  /** Runs one piece of work at a time: evaluation, and people who change what is evaluated. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
}

export const SLOT_MS = 300_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
