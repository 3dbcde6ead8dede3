import type { BackupView, SafetyView } from '@belay/protocol';
import { type BackupFlags, withBackups } from '../backup-desk.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { formatBytes } from '../format-bytes.ts';
import type { Run } from '../run.ts';
import { formatTable } from '../table.ts';

/** How old the newest proven state of each source is, and every restore point. */
export async function backupList(run: Run, flags: BackupFlags, source?: string): Promise<ExitCode> {
  return withBackups(run, flags, async (desk) => {
    const view = await desk.view();
    const backups = await desk.list(source);
    const { findings } = desk;
    run.output.answer({ ...view, backups, findings }, () => listText(view, backups, findings));
    return exitCode.done;
  });
}

function listText(view: SafetyView, backups: readonly BackupView[], findings: readonly string[]): string {
  const sources = view.sources.map(({ name, state, newestProven, ageMs, problem }) => [
    name,
    state,
    newestProven === null ? 'none' : `${newestProven.level}, ${ageText(ageMs ?? 0)} old`,
    newestProven?.places.join(', ') ?? '',
    problem ?? '',
  ]);
  const rows = backups.map((backup) => [
    backup.id,
    backup.isProven
      ? `proven ${backup.level ?? ''}`
      : backup.state === 'good'
        ? `unproven ${backup.level ?? ''}`
        : backup.state,
    backup.reason,
    formatBytes(backup.artefactBytes),
    String(backup.rows),
    backup.copies
      .map(({ destination, state }) => (state === 'verified' ? destination : `${destination} (${state})`))
      .join(', '),
  ]);
  return [
    view.summary,
    '',
    formatTable(['source', 'state', 'newest proven', 'places', ''], sources),
    '',
    rows.length === 0
      ? 'No backup yet: belay backup now'
      : formatTable(['backup', 'proof', 'reason', 'size', 'rows', 'where'], rows),
    ...[...findings, ...view.notes].map((text) => `! ${text}`),
  ].join('\n');
}

export function ageText(ms: number): string {
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 48 * 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}
