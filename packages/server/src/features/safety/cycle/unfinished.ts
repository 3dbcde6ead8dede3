import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { SafetyOperation } from '@belay/protocol';
import type { BackupContext } from '../backup-context.ts';
import type { BackupSource } from '../backup-settings.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { localArtefact } from './finish-backup.ts';

interface Resume {
  readonly operation: SafetyOperation;
  readonly entry: CatalogueEntry;
  readonly source: BackupSource;
}

export interface Unfinished {
  /** Backups whose artefact and manifest are there: they go on from the storing. */
  readonly resume: readonly Resume[];
  /** Everything else that was under way. */
  readonly lost: readonly SafetyOperation[];
}

/** What an earlier process left, by what can still be done about it. */
export async function unfinished(context: BackupContext): Promise<Unfinished> {
  const { catalogue, settings } = context;
  const resume: Resume[] = [];
  const lost: SafetyOperation[] = [];
  for (const operation of await catalogue.operations()) {
    const isOpen = operation.state === 'running' || operation.state === 'waiting';
    // One that was stopped, or failed because no destination took it, has its artefact still.
    if (!isOpen && operation.state !== 'failed' && operation.state !== 'interrupted') continue;
    const entry = operation.backup === null ? undefined : await catalogue.find(operation.backup);
    const source = settings.sources.find(({ name }) => name === operation.source);
    const folder = path.join(settings.workFolder, operation.id);
    const hasArtefact = entry?.state === 'good' && existsSync(localArtefact(entry, folder));
    if (operation.kind === 'backup' && hasArtefact && source !== undefined) resume.push({ operation, entry, source });
    else if (isOpen) lost.push(operation);
  }
  return { resume, lost };
}

/** Removes what crashes left in the work folder: everything but the folders of `keep`. */
export async function cleanWorkFolder(workFolder: string, keep: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(workFolder))
    if (!keep.has(name))
      // A process of the killed server may still be writing for a moment.
      await rm(path.join(workFolder, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
