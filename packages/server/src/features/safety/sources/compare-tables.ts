import type { BackupManifest } from '@belay/protocol';

type Tables = BackupManifest['tables'];

/** In words, what of the manifest's tables and counts a copy does not have; empty when all is there. */
export function compareTables(seen: Readonly<Tables>, wanted: Readonly<Tables>): string[] {
  const rows = new Map(seen.map((table) => [table.name, table.rows]));
  const known = new Set(wanted.map(({ name }) => name));
  return [
    ...wanted.flatMap(({ name, rows: count, isEstimate }) => {
      const found = rows.get(name);
      if (found === undefined) return [`Table ${name} is missing.`];
      return found === count || isEstimate ? [] : [`Table ${name} has ${found} rows, not ${count}.`];
    }),
    ...seen.filter(({ name }) => !known.has(name)).map(({ name }) => `Table ${name} is not in the manifest.`),
  ];
}
