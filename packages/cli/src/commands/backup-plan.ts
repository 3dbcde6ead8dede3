import type { RetentionPlanView } from '@belay/protocol';
import { type BackupFlags, withBackups } from '../backup-desk.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { formatBytes } from '../format-bytes.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';

/** Which copies are kept and why, and which would go; removes nothing. */
export async function backupPlan(run: Run, flags: BackupFlags): Promise<ExitCode> {
  return withBackups(run, flags, async (desk) => {
    const plan = await desk.retentionPlan();
    run.output.answer(plan, () => planText(plan));
    return exitCode.done;
  });
}

function planText({ frozen, steps, freedBytes }: RetentionPlanView): string {
  const rows = steps.map(({ action, backup, destination, state, because }) => [
    action,
    backup,
    destination,
    state,
    because.join('; '),
  ]);
  return [
    ...(frozen === null ? [] : [`Nothing is removed now: ${frozen}.`]),
    steps.length === 0 ? 'No backup yet.' : formatTable(['', 'backup', 'at', 'state', 'because'], rows),
    `${formatBytes(freedBytes)} would be freed.`,
  ].join('\n');
}
