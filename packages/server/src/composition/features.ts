import { invariant } from '@belay/core';
import type { FastifyInstance } from 'fastify';
import { createAccess } from '../features/access/api.ts';
import { createChanges } from '../features/changes/api.ts';
import type { Errors } from '../features/errors/api.ts';
import { createFlags } from '../features/flags/api.ts';
import { createPromql } from '../features/promql/api.ts';
import { createOutcomeTimes } from '../features/telemetry/outcome-times.ts';
import type { Bus } from '../platform/bus/bus.ts';
import type { Database } from '../platform/sqlite/database.ts';
import { version } from '../version.ts';
import { openChecks } from './checks.ts';
import { careFrom } from './care.ts';
import type { Composing } from './composing.ts';
import { openErrors } from './errors.ts';
import { createExplore } from './explore.ts';
import { openSafety } from './safety.ts';
import { openInvariants } from './invariants.ts';
import { createSelfWatch } from './self-watch.ts';
import { openSignals } from './signals.ts';
import type { SelfWatchOptions } from './self-watch.ts';
import { openTelemetry } from './telemetry.ts';
import { createUpkeep } from './upkeep.ts';

/** Every feature of the server, wired to the ones it needs. */
export async function createFeatures(composing: Composing, db: Database, bus: Bus) {
  const { loaded, log, opened, clock } = composing;
  const { server, policy, secrets } = loaded.config;
  const isSecure = server.publicUrl?.startsWith('https:') ?? false;
  const access = await createAccess({ db, bus, log, clock, dataDir: server.dataDir, secrets, isSecure });
  opened.add(() => access.close());
  // Errors follow from rollouts and flags, which need telemetry first; no request comes in before all are there.
  const later: { errors?: Errors } = {};
  const watched = await openTelemetry(composing, db, { writer: () => present(later.errors).writer });
  const { telemetry, series, ingest } = watched;
  const times = openOutcomeTimes(composing, telemetry);
  // Leases follow from the guards, which need the flags first: until the guards run, none is granted.
  let leasesGranted: (now: number) => readonly string[] = () => [];
  const flags = await createFlags({
    db,
    clock,
    log,
    bus,
    leasesGranted: (now) => leasesGranted(now),
    lastOutcomeAt: times.lastOutcomeAt,
    lastReadAt: lastReadOf({ telemetry, clock, log }),
  });
  opened.add(() => flags.close());
  const signals = openSignals(composing, { db, bus, ...watched });
  const checks = openChecks(composing, { db, bus, ...watched });
  const safety = await openSafety(composing, db);
  const invariants = await openInvariants(composing, db, bus);
  const beside = { ...invariants.gate, outsideGuards: checks.guarding, signalCards: signals.overviewCards };
  const careOf = careFrom([checks.care, safety.care]);
  const changes = createChanges({ db, clock, log, flags, telemetry, policy, bus, careOf, ...beside });
  opened.add(() => changes.close());
  leasesGranted = (now) => changes.leasesGranted(now);
  const promql = createPromql({ reader: telemetry.reader, clock, version });
  const upkeep = createUpkeep(composing, db, watched);
  const errors = await openErrors(composing, { db, bus, telemetry, drops: watched.drops, access, flags });
  later.errors = errors;
  const watch = createSelfWatch({ loaded, log, clock, db, bus, changes, safety, ...watched });
  opened.add(() => watch.close());
  const explore = createExplore(composing, db, telemetry);
  const own = [access, ...watch.features, flags, signals, checks, changes, errors];
  const routed = [...own, promql, ...explore.features, upkeep, safety, invariants];
  return {
    access,
    routes: [
      async (app: FastifyInstance) => series.routes(app, {}),
      ...routed.map(({ routes }) => routes),
      async (app: FastifyInstance) => ingest.routes(app, {}),
    ],
    start: async () => {
      await changes.loop.start();
      await signals.start();
      await checks.start();
      await safety.start();
    },
    endStreams: async () => {
      watch.endStreams();
      explore.endStreams();
      await flags.close();
    },
  };
}

function openOutcomeTimes({ clock, log, opened }: Composing, telemetry: SelfWatchOptions['telemetry']) {
  const onError = (err: unknown): void => log.warn({ err }, 'times of the last outcomes could not be read');
  const times = createOutcomeTimes({ telemetry, clock, onError });
  opened.add(() => times.close());
  return times;
}

function present(errors: Errors | undefined): Errors {
  invariant(errors !== undefined, 'no request comes in before every feature is there');
  return errors;
}

/** A page of a flag is worth more without this time than not at all, so a failure of the store only costs the time. */
function lastReadOf({ telemetry, clock, log }: Pick<SelfWatchOptions, 'telemetry' | 'clock' | 'log'>) {
  return async (flagKey: string): Promise<number | null> => {
    try {
      const seen = await telemetry.lastSeen({ flagKey, sinceMs: clock.now() - HOUR_MS });
      const times = seen.flatMap(({ outcomeAt }) => (outcomeAt === null ? [] : [outcomeAt]));
      return times.length === 0 ? null : Math.max(...times);
    } catch (error) {
      log.warn({ err: error, flagKey }, 'when a flag was last read is not known');
      return null;
    }
  };
}

const HOUR_MS = 3_600_000;
