import type { BackupView } from '@belay/protocol';
import type { OfflineBackups } from '@belay/server';
import type { Api } from './connection.ts';
import { exitCode } from './exit-code.ts';
import { CliFailure } from './failure.ts';
import { failureOf } from './failure-of.ts';
import type { CommonFlags, Run } from './run.ts';

/** Flags of commands that also work when no server runs. */
export interface BackupFlags extends CommonFlags {
  readonly offline: boolean;
  readonly config?: string;
}

/** Where backups are asked for: a server, or the destinations themselves. */
export type BackupDesk = OfflineBackups;

/** Opens the desk, runs `use`, and closes it. Without a server that answers it reads belay.yaml and the destinations. */
export async function withBackups<T>(run: Run, flags: BackupFlags, use: (desk: BackupDesk) => Promise<T>): Promise<T> {
  const desk = await openDesk(run, flags);
  try {
    return await use(desk);
  } finally {
    await desk.close();
  }
}

async function openDesk(run: Run, flags: BackupFlags): Promise<BackupDesk> {
  if (!flags.offline) {
    const online = await tryServer(run, flags);
    if (online !== undefined) return online;
    run.output.notice('No server answers: reading belay.yaml and the destinations.');
  }
  const { openOfflineBackups } = await import('@belay/server');
  return openOfflineBackups({
    cwd: run.world.cwd,
    environment: run.world.environment,
    ...(flags.config === undefined ? {} : { file: flags.config }),
  });
}

/**
 * Undefined when there is no server; a server that refuses is an answer and no reason to go around it. Whoever named a
 * server never gets the files of this machine instead.
 */
async function tryServer(run: Run, flags: BackupFlags): Promise<BackupDesk | undefined> {
  const isNamed = flags.url !== undefined || (run.world.environment['BELAY_URL'] ?? '').trim() !== '';
  try {
    const api = await run.api();
    await api.call('leaseList', {});
    return deskOf(api);
  } catch (error) {
    const facts = failureOf(error);
    const isAway = facts?.exitCode === exitCode.unreachable || error instanceof CliFailure;
    if (facts === undefined || !isAway) throw error;
    if (!isNamed) return undefined;
    const fix = `${facts.fix}   (or without a server, from belay.yaml here: --offline)`;
    throw new CliFailure({ ...facts, fix }, error);
  }
}

function deskOf(api: Api): BackupDesk {
  return {
    findings: [],
    view: () => api.call('safetyGet', {}),
    async list(source) {
      const items: BackupView[] = [];
      let cursor: string | undefined;
      do {
        const query = {
          limit: 200,
          ...(source === undefined ? {} : { source }),
          ...(cursor === undefined ? {} : { cursor }),
        };
        const page = await api.call('backupList', { query });
        items.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return items;
    },
    detail: (id) => api.call('backupGet', { params: { id } }),
    backup: (body) => api.call('backupCreate', { body }),
    verify: (id) => api.call('backupVerify', { params: { id } }),
    drill: (id, from) => api.call('backupDrill', { params: { id }, body: from === undefined ? {} : { from } }),
    restorePlan: (id, query) => api.call('restorePlan', { params: { id }, query }),
    restore: (id, body) => api.call('backupRestore', { params: { id }, body }),
    retentionPlan: () => api.call('retentionPlan', {}),
    operation: (id) => api.call('safetyOperationGet', { params: { id } }),
    close: async () => undefined,
  };
}
