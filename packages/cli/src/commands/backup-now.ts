import type { BackupDetail, SafetyOperation } from '@belay/protocol';
import { type BackupDesk, type BackupFlags, withBackups } from '../backup-desk.ts';
import { followOperation } from '../backup-follow.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { Run } from '../run.ts';

export interface BackupNowFlags extends BackupFlags {
  readonly reason?: BackupDetail['reason'];
  readonly pin?: string;
  readonly drill?: boolean;
  readonly lease?: string;
}

/** Backs sources up now and waits; without a name every source. */
export async function backupNow(run: Run, flags: BackupNowFlags, source?: string): Promise<ExitCode> {
  return withBackups(run, flags, async (desk) => {
    const sources = source === undefined ? (await desk.view()).sources.map(({ name }) => name) : [source];
    if (sources.length === 0) throw nothingToBackUp();
    const done: SafetyOperation[] = [];
    for (const name of sources) done.push(await backUp(run, desk, flags, name));
    run.output.answer(source === undefined ? { operations: done } : done[0], () =>
      done.map(({ result }) => result ?? 'done').join('\n'),
    );
    return exitCode.done;
  });
}

async function backUp(run: Run, desk: BackupDesk, flags: BackupNowFlags, source: string): Promise<SafetyOperation> {
  const { reason, pin, drill, lease } = flags;
  const started = await desk.backup({
    source,
    ...(reason === undefined ? {} : { reason }),
    ...(pin === undefined ? {} : { pin }),
    ...(drill === undefined ? {} : { drill }),
    ...(lease === undefined ? {} : { lease }),
  });
  return followOperation(run, desk, started);
}

function nothingToBackUp(): CliFailure {
  return new CliFailure({
    code: 'backup.not-found',
    exitCode: exitCode.notFound,
    what: 'There is nothing to back up.',
    why: 'belay.yaml names no source under backups.sources.',
    fix: 'backups: { sources: { bot: { type: sqlite, path: ./bot.db } } }   (in belay.yaml)',
  });
}
