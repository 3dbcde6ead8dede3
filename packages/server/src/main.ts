import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { BelayError, isBelayError } from '@belay/core';
import { policySentences } from '@belay/core/rollout';
import type { FastifyInstance } from 'fastify';
import { loadConfig, validateConfig } from './config.ts';
import type { Config, LoadedConfig } from './config.ts';
import type { Environment } from './config/read-yaml.ts';
import { createAccess } from './features/access/api.ts';
import { createChanges, newestJudgedSecond } from './features/changes/api.ts';
import type { Changes } from './features/changes/api.ts';
import { createFlags } from './features/flags/api.ts';
import { createHealth } from './features/health/api.ts';
import { selfChecks } from './features/health/self-checks.ts';
import { createIngest } from './features/ingest/api.ts';
import type { Ingest } from './features/ingest/api.ts';
import { createLive } from './features/live/api.ts';
import { createSettings } from './features/settings/api.ts';
import { createTelemetryStore } from './features/telemetry/api.ts';
import type { TelemetryStore } from './features/telemetry/api.ts';
import { createOutcomeTimes } from './features/telemetry/outcome-times.ts';
import { createBus } from './platform/bus/bus.ts';
import type { Bus } from './platform/bus/bus.ts';
import type { TelemetryEngine } from './platform/clickhouse/telemetry-engine-types.ts';
import { createTelemetryEngine } from './platform/clickhouse/telemetry-engine.ts';
import { systemClock } from './platform/clock/clock.ts';
import type { Clock } from './platform/clock/clock.ts';
import { writeFileAtomically } from './platform/files/write-file-atomically.ts';
import { dashboardPage, hasDashboard, serveDashboard } from './platform/http/dashboard-files.ts';
import { createHttpServer } from './platform/http/http-server.ts';
import { principalOf } from './platform/http/principal.ts';
import { createLog } from './platform/log/log.ts';
import type { Log } from './platform/log/log.ts';
import { closeDatabase, openDatabase } from './platform/sqlite/database.ts';
import type { Database } from './platform/sqlite/database.ts';
import { lockDataFolder } from './platform/sqlite/lock-data-folder.ts';
import { version } from './version.ts';

export interface StartOptions {
  /** Relative paths start here; belay.yaml is looked for here. */
  readonly cwd: string;
  readonly environment: Environment;
  readonly port?: number;
  readonly host?: string;
  readonly dataDir?: string;
  readonly configFile?: string;
  /** Check every answer against its schema; for tests. */
  readonly validatesResponses?: boolean;
  /** `silent` in tests. */
  readonly logLevel?: Config['server']['logLevel'];
}

export interface RunningServer {
  readonly url: string;
  /** To be opened once; `undefined` when Belay is set up. Its fragment is a secret: print it, never log it. */
  readonly setupUrl: string | undefined;
  /** Ends streams, finishes requests, stores what waits, and lets go of the data folder. */
  close(): Promise<void>;
}

const ENGINE_START_MS = 30_000;
const ERRORS_PAGE = path.resolve(import.meta.dirname, '../../../docs/reference/errors.md');
const DASHBOARD = path.resolve(import.meta.dirname, '../../web/dist');

/** The composition root: opens everything in order, and closes it in reverse when a step fails or at the end. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const loaded = loadConfig({
    cwd: options.cwd,
    environment: options.environment,
    file: options.configFile,
    overrides: {
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.dataDir === undefined ? {} : { data: options.dataDir }),
    },
  });
  const log = createLog({ level: options.logLevel ?? loaded.config.server.logLevel });
  const opened = createOpened(log);
  try {
    return await compose({ options, loaded, log, opened, clock: systemClock });
  } catch (error) {
    await opened.close();
    throw error;
  }
}

interface Composing {
  readonly options: StartOptions;
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly opened: Opened;
  readonly clock: Clock;
}

async function compose(composing: Composing): Promise<RunningServer> {
  const { loaded, log, opened, clock } = composing;
  const { server } = loaded.config;
  const db = await openStorage(composing);
  const bus = createBus({
    // Grows over restarts, so that a reader's last id of an earlier process is recognised as too old.
    firstId: clock.now() * 1000,
    onListenerError: (err) => log.error({ err }, 'a listener of live events failed'),
  });
  const features = await createFeatures(composing, db, bus);
  const { access } = features;
  const app = createHttpServer({
    log,
    clock,
    authenticate: access.authenticate,
    requestsPerMinute: server.requestsPerMinute,
    validatesResponses: composing.options.validatesResponses ?? false,
    fallback: (request, reply) => dashboardPage(DASHBOARD, request, reply),
  });
  for (const routes of features.routes) await app.register(async (scoped) => routes(scoped));
  if (hasDashboard(DASHBOARD)) await serveDashboard(app, DASHBOARD);
  else log.warn({ folder: DASHBOARD }, 'the dashboard is not built: run "npm run build"');
  opened.add(() => app.close());
  opened.add(async () => features.endStreams());
  await features.start();
  const url = await listen(() => app.listen({ host: server.host, port: server.port }), server);
  await writeFileAtomically(path.join(server.dataDir, 'url'), `${url}\n`);
  log.info({ url, data: server.dataDir, version }, 'Belay is running');
  const base = server.publicUrl ?? url;
  return {
    url,
    setupUrl: access.setupToken === undefined ? undefined : `${base}/setup#token=${access.setupToken}`,
    close: () => opened.close(),
  };
}

/** Data folder, its lock, and the control plane's database with a copy before it is migrated. */
async function openStorage({ loaded, log, opened, clock }: Composing): Promise<Database> {
  const { dataDir } = loaded.config.server;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDataFolder(dataDir);
  opened.add(async () => lock.release());
  const db = await openDatabase({
    path: path.join(dataDir, 'belay.db'),
    log,
    beforeMigrating: async (backup) => {
      const folder = path.join(dataDir, 'backups');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      await backup(path.join(folder, `before-migration-${clock.now()}.db`));
    },
  });
  opened.add(() => closeDatabase(db));
  return db;
}

