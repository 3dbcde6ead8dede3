import type { BackupCopy } from './backup-copy.ts';

/** A file at a destination with every entry of the catalogue that names it; normally one. */
export interface StoredFile extends BackupCopy {
  readonly entries: readonly BackupCopy[];
}

const WORST = { bad: 0, unproven: 1, proven: 2 } as const;

/** Identity of the file behind a copy. */
export function fileOf({ destination, object }: BackupCopy): string {
  return `${destination}\n${object}`;
}

/**
 * Puts entries that name the same file together: a file is as good as its worst entry says, is pinned when one entry is,
 * and is marked when all are. Newest first by sequence, in a stable order for equal ones.
 */
export function storedFiles(copies: readonly BackupCopy[]): readonly StoredFile[] {
  const files = [...Map.groupBy(copies, fileOf).values()].map((entries): StoredFile => {
    const ordered = entries.toSorted(
      (a, b) => b.sequence - a.sequence || b.takenAt - a.takenAt || (a.reason < b.reason ? -1 : 1),
    );
    // Grouping makes no empty group.
    const [newest] = ordered as [BackupCopy, ...BackupCopy[]];
    const marks = ordered.flatMap(({ markedAt }) => (markedAt === null ? [] : [markedAt]));
    return {
      ...newest,
      state: ordered.reduce((worst, { state }) => (WORST[state] < WORST[worst] ? state : worst), newest.state),
      pins: [...new Set(ordered.flatMap(({ pins }) => pins))],
      markedAt: marks.length === ordered.length ? Math.max(...marks) : null,
      entries: ordered,
    };
  });
  return files.sort((a, b) => b.sequence - a.sequence || (a.object < b.object ? -1 : 1));
}
