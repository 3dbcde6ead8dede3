import path from 'node:path';
import { policySentences } from '@belay/core/rollout';
import type { LoadedConfig } from '../config.ts';
import { validateConfig } from '../config.ts';
import type { Changes } from '../features/changes/api.ts';
import { createHealth } from '../features/health/api.ts';
import { selfChecks } from '../features/health/self-checks.ts';
import { createLive } from '../features/live/api.ts';
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
}

/** Health, the live stream and the configuration: what Belay tells of itself. */
export function createSelfWatch({ loaded, log, clock, db, bus, engine, telemetry, ingest, changes }: SelfWatchOptions) {
  const { server, policy } = loaded.config;
  const dataAgeMs = (): number | null => ageOf(clock.now(), telemetry.stats().lastCommitAt);
  const live = createLive({ bus, clock, log, dataAgeMs });
  let isServing = true;
  const health = createHealth({
    version,
    startedAt: clock.now(),
    isServing: () => isServing,
    streams: () => live.streams(),
    facts: () => ({
      loop: changes.loop.status(),
      ingest: ingest.stats(),
      policy: { profile: policy.profile, sentences: [...policySentences(policy)] },
    }),
    checks: selfChecks({
      clock,
      dataDir: server.dataDir,
      dataAgeMs,
      queryControlPlane: () => db.selectFrom('meta').select('key').limit(1).execute(),
      telemetryState: () => engine.status(),
      lastTickAt: () => changes.loop.status().lastTickAt,
    }),
  });
  const settings = createSettings({
    version,
    explained: loaded.explained,
    errorsPage: ERRORS_PAGE,
    validate: validateConfig,
  });
  return {
    features: [health, live, settings],
    endStreams: () => {
      isServing = false;
      live.close();
    },
  };
}

function ageOf(now: number, at: number | null): number | null {
  return at === null ? null : Math.max(0, now - at);
}
