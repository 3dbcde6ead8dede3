import type { EvaluationContext, GuardedResult } from '@belay/core/flag';
import type { ActorView, FlagView, LiveEvent } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { Database } from '../../platform/sqlite/database.ts';
import type { FlagsForChanges } from '../changes/api.ts';
import { createFlagService } from './flag-service.ts';
import { createFlagStream } from './flag-stream.ts';
import { createFlagState } from './flag-state.ts';
import { createInstanceRegistry } from './instance-registry.ts';
import type { Propagation } from './instance-registry.ts';
import { ofrepRoutes } from './ofrep-routes.ts';
import { flagRoutes } from './routes.ts';

export interface FlagsOptions {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
  readonly bus: { publish(event: LiveEvent): void };
  /** Rollouts whose canary may be served now. Asked at every snapshot and lease; the loop that answers may come later. */
  readonly leasesGranted: (now: number) => readonly string[];
  /** Time of the newest stored outcome of an instance, Unix ms; null where unknown. */
  readonly lastOutcomeAt?: (service: string, instance: string) => number | null;
  /** When a unit last read the flag, Unix ms; null without a sign of it in the last hour. */
  readonly lastReadAt?: (flagKey: string) => Promise<number | null>;
  /** Period of leases on the stream in ms. Default 2000: well inside the shortest lease. */
  readonly leaseEveryMs?: number;
  /** Period of heartbeats where no lease is sent, in ms. Default 15 000. */
  readonly heartbeatMs?: number;
  /** OFREP evaluations per minute and token before 429. Default 60 000. */
  readonly ofrepPerMinute?: number;
}

/** Flags: their API, their stream to SDKs, OFREP, and the instances that serve them. */
export interface Flags extends FlagsForChanges {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  /** The variant that has this value, as text; undefined when the flag has none or is not known. */
  variantOf(flagKey: string, value: string): string | undefined;
  /** Revision of the whole flag state. */
  revision(): number;
  /** Serves the old path to everybody at once, rollout or not. Needs nothing but the flag store. */
  kill(key: string, by: { readonly actor: ActorView; readonly reason?: string | undefined }): Promise<FlagView>;
  /** Calls back after a kill has ended the overlay of a rollout; returns the way to stop. */
  onKilled(listener: (rolloutId: string, flagKey: string, reason: string | null) => void): () => void;
  /** Evaluates as an SDK with these leases would. */
  evaluate(key: string, context: EvaluationContext): GuardedResult;
  /** How long changes took to reach the instances. */
  propagation(): Propagation;
  close(): Promise<void>;
}

/** Reads the flag state and starts serving it. */
export async function createFlags(options: FlagsOptions): Promise<Flags> {
  const state = await createFlagState(options);
  const registry = createInstanceRegistry(options);
  const stream = createFlagStream({ ...options, state, registry });
  const service = createFlagService({ ...options, state, registry, stream });
  return {
    ...service,
    routes: async (app) => {
      flagRoutes(app, { service, state, registry, stream, lastReadAt: options.lastReadAt });
      await app.register(async (scoped) => ofrepRoutes(scoped, { ...options, state, stream, service }));
    },
    variantOf: (flagKey, value) => {
      const variants = state.current().flags.get(flagKey)?.definition.variants ?? {};
      if (Object.hasOwn(variants, value)) return value;
      return Object.entries(variants).find(([, held]) => String(held) === value)?.[0];
    },
    revision: () => state.current().revision,
    instances: () => registry.list(),
    onApplied: (listener) => registry.onApplied(listener),
    propagation: () => registry.propagation(),
    close: async () => stream.close(),
  };
}
