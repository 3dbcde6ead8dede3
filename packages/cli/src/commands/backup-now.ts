import type { BackupDetail, SafetyOperation } from '@belay/protocol';
import { type BackupDesk, type BackupFlags, withBackups } from '../backup-desk.ts';
import { followOperation } from '../backup-follow.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure, type FailureFacts } from '../failure.ts';
import { failureOf } from '../failure-of.ts';
import type { Run } from '../run.ts';

export interface BackupNowFlags extends BackupFlags {
  readonly reason?: BackupDetail['reason'];
  readonly pin?: string;
  readonly drill?: boolean;
  readonly lease?: string;
}

/** Backs sources up now and waits; without a name every source, also when one of them fails. */
export async function backupNow(run: Run, flags: BackupNowFlags, source?: string): Promise<ExitCode> {
  return withBackups(run, flags, async (desk) => {
    const sources = source === undefined ? (await desk.view()).sources.map(({ name }) => name) : [source];
    if (sources.length === 0) throw nothingToBackUp();
    const done: SafetyOperation[] = [];
    const failures: FailureFacts[] = [];
    for (const name of sources) {
      try {
        done.push(await backUp(run, desk, flags, name));
      } catch (error) {
        const facts = failureOf(error);
        if (facts === undefined || source !== undefined || run.world.interrupted.aborted) throw error;
        failures.push({ ...facts, why: `${name}: ${facts.why}` });
      }
    }
    if (failures.length > 0) throw notAll(run, done, failures);
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

function notAll(run: Run, done: readonly SafetyOperation[], failures: readonly FailureFacts[]): CliFailure {
  for (const { result } of done) run.output.notice(result ?? 'done');
  const [first] = failures;
  return new CliFailure({
    code: first?.code ?? 'backup.failed',
    exitCode: exitCode.failed,
    what: `${failures.length} of ${failures.length + done.length} backups failed.`,
    why: failures.map(({ why }) => why).join(' '),
    fix: first?.fix ?? 'belay backup list',
  });
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
