import path from 'node:path';
import { BelayError } from '@belay/core';
import type { RestoreRequest } from '@belay/protocol';
import type { BackupContext } from '../backup-context.ts';
import type { BackupSource } from '../backup-settings.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { databaseOf } from './postgres-program.ts';

/** Where a restore goes: a file, or a database of the source's server. */
export interface RestoreTarget {
  readonly mode: RestoreRequest['mode'];
  readonly source: BackupSource;
  /** Path or name. */
  readonly place: string;
}

/** Default: beside the original, named after the backup, so that two restores never meet. */
export function restoreTarget(
  { settings }: BackupContext,
  { manifest }: CatalogueEntry,
  { mode, target }: RestoreRequest,
): RestoreTarget {
  const source = settings.sources.find(({ name }) => name === manifest.source);
  if (source === undefined || source.database.engine !== manifest.engine)
    throw new BelayError('restore.not-allowed', `belay.yaml names no ${manifest.engine} source "${manifest.source}".`, {
      hint: 'Name it under backups.sources, or open the artefact without Belay: zstd -d',
    });
  if (mode === 'replace' && target !== undefined)
    throw new BelayError('restore.not-allowed', 'A restore in place has no other target.', {
      hint: 'Leave out `target`, or restore into a copy.',
    });
  if (mode === 'replace' && source.isOwn)
    throw new BelayError('restore.not-allowed', 'Belay does not replace its own store while it runs.', {
      hint: 'Restore into a copy, stop Belay, remove belay.db-wal and belay.db-shm, and put the copy in place.',
    });
  const { database } = source;
  if (database.engine === 'postgres') {
    const live = databaseOf(database.url);
    const place = mode === 'replace' ? live : (target ?? `${live}_restored_${manifest.sequence}`);
    if (Buffer.byteLength(place) <= 63) return { mode, source, place };
    throw new BelayError('restore.not-allowed', `"${place}" is too long for the name of a database.`, {
      hint: 'Name a target of at most 63 bytes.',
    });
  }
  if (mode === 'replace') return { mode, source, place: database.path };
  if (target === undefined) return { mode, source, place: `${database.path}.restored-${manifest.sequence}` };
  if (path.isAbsolute(target)) return { mode, source, place: target };
  throw new BelayError('restore.not-allowed', `The target "${target}" is no absolute path.`, {
    hint: 'The server restores, on its own disk: write the path from the root.',
  });
}