async function createFeatures({ loaded, log, opened, clock }: Composing, db: Database, bus: Bus) {
  const { server, policy, secrets } = loaded.config;
  const isSecure = server.publicUrl?.startsWith('https:') ?? false;
  const access = await createAccess({ db, bus, log, clock, dataDir: server.dataDir, secrets, isSecure });
  opened.add(() => access.close());
  const { engine, telemetry, ingest } = await openTelemetry({ loaded, log, opened, clock }, db);
  const times = createOutcomeTimes({
    telemetry,
    clock,
    onError: (err) => log.warn({ err }, 'times of the last outcomes could not be read'),
  });
  opened.add(() => times.close());
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
  const changes = createChanges({ db, clock, log, flags, telemetry, policy, bus });
  opened.add(() => changes.close());
  leasesGranted = (now) => changes.leasesGranted(now);
  const watch = createSelfWatch({ loaded, log, clock, db, bus, engine, telemetry, ingest, changes });
  return {
    access,
    routes: [
      ...[access, ...watch.features, flags, changes].map(({ routes }) => routes),
      async (app: FastifyInstance) => ingest.routes(app, {}),
    ],
    start: () => changes.loop.start(),
    endStreams: async () => {
      watch.endStreams();
      await flags.close();
    },
  };
}

interface SelfWatchOptions {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly clock: Clock;
  readonly db: Database;
  readonly bus: Bus;
  readonly engine: TelemetryEngine;
  readonly telemetry: TelemetryStore;
  readonly ingest: Ingest;
  readonly changes: Changes;
}

/** Health, the live stream and the configuration: what Belay tells of itself. */
function createSelfWatch({ loaded, log, clock, db, bus, engine, telemetry, ingest, changes }: SelfWatchOptions) {
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

async function openTelemetry({ loaded, log, opened, clock }: Omit<Composing, 'options'>, db: Database) {
  const { dataDir, clickhouseUrl, bodyLimitBytes } = loaded.config.server;
  const engine = createTelemetryEngine({
    dataDir: path.join(dataDir, 'telemetry'),
    log,
    clock,
    ...(clickhouseUrl === null ? {} : { url: clickhouseUrl }),
  });
  opened.add(() => engine.close());
  const telemetry = createTelemetryStore({ engine, clock, log, notBeforeSecond: await newestJudgedSecond(db) });
  opened.add(() => telemetry.close());
  const ingest = createIngest({
    store: telemetry,
    clock,
    log,
    limits: { bodyBytes: bodyLimitBytes },
    // The server has checked the scope that the routes declare; this only insists that it did.
    requireIngestScope: async (request) => void principalOf(request),
  });
  opened.add(() => ingest.close());
  try {
    await engine.whenReady(ENGINE_START_MS);
  } catch (error) {
    if (!isBelayError(error)) throw error;
    // Flags are served and rollouts taken back without telemetry, so Belay starts all the same.
    log.error({ err: error }, 'the telemetry engine is not ready; nothing can be judged until it is');
  }
  return { engine, telemetry, ingest };
}

interface Opened {
  /** Says how to close what was just opened. */
  add(close: () => Promise<void>): void;
  /** Closes everything, newest first; once. */
  close(): Promise<void>;
}

function createOpened(log: Log): Opened {
  const closers: (() => Promise<void>)[] = [];
  return {
    add: (close) => void closers.push(close),
    async close() {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
        try {
          await close();
        } catch (err) {
          // What is still open must be closed too; the data folder's lock comes last.
          log.error({ err }, 'something did not close cleanly');
        }
      }
    },
  };
}

async function listen(start: () => Promise<string>, { host, port }: Config['server']): Promise<string> {
  try {
    return await start();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL' && code !== 'EACCES') throw error;
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : 'cannot be used here';
    throw new BelayError('server.address-in-use', `${host}:${port} ${why}.`, {
      hint: 'Stop the other program, or choose another port: --port 4601 or BELAY_PORT=4601.',
      cause: error,
    });
  }
}

function ageOf(now: number, at: number | null): number | null {
  return at === null ? null : Math.max(0, now - at);
}
