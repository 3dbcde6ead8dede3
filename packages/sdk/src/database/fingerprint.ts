/** What is known of a statement by its text alone. */
export interface Fingerprint {
  /** The statement with `?` for values and lists of values, spaces and comments folded; at most 500 characters. */
  readonly text: string;
  /** First word, upper case: `SELECT`, `INSERT`, ... */
  readonly verb: string;
  /** Tables it names after FROM, JOIN, INTO, UPDATE; lower case, without quotes. */
  readonly tables: readonly string[];
}

const MOST_KEPT = 2000;
const LONGEST_READ = 20_000;
const LONGEST_TEXT = 500;

/** Reads statements once and remembers what it found, for at most 2000 texts. */
export function createFingerprints(): (sql: string) => Fingerprint {
  const known = new Map<string, Fingerprint>();
  return (sql) => {
    const found = known.get(sql);
    if (found !== undefined) return found;
    // An application that writes values into its texts has as many texts as values; starting over bounds the memory.
    if (known.size >= MOST_KEPT) known.clear();
    const made = fingerprintOf(sql);
    known.set(sql, made);
    return made;
  };
}

/** The shape of a statement; two statements that differ only in values have the same. */
export function fingerprintOf(sql: string): Fingerprint {
  const text = sql
    .slice(0, LONGEST_READ)
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/'(?:[^']|'')*(?:'|$)/g, '?')
    .replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$/g, '?')
    .replaceAll(/(?<![\w"$.])\d+(?:\.\d+)?(?:e[+-]?\d+)?\b/gi, '?')
    .replaceAll(/\$\d+|[:@$][A-Za-z_]\w*(?!:)|\?\d+/g, (found) => (found.startsWith('::') ? found : '?'))
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\(\s*\?(?:\s*,\s*\?)*\s*\)(?:\s*,\s*\(\s*\?(?:\s*,\s*\?)*\s*\))*/g, '(?)')
    .trim();
  return {
    text: text.slice(0, LONGEST_TEXT),
    verb: (/^\(*\s*([A-Za-z]+)/.exec(text)?.[1] ?? '').toUpperCase(),
    tables: tablesOf(text),
  };
}

function tablesOf(text: string): readonly string[] {
  const tables = new Set<string>();
  const named = /\b(?:from|join|into|update)\s+(?:only\s+)?((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?)/gi;
  for (const [, name] of text.matchAll(named)) {
    const table = (name ?? '').replaceAll('"', '').toLowerCase();
    if (table !== '' && !WORDS.has(table)) tables.add(table);
    if (tables.size >= 20) break;
  }
  return [...tables];
}

/** Words that can follow FROM or UPDATE without being a table. */
const WORDS = new Set(['set', 'select', 'lateral', 'unnest', 'skip', 'nowait', 'of']);
