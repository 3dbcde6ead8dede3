import type { BackupCopy, BackupRetention } from './backup-copy.ts';
import type { ClockTrust } from './clock-trust.ts';
import { keepReasons } from './keep-reasons.ts';
import { fileOf, storedFiles, type StoredFile } from './stored-file.ts';

/** What happens to a copy: `mark` begins its grace, `remove` ends it, `unmark` takes a mark back. */
export type RetentionAction = 'keep' | 'mark' | 'unmark' | 'remove';

/** One copy with what happens to it and why. */
export interface RetentionStep {
  readonly copy: BackupCopy;
  readonly action: RetentionAction;
  /** Why, in words: every rule that keeps it, or why it can go. */
  readonly because: readonly string[];
}

/** Everything the plan depends on. */
export interface RetentionInput {
  readonly copies: readonly BackupCopy[];
  /** Of a source; the default rule where it has none of its own. */
  readonly retentionOf: (source: string) => BackupRetention;
  readonly now: number;
  readonly clock: ClockTrust;
  /** Sources whose latest attempt at a backup failed, whatever the reason. */
  readonly failing: ReadonlySet<string>;
}

/** What a run of retention would do. Nothing has happened yet. */
export interface RetentionPlan {
  /** Why nothing may be deleted at all now; null when deletion is allowed. */
  readonly frozen: string | null;
  /** One per copy: by source, destination, newest first. */
  readonly steps: readonly RetentionStep[];
  /** Bytes that `remove` frees. */
  readonly freedBytes: number;
}

/**
 * Decides which copies of backups are kept. Pure: the same catalogue gives the same plan.
 *
 * What holds for every source at every destination, whatever the catalogue says:
 * - the newest proven copy stays, and never fewer than `minProven` proven copies stay unmarked;
 * - where there are fewer than that, nothing goes, proven or not;
 * - nothing goes while the source's latest backup failed, or while the clock is in doubt;
 * - one run takes away at most `maxShare` of what is there;
 * - what goes was marked in an earlier run, at least `graceMs` ago by a clock that went evenly since;
 * - periods are counted, not aged: a rule keeps the newest proven copy of each of the last N periods that have one,
 *   so that a month of failures deletes nothing (restic's semantics);
 * - entries that name the same file are one copy, as good as the worst of them says.
 *
 * O(n log n) in the number of copies.
 */
export function planRetention(input: RetentionInput): RetentionPlan {
  const frozen = frozenBecause(input);
  const steps = groupsOf(input.copies).flatMap((group) => planGroup(group, { input, frozen }));
  const freed = new Map(
    steps.filter(({ action }) => action === 'remove').map(({ copy }) => [fileOf(copy), copy.bytes] as const),
  );
  return { frozen, steps, freedBytes: [...freed.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

function frozenBecause({ copies, now, clock, retentionOf }: RetentionInput): string | null {
  const newest = new Map<string, BackupCopy>();
  for (const copy of copies) {
    const known = newest.get(copy.source);
    if (known === undefined || isLater(copy, known)) newest.set(copy.source, copy);
  }
  for (const { source, takenAt, backup } of newest.values())
    if (!(takenAt <= now)) return `the clock is before the newest backup of ${source} (${backup})`;
  if (!(clock.seenAt <= now)) return 'the clock went back';
  // The longest grace of any source, so that no mark can look older than it is.
  const longest = [...newest.keys()].reduce((most, source) => Math.max(most, retentionOf(source).graceMs), 0);
  if (!(now - clock.evenSince >= longest)) return 'the clock has not gone evenly for long enough';
  return null;
}

function isLater(copy: BackupCopy, known: BackupCopy): boolean {
  return copy.sequence > known.sequence || (copy.sequence === known.sequence && copy.takenAt > known.takenAt);
}

/** All copies of a source at a destination, in a stable order of the groups. */
function groupsOf(copies: readonly BackupCopy[]): readonly (readonly BackupCopy[])[] {
  const groups = Map.groupBy(copies, ({ source, destination }) => `${source}\n${destination}`);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

interface GroupContext {
  readonly input: RetentionInput;
  readonly frozen: string | null;
}

function planGroup(group: readonly BackupCopy[], { input, frozen }: GroupContext): readonly RetentionStep[] {
  const source = group[0]?.source ?? '';
  const retention = input.retentionOf(source);
  const stop = frozen ?? (input.failing.has(source) ? 'the latest backup failed' : null);
  const files = storedFiles(group);
  const reasons = keepReasons(files, retention);
  const foreign = filesOfOthers(source, input.copies);
  // At most this many files leave in this run; a share of one copy is none.
  let budget = Math.floor(files.length * retention.maxShare);
  const decide = (file: StoredFile): Decision => {
    const keeps = reasons.get(file) ?? (foreign.has(fileOf(file)) ? ['another source names the same file'] : []);
    if (keeps.length > 0) return { verdict: 'keep', because: keeps };
    if (stop !== null) return { verdict: 'wait', because: [`nothing is deleted: ${stop}`] };
    const why = WHY_NOT[file.state];
    if (file.markedAt !== null && !isGraceOver(file.markedAt, { input, graceMs: retention.graceMs }))
      return { verdict: 'wait', because: ['marked for removal', why] };
    if (budget <= 0) return { verdict: 'wait', because: ['its turn comes in a later run', why] };
    budget -= 1;
    return { verdict: file.markedAt === null ? 'mark' : 'remove', because: [why] };
  };
  // The oldest leave first; the plan is shown newest first.
  const decided = files.toReversed().map((file) => ({ file, decision: decide(file) }));
  return decided.toReversed().flatMap(({ file, decision }) => file.entries.map((copy) => stepOf(copy, decision)));
}

interface Decision {
  readonly verdict: 'keep' | 'wait' | 'mark' | 'remove';
  readonly because: readonly string[];
}

const WHY_NOT = { bad: 'it is damaged', unproven: 'it was never proven', proven: 'no rule keeps it' } as const;

function stepOf(copy: BackupCopy, { verdict, because }: Decision): RetentionStep {
  const isMarked = copy.markedAt !== null;
  if (verdict === 'keep') return { copy, action: isMarked ? 'unmark' : 'keep', because };
  if (verdict === 'mark') return { copy, action: isMarked ? 'keep' : 'mark', because };
  return { copy, action: verdict === 'remove' ? 'remove' : 'keep', because };
}

/** A mark from before the clock went evenly, or from the future, is not old enough whatever it says. */
function isGraceOver(
  markedAt: number,
  { input, graceMs }: { readonly input: RetentionInput; readonly graceMs: number },
): boolean {
  const since = Math.max(markedAt, input.clock.evenSince);
  return markedAt <= input.now && input.now - since >= graceMs;
}

/** Nobody can say whose a file is that two sources name, so it stays. */
function filesOfOthers(source: string, all: readonly BackupCopy[]): ReadonlySet<string> {
  return new Set(all.filter((copy) => copy.source !== source).map(fileOf));
}
