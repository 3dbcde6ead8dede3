import type { BackupManifest } from '@belay/protocol';

/** Below this share of the size before, an engine's "done" is not believed without a drill. */
const LEAST_SHARE = 0.5;

type Content = Pick<BackupManifest, 'tables'> & { readonly rawBytes: number };

/**
 * What makes a backup that ended well look as if it had not: dumps of a missing database end with exit code 0, too.
 * Deleting a lot is allowed, so a suspicion asks for a drill at once and refuses nothing by itself.
 */
export function suspicionsOf(now: Content, previous: Pick<BackupManifest, 'tables' | 'raw'> | null): string[] {
  const empty = now.tables.length === 0 ? ['It holds no table.'] : [];
  if (previous === null) return empty;
  const names = new Set(now.tables.map(({ name }) => name));
  const gone = previous.tables.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  const share = previous.raw.bytes === 0 ? 1 : now.rawBytes / previous.raw.bytes;
  return [
    ...empty,
    ...(share < LEAST_SHARE ? [`It has ${Math.round(100 * share)}% of the size of the backup before.`] : []),
    ...(gone.length > 0 ? [`Tables of the backup before are gone: ${gone.slice(0, 10).join(', ')}.`] : []),
    ...emptied(now, previous),
  ];
}

/** What an accident with DELETE or a bot that lost its data looks like. */
function emptied(now: Content, previous: Pick<BackupManifest, 'tables'>): string[] {
  const rows = new Map(now.tables.map((table) => [table.name, table.rows]));
  const names = previous.tables.filter((table) => table.rows > 0 && rows.get(table.name) === 0).map(({ name }) => name);
  return names.length === 0 ? [] : [`Tables that had rows are empty: ${names.slice(0, 10).join(', ')}.`];
}
