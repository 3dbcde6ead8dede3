import type { InputIssue } from '@belay/core';
import { allTables } from '../../telemetry/api.ts';

/** Words that write, administer, or reach outside of the store. */
const FORBIDDEN = new Set(
  `insert update delete alter create drop truncate rename attach detach optimize grant revoke kill system use set exchange
  outfile infile settings format into information_schema show describe explain exists undrop move backup restore`.split(
    /\s+/,
  ),
);
/** Functions that read files and other servers, or only burn time. */
const FORBIDDEN_FUNCTIONS = new Set(
  `file url s3 s3cluster remote remotesecure cluster clusterallreplicas mysql postgresql mongodb sqlite odbc jdbc hdfs
  executable input dictionary merge numbers zeros generaterandom view null sleep sleepeachrow getoskernelversion
  catboostevaluate icebergs3 azureblobstorage gcs redis joinget dictget arrowflight filecluster urlcluster`.split(
    /\s+/,
  ),
);

/** The engine's other ways to begin a comment or a text, behind which anything could hide from the reading below. */
const HIDING = /[#$‘’“”]/;

const TOKEN =
  /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`|--[^\n]*|\/\*[\s\S]*?\*\/|\{\s*\w+\s*:[^{}]*\}|[A-Za-z_]\w*|\d[\w.]*|\S/g;

/**
 * What is wrong with a query that somebody wrote: it must be one SELECT on Belay's own tables that only reads. Null when
 * nothing is. The engine runs as one user who may do everything, so this allows little instead of forbidding much.
 */
export function sqlIssue(query: string): Omit<InputIssue, 'path'> | null {
  const sign = HIDING.exec(query)?.[0];
  if (sign !== undefined) {
    return { message: `may not have the character ${sign}`, seen: sign, mend: 'write it with char(), or leave it out' };
  }
  const tokens = (query.match(TOKEN) ?? []).filter((token) => !token.startsWith('--') && !token.startsWith('/*'));
  const words = tokens.map((token) => token.toLowerCase());
  if (words[0] !== 'select' && words[0] !== 'with') {
    return {
      message: 'must be a SELECT',
      seen: tokens[0] ?? '',
      mend: 'write SELECT ... AS time, ... AS value FROM ...',
    };
  }
  if (tokens.includes(';')) return { message: 'must be one statement', seen: ';', mend: 'remove the semicolon' };
  if (tokens.some((token) => token.startsWith('"') || token.startsWith('`') || token === '\\')) {
    return { message: 'must write names without quotes', mend: 'remove the quotes around names' };
  }
  const other = words.find((word, index) => isForbidden(word, words[index + 1]));
  if (other !== undefined)
    return { message: `may not use "${other}": it may only read`, seen: other, mend: 'write a plain SELECT' };
  const place = tokens.find(
    (token) => token.startsWith('{') && !/^\{\s*(from|to)\s*:\s*DateTime(64\(3\))?\s*\}$/.test(token),
  );
  if (place !== undefined) {
    return {
      message: 'has a placeholder that is not known',
      seen: place,
      mend: 'use {from:DateTime} and {to:DateTime}',
    };
  }
  if (!words.includes('time') || !words.includes('value')) {
    return { message: 'must return the columns time and value', mend: 'write SELECT ... AS time, ... AS value' };
  }
  return tableIssue(words);
}

function isForbidden(word: string, next: string | undefined): boolean {
  return FORBIDDEN.has(word) || (next === '(' && FORBIDDEN_FUNCTIONS.has(word));
}

/** Whatever stands where a table may stand is one of Belay's, the name of a WITH, or a query of its own. */
function tableIssue(words: readonly string[]): Omit<InputIssue, 'path'> | null {
  const known = new Set([...allTables.map(({ name }) => name), ...namesOfWith(words)]);
  const wanted = words.flatMap((word, index) => {
    const isPlace = word === 'from' || word === 'join' || (word === 'in' && /^[a-z_]/.test(words[index + 1] ?? ''));
    return isPlace ? tablesFrom(words, index + 1) : [];
  });
  if (wanted.length === 0)
    return { message: 'reads no table', mend: `read one of ${[...known].slice(0, 12).join(', ')}` };
  const stranger = wanted.find((name) => !known.has(name));
  return stranger === undefined
    ? null
    : {
        message: `reads "${stranger}", which is not a table of Belay`,
        seen: stranger,
        mend: `read one of ${[...known].slice(0, 12).join(', ')}`,
      };
}

/** The name after FROM and those after commas; a dot or bracket behind a name makes it a stranger. */
function tablesFrom(words: readonly string[], start: number): string[] {
  const names: string[] = [];
  let at = start;
  while (at < words.length) {
    const word = words[at] ?? '';
    if (word === '(') return names;
    const next = words[at + 1];
    names.push(next === '.' || next === '(' ? `${word}${next}` : word);
    const comma = words.slice(at + 1, at + 4).indexOf(',');
    const isList = comma !== -1 && words.slice(at + 1, at + 1 + comma).every((between) => /^[a-z_]/.test(between));
    if (!isList) return names;
    at += comma + 2;
  }
  return names;
}

function namesOfWith(words: readonly string[]): string[] {
  return words.flatMap((word, index) =>
    words[index + 1] === 'as' && words[index + 2] === '(' && words[index + 3] === 'select' ? [word] : [],
  );
}
