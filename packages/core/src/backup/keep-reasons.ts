import type { BackupRetention } from './backup-copy.ts';
import { periodOf, type Period } from './period.ts';
import type { StoredFile } from './stored-file.ts';

/** Why each file of one source at one destination is kept; no entry: no rule keeps it. Newest first by sequence. */
export function keepReasons(
  copies: readonly StoredFile[],
  retention: BackupRetention,
): ReadonlyMap<StoredFile, readonly string[]> {
  const reasons = new Map<StoredFile, string[]>();
  const keep = (copy: StoredFile, because: string): void => {
    const known = reasons.get(copy);
    if (known === undefined) reasons.set(copy, [because]);
    else known.push(because);
  };
  for (const copy of copies) if (copy.pins.length > 0) keep(copy, `pinned: ${copy.pins.join(', ')}`);
  const proven = copies.filter(({ state }) => state === 'proven');
  const [newest] = proven;
  if (newest !== undefined) keep(newest, 'the newest proven one');
  for (const copy of copies) {
    if (copy.state !== 'unproven' || (newest !== undefined && copy.sequence < newest.sequence)) continue;
    keep(copy, 'newer than every proven one');
  }
  keepPeriods(proven, retention, keep);
  const migrations = proven.filter(({ reason }) => reason === 'pre-migration');
  for (const copy of migrations.slice(0, retention.preMigration)) keep(copy, 'one of the last before a migration');
  keepMinimum(copies, { proven, reasons, keep, minProven: retention.minProven });
  return reasons;
}

type Keep = (copy: StoredFile, because: string) => void;

/** The newest proven copy of each of the last N periods that have one. */
function keepPeriods(proven: readonly StoredFile[], retention: BackupRetention, keep: Keep): void {
  for (const copy of proven.slice(0, retention.last)) keep(copy, `one of the last ${retention.last}`);
  const rules: readonly (readonly [Period, number])[] = [
    ['hour', retention.hourly],
    ['day', retention.daily],
    ['week', retention.weekly],
    ['month', retention.monthly],
    ['year', retention.yearly],
  ];
  for (const [period, count] of rules) {
    const seen = new Set<number>();
    for (const copy of proven) {
      if (seen.size >= count) break;
      const key = periodOf(copy.takenAt, period);
      if (seen.has(key)) continue;
      seen.add(key);
      keep(copy, `the newest of its ${period}`);
    }
  }
}

interface Minimum {
  readonly proven: readonly StoredFile[];
  readonly reasons: ReadonlyMap<StoredFile, readonly string[]>;
  readonly keep: Keep;
  readonly minProven: number;
}

/** Rules that keep too few are topped up; where fewer than the minimum exist, everything stays. */
function keepMinimum(copies: readonly StoredFile[], { proven, reasons, keep, minProven }: Minimum): void {
  const least = Math.max(1, minProven);
  if (proven.length <= least) {
    const because = `only ${proven.length} proven, and ${least} must stay`;
    for (const copy of copies) if (!reasons.has(copy)) keep(copy, because);
    return;
  }
  let kept = proven.filter((copy) => reasons.has(copy)).length;
  for (const copy of proven) {
    if (kept >= least) return;
    if (reasons.has(copy)) continue;
    keep(copy, `${least} proven must stay`);
    kept += 1;
  }
}
