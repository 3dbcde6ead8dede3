import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** How long the state from before a restore is kept. */
export const KEPT_MS = 24 * 3_600_000;

const NAME = /^before-restore-(\d+)$/;

/** Folder for the state from before a restore at a time (Unix ms). */
export function keptFolder(base: string, source: string, now: number): string {
  return path.join(base, source, `before-restore-${now}`);
}

/**
 * Removes states that are older than a day, and never the newest of a source: it is the only one that a person who comes
 * back from a weekend can still ask for. Times in the future count as new. Returns the folders that went.
 */
export async function removeOldStates(base: string, now: number): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const source of await names(base)) {
    const states = (await names(path.join(base, source)))
      .flatMap((name) => {
        const at = Number(NAME.exec(name)?.[1] ?? Number.NaN);
        return Number.isNaN(at) ? [] : [{ name, at }];
      })
      .sort((a, b) => b.at - a.at);
    for (const { name, at } of states.slice(1)) {
      if (now - at < KEPT_MS) continue;
      const folder = path.join(base, source, name);
      await rm(folder, { recursive: true, force: true });
      removed.push(folder);
    }
  }
  return removed;
}

async function names(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
