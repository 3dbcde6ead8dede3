import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { BackupContext } from '../backup-context.ts';
import { destinationOf } from '../backup-context.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { fetchObject } from '../destinations/fetch-object.ts';
import { failureOf, type RunningOperation } from '../operations.ts';
import { storeCopies } from './store-copies.ts';

/** One run mends at most so many, so that backups that are due are not kept waiting by a long list. */
const MOST_PER_RUN = 10;

interface Lacking {
  readonly entry: CatalogueEntry;
  /** Configured destinations without a good copy. */
  readonly places: readonly string[];
}

/** Backups that a destination should have and has not: it was down, lost them, or is new. Newest first. */
export async function lackingCopies(context: BackupContext): Promise<readonly Lacking[]> {
  const entries = await context.catalogue.entries();
  const lacking = entries.flatMap((entry) => {
    const source = context.settings.sources.find(({ name }) => name === entry.manifest.source);
    if (source === undefined || entry.state !== 'good') return [];
    const places = source.destinations.filter((name) => {
      const copy = entry.copies.find(({ destination }) => destination === name);
      return copy === undefined || copy.state === 'pending' || copy.state === 'missing';
    });
    return places.length === 0 ? [] : [{ entry, places }];
  });
  return lacking.toSorted((a, b) => b.entry.manifest.snapshotAt - a.entry.manifest.snapshotAt);
}

/** Copies what a destination lacks from another one that has it, checked on both ends. */
export async function repairCopies(context: BackupContext, operation: RunningOperation): Promise<string> {
  const lacking = (await lackingCopies(context)).slice(0, MOST_PER_RUN);
  const problems: string[] = [];
  let mended = 0;
  for (const { entry, places } of lacking) {
    try {
      await repair(context, { entry, places }, operation);
      mended += 1;
    } catch (error) {
      if (operation.signal.aborted) throw error;
      problems.push(`${entry.manifest.id}: ${failureOf(error).message}`);
    }
  }
  return [`${mended} of ${lacking.length} backups are where they should be again.`, ...problems]
    .join(' ')
    .slice(0, 1000);
}

async function repair(context: BackupContext, { entry, places }: Lacking, operation: RunningOperation): Promise<void> {
  const { object, bytes, sha256 } = entry.manifest.artefact;
  const folder = path.join(context.settings.workFolder, operation.id, 'repair');
  const file = path.join(folder, path.basename(object));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const good = entry.copies.find(
      ({ state, destination }) => state === 'verified' && context.destinations.has(destination),
    );
    // One that no destination took lies where its operation left it; finishing that operation is another's work.
    if (good === undefined) return;
    const expected = { bytes, sha256 };
    await fetchObject(destinationOf(context, good.destination), object, file, { signal: operation.signal, expected });
    await storeCopies(context, { entry, file, folder, destinations: places }, operation);
  } finally {
    if (existsSync(folder)) await rm(folder, { recursive: true, force: true });
  }
}
