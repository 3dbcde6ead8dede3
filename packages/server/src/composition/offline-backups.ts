import { rm } from 'node:fs/promises';
import path from 'node:path';
import type {
  BackupDetail,
  BackupRequest,
  BackupView,
  RestorePlan,
  RestoreRequest,
  RetentionPlanView,
  SafetyOperation,
  SafetyView,
} from '@belay/protocol';
import { loadConfig, type ConfigSource } from '../config.ts';
import { systemClock } from '../platform/clock/clock.ts';
import { createLog } from '../platform/log/log.ts';
import { closeDatabase, openDatabase } from '../platform/sqlite/database.ts';
import { openBackups } from '../features/safety/api.ts';
import { entryOf } from '../features/safety/backup-context.ts';
import { rebuildCatalogue } from '../features/safety/catalogue/rebuild-catalogue.ts';
import { readReceiptKey } from '../features/safety/drill/receipt-key.ts';
import { backupDetailOf, backupViewOf, newestFirst } from '../features/safety/views/backup-views.ts';
import { safetyViewOf } from '../features/safety/views/safety-view.ts';
import { version } from '../version.ts';

/** Backups without a server: read from belay.yaml and the destinations, because the server may be what is broken. */
export interface OfflineBackups {
  /** What was wrong at the destinations, in sentences. */
  readonly findings: readonly string[];
  view(): Promise<SafetyView>;
  list(source: string | undefined): Promise<readonly BackupView[]>;
  detail(id: string): Promise<BackupDetail>;
  backup(request: BackupRequest): Promise<SafetyOperation>;
  verify(id: string): Promise<SafetyOperation>;
  drill(id: string, from: string | undefined): Promise<SafetyOperation>;
  restorePlan(id: string, request: RestoreRequest): Promise<RestorePlan>;
  restore(id: string, request: RestoreRequest): Promise<SafetyOperation>;
  retentionPlan(): Promise<RetentionPlanView>;
  /** How far an operation is. */
  operation(id: string): Promise<SafetyOperation | undefined>;
  close(): Promise<void>;
}

/** The catalogue is built in memory from the manifests and receipts that are there. */
export async function openOfflineBackups(source: ConfigSource, by = 'cli'): Promise<OfflineBackups> {
  const { config } = loadConfig(source);
  const { dataDir } = config.server;
  // A server that starts meanwhile clears its own work folder, not this one.
  const workFolder = path.join(`${config.backups.workFolder}-offline`, String(process.pid));
  const db = await openDatabase({ path: ':memory:' });
  const backups = openBackups({
    db,
    settings: { ...config.backups, workFolder },
    clock: systemClock,
    log: createLog({ level: 'silent' }),
    receiptKey: readReceiptKey(dataDir),
    version,
  });
  const { findings } = await rebuildCatalogue(backups.context);
  await backups.recover();
  const { context } = backups;
  return {
    findings,
    view: () =>
      safetyViewOf({
        backups,
        nextAt: () => null,
        statusOf: () => undefined,
        dataDir,
        notes: ['Read without a server.'],
      }),
    async list(name) {
      const entries = await context.catalogue.entries({ source: name });
      return newestFirst(entries).map(backupViewOf);
    },
    detail: async (id) => backupDetailOf(await entryOf(context, id)),
    backup: (request) => backups.backup(request, by),
    verify: (id) => backups.verify(id, by),
    drill: (id, from) => backups.drill(id, from, by),
    restorePlan: backups.planRestore,
    restore: (id, request) => backups.restore(id, request, by),
    retentionPlan: () => backups.retention.plan(),
    operation: (id) => backups.operations.find(id),
    async close() {
      await backups.close();
      await closeDatabase(db);
      await rm(workFolder, { recursive: true, force: true });
    },
  };
}
