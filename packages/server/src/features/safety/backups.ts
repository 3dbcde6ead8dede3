import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { BelayError } from '@belay/core';
import type { BackupRequest, RestorePlan, RestoreRequest, SafetyOperation } from '@belay/protocol';
import { type BackupContext, entryOf, sourceOf } from './backup-context.ts';
import { rebuildCatalogue } from './catalogue/rebuild-catalogue.ts';
import { finishBackup } from './cycle/finish-backup.ts';
import { repairCopies } from './cycle/repair-copies.ts';
import { runBackup } from './cycle/run-backup.ts';
import { cleanWorkFolder, unfinished } from './cycle/unfinished.ts';
import { removeOldClusters } from './drill/scratch-cluster.ts';
import { runDrill } from './drill/run-drill.ts';
import { verifyCopies } from './drill/verify-copies.ts';
import { createLeases, type Leases } from './leases.ts';
import { createOperations, type Operations } from './operations.ts';
import { planRestore } from './restore/plan-restore.ts';
import { restoreTarget } from './restore/restore-target.ts';
import { runRestore } from './restore/run-restore.ts';
import { createRetention, type Retention } from './retention.ts';

/** Everything that can be done with backups. The server and the command without a server use the same. */
export interface Backups {
  readonly context: BackupContext;
  readonly leases: Leases;
  readonly operations: Operations;
  readonly retention: Retention;
  backup(request: BackupRequest, by: string): Promise<SafetyOperation>;
  verify(id: string, by: string): Promise<SafetyOperation>;
  drill(id: string, from: string | undefined, by: string): Promise<SafetyOperation>;
  /** Rejects at once with what cannot be right. */
  restore(id: string, request: RestoreRequest, by: string): Promise<SafetyOperation>;
  planRestore(id: string, request: RestoreRequest): Promise<RestorePlan>;
  rebuild(by: string): Promise<SafetyOperation>;
  retain(by: string): Promise<SafetyOperation>;
  repair(by: string): Promise<SafetyOperation>;
  /** Goes on with what an earlier process left, and clears what it left behind. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

export function createBackups(context: BackupContext): Backups {
  const { catalogue, clock, log } = context;
  const leases = createLeases(catalogue, clock);
  const operations = createOperations({ catalogue, clock, log });
  const retention = createRetention(context);
  return {
    context,
    leases,
    operations,
    retention,
    async backup({ source: name, reason = 'manual', pin = null, drill, lease }, by) {
      const source = sourceOf(context, name);
      await leases.requireFree(name, lease);
      const job = { source, reason, pin, drill: drill ?? ('auto' as const) };
      return operations.start({ kind: 'backup', source: name, by, run: (running) => runBackup(context, job, running) });
    },
    async verify(id, by) {
      const { manifest } = await entryOf(context, id);
      const run = verifyCopies.bind(null, context, id);
      return operations.start({ kind: 'verify', source: manifest.source, backup: id, by, run });
    },
    async drill(id, from, by) {
      const entry = await entryOf(context, id);
      return operations.start({
        kind: 'drill',
        source: entry.manifest.source,
        backup: id,
        by,
        run: async (running) => {
          const receipt = await runDrill(context, { entry, from }, running);
          const { outcome, level, proven, restoreMs, error } = receipt;
          if (outcome !== 'failed')
            return `${id}: ${outcome} ${proven ?? level}${restoreMs === null ? '' : `; restored in ${restoreMs} ms`}${error === null ? '' : `; ${error}`}.`;
          throw new BelayError('backup.corrupt', `${id} did not pass ${level}: ${error ?? 'see its receipt'}`, {
            hint: `Proven so far: ${proven ?? 'nothing'}. Other copies and backups: belay backup list`,
          });
        },
      });
    },
    ...restoring(context, operations),
    rebuild: (by) =>
      operations.start({
        kind: 'rebuild',
        source: null,
        by,
        run: async ({ signal }) => {
          const { backups, added, receipts, findings } = await rebuildCatalogue(context, signal);
          return [`${backups} manifests (${added} new) and ${receipts} receipts read.`, ...findings]
            .join(' ')
            .slice(0, 2000);
        },
      }),
    retain: (by) => operations.start({ kind: 'retention', source: null, by, run: retention.run }),
    repair: (by) =>
      operations.start({ kind: 'repair', source: null, by, run: (running) => repairCopies(context, running) }),
    recover: () => recover(context, operations),
    close: () => operations.close(),
  };
}

function restoring(context: BackupContext, operations: Operations): Pick<Backups, 'planRestore' | 'restore'> {
  return {
    planRestore: async (id, request) => planRestore(context, await entryOf(context, id), request),
    async restore(id, request, by) {
      const entry = await entryOf(context, id);
      restoreTarget(context, entry, request);
      const { source } = entry.manifest;
      const run = runRestore.bind(null, context, { entry, request });
      return operations.start({ kind: 'restore', source, backup: id, by, run });
    },
  };
}

async function recover(context: BackupContext, operations: Operations): Promise<void> {
  const { settings, catalogue, clock, log } = context;
  await mkdir(settings.workFolder, { recursive: true, mode: 0o700 });
  await removeOldClusters();
  const left = await unfinished(context);
  await cleanWorkFolder(settings.workFolder, new Set(left.resume.map(({ operation }) => operation.id)));
  for (const operation of left.lost) {
    const failure = {
      code: 'backup.failed',
      message: 'Belay ended while this ran; what was half done is cleared away.',
      hint: operation.kind === 'backup' ? 'It comes again by the schedule, or now: belay backup now' : null,
    };
    await catalogue.saveOperation({ ...operation, state: 'interrupted', endedAt: clock.now(), failure });
  }
  for (const { operation, entry, source } of left.resume) {
    log.info({ operation: operation.id, backup: entry.manifest.id }, 'a backup that was cut off goes on');
    const folder = path.join(settings.workFolder, operation.id);
    await operations.start({
      kind: 'backup',
      source: source.name,
      by: operation.by,
      resumes: operation,
      run: (running) => finishBackup(context, { source, entry, folder, drill: 'auto' }, running),
    });
  }
}
