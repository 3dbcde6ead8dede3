import type { LiveEvent, ProbeResult } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { Database } from '../../platform/sqlite/database.ts';
import type { Care } from '../changes/api.ts';
import type { TelemetryStore } from '../telemetry/api.ts';
import type { ChecksLog } from './checks-context.ts';

export interface ChecksOptions {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly log: ChecksLog;
  readonly bus: { publish(event: LiveEvent): void };
  readonly write: TelemetryStore['write'];
  /** Name of this machine. */
  readonly instance: string;
  /** Runs a golden path of belay.yaml; undefined where there is none of that name. */
  readonly runProbe: (name: string) => Promise<ProbeResult> | undefined;
  /** How often it is looked who is silent and what is to be told. Default 10 s. */
  readonly periodMs?: number;
}

/** What checks of all processes and golden paths say. */
export interface Checks {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  start(): void;
  /** Takes the run of a golden path in. */
  takeProbe(probe: ProbeRun): Promise<void>;
  /** Forgets golden paths that are not written in belay.yaml any more. */
  /** What checks say on the first screen. */
  care(): Promise<Care>;
  keepProbes(probes: readonly { readonly name: string; readonly service: string }[]): Promise<void>;
  /** One round at once: silence, incidents, messages. */
  round(): Promise<void>;
  close(): Promise<void>;
}

/** A golden path with its run. */
export interface ProbeRun {
  readonly name: string;
  readonly title: string;
  readonly service: string;
  readonly everyMs: number;
  readonly dependsOn: readonly string[];
  readonly result: ProbeResult;
}

export { createProbeRunner, type ProbeRunner } from './probes/probe-runner.ts';
export { resolveProbe } from './probes/resolve-probe.ts';
export { runProbe } from './probes/run-probe.ts';
export type { Probe } from './probes/probe-types.ts';
export { createChecks } from './checks.ts';
export { PASSING_METRIC, probeSignals } from './check-signals.ts';
