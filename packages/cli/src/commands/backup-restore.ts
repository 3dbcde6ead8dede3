import type { RestorePlan, RestoreRequest } from '@belay/protocol';
import { type BackupFlags, withBackups } from '../backup-desk.ts';
import { followOperation } from '../backup-follow.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';
import { newestProven } from './backup-prove.ts';

export interface RestoreFlags extends BackupFlags {
  readonly replace: boolean;
  readonly to?: string;
  readonly from?: string;
  readonly yes: boolean;
}

/** Restores into a copy, or in place of the live database after showing what that loses. */
export async function backupRestore(run: Run, flags: RestoreFlags, which: string): Promise<ExitCode> {
  return withBackups(run, flags, async (desk) => {
    const { id } = await newestProven(desk, which);
    const request: RestoreRequest = {
      mode: flags.replace ? 'replace' : 'copy',
      ...(flags.to === undefined ? {} : { target: flags.to }),
      ...(flags.from === undefined ? {} : { from: flags.from }),
    };
    const plan = await desk.restorePlan(id, request);
    if (flags.replace && !flags.yes) await confirm(run, plan);
    const operation = await followOperation(run, desk, await desk.restore(id, request));
    run.output.answer({ plan, operation }, () => operation.result ?? 'done');
    return exitCode.done;
  });
}

async function confirm(run: Run, plan: RestorePlan): Promise<void> {
  run.output.notice(planText(plan));
  if (run.world.stdinIsTty && /^y(es)?$/i.test((await run.world.ask('Replace the live database? [y/N] ')).trim()))
    return;
  throw new CliFailure({
    code: 'request.invalid',
    exitCode: exitCode.usage,
    what: 'Nothing was restored.',
    why: run.world.stdinIsTty ? 'The answer was not "yes".' : 'There is no terminal to ask on, and --yes is missing.',
    fix: 'belay backup restore <backup> --replace --yes, or without --replace into a copy',
  });
}

function planText({ backup, target, snapshotAt, lostMs, lostRows, warnings, level }: RestorePlan): string {
  const rows = lostRows.slice(0, 20).map(({ table, live, backup: kept }) => [table, String(live ?? '-'), String(kept)]);
  return [
    `${backup} (${level ?? 'not proven'}, of ${new Date(snapshotAt).toISOString()}) goes in place of ${target}.`,
    // Nothing at all is what a backup from the future would seem to lose.
    `Lost: ${lostMs === 0 ? 'nobody can say how much' : `everything written in the last ${lostText(lostMs)}`}. The present state is kept for a day.`,
    ...(rows.length === 0 ? [] : [formatTable(['table', 'rows now', 'in the backup'], rows)]),
    ...warnings.map((warning) => `! ${warning}`),
  ].join('\n');
}

function lostText(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1440)} days`;
}
