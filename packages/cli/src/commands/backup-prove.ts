import type { BackupView, SafetyOperation } from '@belay/protocol';
import { type BackupDesk, type BackupFlags, withBackups } from '../backup-desk.ts';
import { followOperation } from '../backup-follow.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { Run } from '../run.ts';

export interface DrillFlags extends BackupFlags {
  readonly from?: string;
}

/** Reads every copy of a backup to the last byte. */
export async function backupVerify(run: Run, flags: BackupFlags, which: string): Promise<ExitCode> {
  return withBackups(run, flags, async (desk) => {
    const { id } = await chosen(desk, which);
    const operation = await followOperation(run, desk, await desk.verify(id));
    const backup = await desk.detail(id);
    const kept = backup.copies.filter(({ state }) => state !== 'removed');
    run.output.answer({ operation, backup }, () => operation.result ?? 'done');
    const isVerified = kept.length > 0 && kept.every(({ state }) => state === 'verified');
    return isVerified ? exitCode.done : exitCode.failed;
  });
}

/** Restores a backup beside everything else and checks it; a source without a backup of today is backed up first. */
export async function backupDrill(run: Run, flags: DrillFlags, which: string): Promise<ExitCode> {
  return withBackups(run, flags, async (desk) => {
    const started = performance.now();
    const { id } = await chosen(desk, which);
    const operation = await followOperation(run, desk, await desk.drill(id, flags.from));
    return answerDrill(run, desk, { id, operation, elapsedMs: Math.round(performance.now() - started) });
  });
}

interface Drilled {
  readonly id: string;
  readonly operation: SafetyOperation;
  readonly elapsedMs: number;
}

/** What could not be tried to the end is told, and is no success. */
async function answerDrill(run: Run, desk: BackupDesk, { id, operation, elapsedMs }: Drilled): Promise<ExitCode> {
  const backup = await desk.detail(id);
  const receipt = backup.receipts.findLast(({ level }) => level === 'L3' || level === 'L4') ?? null;
  run.output.answer({ operation, backup, receipt, elapsedMs }, () => operation.result ?? 'done');
  return receipt?.outcome === 'passed' ? exitCode.done : exitCode.failed;
}

/** The backup of an id, or the newest of a source. */
async function chosen(desk: BackupDesk, which: string): Promise<BackupView> {
  return pick(desk, which, ([newest]) => newest);
}

/** The backup of an id, or the newest of a source that a drill has proven; without any the newest. */
export async function newestProven(desk: BackupDesk, which: string): Promise<BackupView> {
  return pick(desk, which, (backups) => backups.find(({ isProven }) => isProven) ?? backups[0]);
}

async function pick(
  desk: BackupDesk,
  which: string,
  from: (newestFirst: readonly BackupView[]) => BackupView | undefined,
): Promise<BackupView> {
  if (/-\d{8}T\d{6}Z$/.test(which)) return desk.detail(which);
  const found = from(await desk.list(which));
  if (found !== undefined) return found;
  throw new CliFailure({
    code: 'backup.not-found',
    exitCode: exitCode.notFound,
    what: `There is no backup of "${which}".`,
    why: 'It is neither the id of a backup nor a source that has one.',
    fix: 'belay backup list   (or make one: belay backup now)',
  });
}
