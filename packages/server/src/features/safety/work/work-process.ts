// Runs in a child process of its own: does one job and ends.
import os from 'node:os';
import { isBelayError } from '@belay/core';
import { replaceSqlite } from '../restore/replace-sqlite.ts';
import { lookAtSqlite, placeSqlite } from '../restore/sqlite-restore-jobs.ts';
import { capturePostgres } from '../sources/postgres-capture.ts';
import { captureSqlite } from '../sources/sqlite-capture.ts';
import { inspectSqlite } from '../sources/sqlite-inspect.ts';
import { packArtefact, unpackArtefact } from './pack-artefact.ts';
import type { TellProgress, WorkJobs, WorkMessage, WorkName } from './work-jobs.ts';

const jobs: { readonly [Name in WorkName]: Work<Name> } = {
  'sqlite-capture': captureSqlite,
  'sqlite-inspect': inspectSqlite,
  'sqlite-look': lookAtSqlite,
  'sqlite-place': placeSqlite,
  'postgres-capture': capturePostgres,
  'sqlite-replace': replaceSqlite,
  pack: packArtefact,
  unpack: unpackArtefact,
};

type Work<Name extends WorkName> = (
  input: WorkJobs[Name]['input'],
  tell: TellProgress,
) => Promise<WorkJobs[Name]['output']>;

process.umask(0o077);
// Without the parent nobody wants the result, and a pinned snapshot must not outlive it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
try {
  // The watched service comes first.
  os.setPriority(10);
} catch {
  // Not allowed everywhere; then it runs like any other.
}
process.once('message', (message) => void run(message));

async function run(message: unknown): Promise<void> {
  // Decoder: the parent is this same version, and TypeScript checked what it sends.
  const { name, input } = message as { readonly name: WorkName; readonly input: never };
  try {
    const output = await jobs[name](input, (progress) => tell({ type: 'progress', progress }));
    end({ type: 'done', output });
  } catch (error) {
    end({ type: 'failed', error: failureOf(error) });
  }
}

function failureOf(error: unknown): Extract<WorkMessage, { readonly type: 'failed' }>['error'] {
  if (isBelayError(error))
    return { code: error.code, message: error.message, hint: error.hint ?? null, details: error.details ?? null };
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL')
    return {
      code: 'storage.full',
      message: `The disk is full (${message}).`,
      hint: 'Free space on the volume of backups.work_folder; nothing half written is kept.',
      details: null,
    };
  return { code: null, message, hint: null, details: null };
}

function tell(message: WorkMessage): void {
  // The parent may be gone; then this process ends with the channel.
  process.send?.(message, () => undefined);
}

function end(message: WorkMessage): void {
  process.send?.(message, () => process.exit(0));
}
