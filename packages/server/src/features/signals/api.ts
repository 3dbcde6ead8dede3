import type { LiveEvent, OverviewView, SignalInput } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import type { SignalCard } from '../changes/api.ts';
import type { TelemetryReader } from '../telemetry/api.ts';
import type { SignalDefaults } from './resolve-signal.ts';
import type { SignalsLog } from './signals-context.ts';

export interface SignalsOptions {
  readonly db: Database;
  readonly engine: TelemetryEngine;
  readonly reader: TelemetryReader;
  readonly clock: { now(): number };
  readonly log: SignalsLog;
  readonly bus: { publish(event: LiveEvent): void };
  /** Signals that belay.yaml defines, by id; checked. */
  readonly written: Readonly<Record<string, SignalInput>>;
  readonly defaults: SignalDefaults;
  readonly hasStarterSet: boolean;
  /** How often it is looked whether a slot of five minutes is complete. Default 15 s. */
  readonly periodMs?: number;
}

/** Named numbers over time, what is usual for each, and what deviates. */
export interface Signals {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  /** Takes the signals of belay.yaml over, and evaluates from then on. */
  start(): Promise<void>;
  /** One round at once: new services, new values, alarms, verdicts on changes. */
  evaluate(): Promise<void>;
  overviewCards(): Promise<ReadonlyMap<OverviewView['signals'][number]['id'], SignalCard>>;
  close(): Promise<void>;
}

export { createSignals } from './signals.ts';
export { resolveSignal, type SignalDefaults } from './resolve-signal.ts';
export { SELF_SERVICE, type SelfSignal, selfSignals } from './self-signals.ts';
