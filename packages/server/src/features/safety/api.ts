import type { KeyObject } from 'node:crypto';
import type { SafetyView } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { Log } from '../../platform/log/log.ts';
import { type Repetition, repeat } from '../../platform/scheduler/scheduler.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import type { Care } from '../changes/api.ts';
import type { BackupContext } from './backup-context.ts';
import type { BackupSettings } from './backup-settings.ts';
import { type Backups, createBackups } from './backups.ts';
import { createCatalogue } from './catalogue/catalogue.ts';
import { lackingCopies } from './cycle/repair-copies.ts';
import { checkDestination, type DestinationStatus } from './destinations/destination-status.ts';
import { openDestinations } from './destinations/open-destinations.ts';
import { safetyRoutes } from './routes.ts';
import { createSchedule, type Schedule } from './schedule.ts';
import { safetyCare } from './safety-care.ts';
import { createSealer } from './sealer.ts';
import { safetyViewOf } from './views/safety-view.ts';

export type { BackupSettings } from './backup-settings.ts';
export { createRecoveryKit, tryRecoveryKit } from './encryption/recovery-kit.ts';
export { backupsCheck, safetyMetrics } from './safety-metrics.ts';
export { openReceiptKey, readReceiptKey } from './drill/receipt-key.ts';

export interface SafetyOptions {
  readonly db: Database;
  readonly settings: BackupSettings;
  readonly clock: { now(): number };
  readonly log: Log;
  readonly dataDir: string;
  readonly receiptKey: KeyObject | null;
  readonly version: string;
}

/** Backups of databases, proven by drills, and how to get them back. */
export interface Safety {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  readonly backups: Backups;
  view(): Promise<SafetyView>;
  /** What it says on the first screen. */
  care(): Promise<Care>;
  /** At most half a minute old; for what looks again and again. */
  recentView(): Promise<SafetyView>;
  /** Goes on with what a crash cut off, then works by the schedule. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const RECENT_MS = 30_000;
/** A destination is looked at soon after the start, then every hour. */
const FIRST_LOOK_MS = 5000;

const NOTES = [
  'Telemetry (traces, logs, metrics) is not backed up: it ages by itself, and what decides about changes is in the control store.',
];

export function openBackups({
  db,
  settings,
  clock,
  log,
  receiptKey,
  version,
}: Omit<SafetyOptions, 'dataDir'>): Backups {
  const context: BackupContext = {
    settings,
    catalogue: createCatalogue(db),
    destinations: openDestinations(settings.destinations, clock),
    sealer: createSealer(settings),
    clock,
    log,
    receiptKey,
    version,
  };
  return createBackups(context);
}

export function createSafety(options: SafetyOptions): Safety {
  const { clock, log, dataDir } = options;
  const backups = openBackups(options);
  const statuses = new Map<string, DestinationStatus>();
  const upkeep: Repetition[] = [];
  let schedule: Schedule | undefined;
  const view = (): Promise<SafetyView> =>
    safetyViewOf({
      backups,
      nextAt: (source) => schedule?.nextAt(source) ?? null,
      statusOf: (destination) => statuses.get(destination),
      dataDir,
      notes: NOTES,
    });
  let recent: { readonly at: number; readonly view: Promise<SafetyView> } | undefined;
  return {
    backups,
    view,
    care: async () => safetyCare(await view()),
    recentView() {
      if (recent === undefined || Math.abs(clock.now() - recent.at) > RECENT_MS)
        recent = { at: clock.now(), view: view() };
      return recent.view;
    },
    routes: async (app) => safetyRoutes(app, backups, view),
    async start() {
      await backups.recover();
      schedule = openSchedule(options, backups);
      upkeep.push(...startUpkeep(backups, { log, clock, statuses }));
    },
    async close() {
      schedule?.close();
      await Promise.all(upkeep.map((repetition) => repetition.close()));
      await backups.close();
    },
  };
}

function openSchedule({ settings, clock, log }: SafetyOptions, backups: Backups): Schedule {
  return createSchedule({
    settings,
    clock,
    log,
    leases: backups.leases.list,
    start: async (source) => void (await backups.backup({ source: source.name, reason: 'schedule' }, 'schedule')),
    lastAt: async (source) => (await backups.context.catalogue.entries({ source }))[0]?.manifest.startedAt ?? null,
    random: Math.random,
  });
}

interface Upkeep extends Pick<SafetyOptions, 'log' | 'clock'> {
  readonly statuses: Map<string, DestinationStatus>;
}

/** What is done again and again: looking at destinations, mending what they lack, retention. */
function startUpkeep(backups: Backups, { log, clock, statuses }: Upkeep): readonly Repetition[] {
  const { context, operations } = backups;
  const every = (everyMs: number, what: string, run: (signal: AbortSignal) => Promise<unknown>): Repetition =>
    repeat({
      everyMs,
      run: async (signal) => void (await run(signal)),
      onError: (err) => log.error({ err }, `data safety: ${what} failed`),
    });
  let lookedAt = -Infinity;
  const lookAtDestinations = async (signal: AbortSignal): Promise<void> => {
    // The clock may have been set back.
    if (Math.abs(clock.now() - lookedAt) < HOUR_MS) return;
    lookedAt = clock.now();
    for (const destination of context.destinations.values())
      statuses.set(destination.name, await checkDestination(destination, { now: clock.now(), signal }));
  };
  return [
    every(FIRST_LOOK_MS, 'looking at destinations', lookAtDestinations),
    every(HOUR_MS, 'sending what a destination lacks', async () => {
      if (operations.running().length === 0 && (await lackingCopies(context)).length > 0)
        await backups.repair('upkeep');
    }),
    every(6 * HOUR_MS, 'retention', () => backups.retain('upkeep')),
  ];
}
