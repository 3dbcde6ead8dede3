import type { SourceMapTable } from '../../../platform/sqlite/errors-tables.ts';

/** A source map as it is looked up. */
export type SourceMapEntry = SourceMapTable;

/** Finds the map of a bundle: by debug id, else by release and path. */
export interface SourceMapIndex {
  put(entry: SourceMapEntry): void;
  drop(id: string): void;
  get(id: string): SourceMapEntry | undefined;
  all(): SourceMapEntry[];
  find(bundle: {
    readonly file: string;
    readonly debugId: string | undefined;
    readonly release: string;
  }): SourceMapEntry | undefined;
}

export function createSourceMapIndex(entries: readonly SourceMapEntry[]): SourceMapIndex {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  return {
    put: (entry) => void byId.set(entry.id, entry),
    drop: (id) => void byId.delete(id),
    get: (id) => byId.get(id),
    all: () => [...byId.values()],
    find({ file, debugId, release }) {
      const known = [...byId.values()];
      const exact = debugId === undefined ? undefined : known.find((entry) => entry.debug_id === debugId);
      if (exact !== undefined || release === '') return exact;
      const bundle = bundlePath(file);
      const ofRelease = known.filter((entry) => entry.release === release);
      // The longest path wins: two bundles may share their last part.
      return ofRelease
        .filter((entry) => bundle === entry.file || bundle.endsWith(entry.file))
        .toSorted((a, b) => b.file.length - a.file.length)[0];
    },
  };
}

/** Path of a bundle without origin, query and drive: `~/assets/a.js` and `https://x.example/assets/a.js?v=1` are `/assets/a.js`. */
export function bundlePath(file: string): string {
  const plain = file
    .replaceAll('\\', '/')
    .replace(/^[a-z][\w+.-]*:\/\/[^/]*/iu, '')
    .replace(/[?#].*$/u, '')
    .replace(/^[a-z]:/iu, '')
    .replace(/^(?:~|\.{1,2})(?=\/)/u, '');
  return plain.startsWith('/') ? plain : `/${plain}`;
}
