import { invariant } from '../invariant.ts';
import type { BackupCopy } from './backup-copy.ts';
import type { RetentionInput, RetentionPlan } from './retention-plan.ts';
import { fileOf } from './stored-file.ts';

/**
 * Checks a plan against the promises of retention before anything is deleted, in other code than made it. Throws an
 * invariant when the plan would break one: a bug then stops the deletion and not the last good copy.
 */
export function requireSafePlan(plan: RetentionPlan, input: RetentionInput): void {
  const removed = new Set(filesOf(plan, ({ action }) => action === 'remove'));
  const leaving = new Set(filesOf(plan, ({ action }) => action === 'remove' || action === 'mark'));
  invariant(plan.steps.length === input.copies.length, 'a plan of retention covers every copy once');
  invariant(plan.frozen === null || leaving.size === 0, 'nothing is deleted while retention is frozen');
  for (const { copy, action } of plan.steps) {
    const isLeaving = action === 'remove' || action === 'mark';
    invariant(!isLeaving || copy.pins.length === 0, 'what is pinned is kept');
    invariant(!isLeaving || !input.failing.has(copy.source), 'nothing is deleted while the latest backup failed');
    invariant(action !== 'remove' || copy.markedAt !== null, 'what is removed was marked before');
  }
  for (const group of groups(input.copies)) {
    const [{ source } = { source: '' }] = group;
    const { minProven, maxShare } = input.retentionOf(source);
    const doubtful = new Set(group.filter(({ state }) => state !== 'proven').map(fileOf));
    const proven = group.filter((copy) => !doubtful.has(fileOf(copy)));
    const files = new Set(proven.map(fileOf));
    const staying = new Set(
      plan.steps
        .filter(({ copy, action }) => isOf(copy, group) && isUnmarked(copy.markedAt, action))
        .map(({ copy }) => fileOf(copy))
        .filter((file) => files.has(file)),
    );
    const gone = new Set(group.map(fileOf).filter((file) => leaving.has(file)));
    if (gone.size === 0) continue;
    const newest = proven.reduce<BackupCopy | null>(
      (best, copy) => (best === null || copy.sequence > best.sequence ? copy : best),
      null,
    );
    invariant(newest !== null && !leaving.has(fileOf(newest)), 'the newest proven copy stays');
    invariant(staying.size >= Math.min(files.size, Math.max(1, minProven)), 'enough proven copies stay');
    invariant(files.size > Math.max(1, minProven), 'nothing goes where there are too few proven copies');
    invariant(gone.size <= new Set(group.map(fileOf)).size * maxShare, 'one run takes away a part only');
  }
  for (const { copy, action } of plan.steps)
    invariant(action === 'remove' || !removed.has(fileOf(copy)), 'a file goes only when every entry of it goes');
}

function isUnmarked(markedAt: number | null, action: string): boolean {
  return action === 'unmark' || (action === 'keep' && markedAt === null);
}

function isOf(copy: BackupCopy, [first]: readonly BackupCopy[]): boolean {
  return copy.source === first?.source && copy.destination === first.destination;
}

function filesOf(plan: RetentionPlan, matches: (step: RetentionPlan['steps'][number]) => boolean): readonly string[] {
  return plan.steps.filter(matches).map(({ copy }) => fileOf(copy));
}

function groups(copies: readonly BackupCopy[]): readonly (readonly BackupCopy[])[] {
  return [...Map.groupBy(copies, ({ source, destination }) => `${source}\n${destination}`).values()];
}
