import os from 'node:os';
import path from 'node:path';
import { policySentences } from '@belay/core/rollout';
import type { LoadedConfig } from '../config.ts';
import { validateConfig } from '../config.ts';
import type { Changes } from '../features/changes/api.ts';
import { createHealth } from '../features/health/api.ts';
import { createSelfMeasures } from '../features/health/self-measures.ts';
import { createSelfMeter } from '../features/health/self-readings.ts';
import { createSelfRecorder } from '../features/health/self-recorder.ts';
import { selfChecks } from '../features/health/self-checks.ts';
import { createLive } from '../features/live/api.ts';
import { quarantinedParts } from '../features/storage/api.ts';
import { backupsCheck, type Safety, safetyMetrics } from '../features/safety/api.ts';
import { createSettings } from '../features/settings/api.ts';
import type { Bus } from '../platform/bus/bus.ts';
import type { Clock } from '../platform/clock/clock.ts';
import type { Log } from '../platform/log/log.ts';
import type { Database } from '../platform/sqlite/database.ts';
import { version } from '../version.ts';
import type { Telemetry } from './telemetry.ts';

const ERRORS_PAGE = path.resolve(import.meta.dirname, '../../../../docs/reference/errors.md');

export interface SelfWatchOptions extends Telemetry {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly db: Database;
  readonly bus: Bus;
  readonly changes: Changes;
  readonly safety: Safety;
}

/** Health, the live stream and the configuration: what Belay tells of itself. */
export function createSelfWatch(options: SelfWatchOptions) {
  const { loaded, log, clock, bus, measured } = options;
  const dataAgeMs = (): number | null => ageOf(clock.now(), measured.lastStoredAt());
  const live = createLive({ bus, clock, log, dataAgeMs });
  const { health, close, stopServing } = createSelfHealth(options, { dataAgeMs, streams: () => live.streams() });
  const settings = createSettings({
    version,
    explained: loaded.explained,
    errorsPage: ERRORS_PAGE,
    validate: validateConfig,
  });
  return {
    features: [health, live, settings],
    close,
    endStreams: () => {
      stopServing();
      live.close();
    },
  };
}

interface SelfFacts {
  readonly dataAgeMs: () => number | null;
  readonly streams: () => number;
}

/** Checks and measures of Belay itself, and the recorder that stores them. */
function createSelfHealth(options: SelfWatchOptions, { dataAgeMs, streams }: SelfFacts) {
  const { loaded, log, clock, db, engine, telemetry, measured, ingest, drops, changes } = options;
  const { server, policy } = loaded.config;
  const meter = createSelfMeter(() => engine.pid());
  let isServing = true;
  const health = createHealth({
    version,
    startedAt: clock.now(),
    isServing: () => isServing,
    measure: createSelfMeasures({
      meter,
      telemetry,
      measured,
      streams,
      dropped: drops.byCause,
      dataDir: server.dataDir,
      onError: (err) => log.debug({ err }, 'the size of the telemetry store is not known'),
    }),
    facts: () => ({
      loop: changes.loop.status(),
      ingest: ingest.stats(),
      policy: { profile: policy.profile, sentences: [...policySentences(policy)] },
    }),
    further: async () => safetyMetrics(await options.safety.recentView()),
    checks: [
      backupsCheck({ view: options.safety.recentView, clock, startedAt: clock.now() }),
      ...selfChecks({
        clock,
        dataDir: server.dataDir,
        dataAgeMs,
        queryControlPlane: () => db.selectFrom('meta').select('key').limit(1).execute(),
        telemetryState: () => engine.status(),
        lastTickAt: () => changes.loop.status().lastTickAt,
        skewedClocks: ingest.skewedClocks,
        acknowledging: () => measured.acknowledging.quantiles(),
        lostParts: () => quarantinedParts(db),
      }),
    ],
  });
  const recorder = createSelfRecorder({
    metrics: health.metrics,
    write: telemetry.write,
    clock,
    instance: os.hostname(),
    onError: (err) => log.debug({ err }, 'what Belay measured of itself could not be stored'),
  });
  return {
    health,
    stopServing: () => {
      isServing = false;
    },
    close: async () => {
      await recorder.close();
      meter.close();
    },
  };
}

function ageOf(now: number, at: number | null): number | null {
  return at === null ? null : Math.max(0, now - at);
}
