import { readdir, unlink } from 'node:fs/promises';
import path from 'node:path';

/** Which files of a folder may go. */
export interface PruneOptions {
  readonly directory: string;
  /** Names before the date, e.g. `bot` of `bot.2026-11-24.1.log`. */
  readonly names: readonly string[];
  /** Whole days that are kept beside today. */
  readonly days: number;
  /** Unix ms. */
  readonly now: number;
}

const DAY_MS = 86_400_000;

/** Removes the files of days that are over for longer than `days`; other files are left alone. Returns what went. */
export async function pruneFiles({ directory, names, days, now }: PruneOptions): Promise<readonly string[]> {
  const known = new Set(names);
  const oldest = startOfDay(now) - days * DAY_MS;
  const old = (await readdir(directory)).filter((file) => {
    const match = /^(?<name>[\w-]+)\.(?<date>\d{4}-\d{2}-\d{2})\.\d+\.log$/.exec(file)?.groups;
    if (match === undefined || !known.has(match['name'] ?? '')) return false;
    // Half a day of room for the hour that a change of the clocks adds or takes.
    return Date.parse(`${match['date']}T00:00`) + DAY_MS / 2 < oldest;
  });
  await Promise.all(old.map((file) => unlink(path.join(directory, file))));
  return old;
}

function startOfDay(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0);
}
