import type { LogQueryProblem } from './log-expression.ts';

/** A piece of a log query with the column it begins at, from 1. */
export type QueryToken =
  | { readonly kind: 'open' | 'close' | 'minus' | 'and' | 'or' | 'not' | 'end'; readonly column: number }
  | { readonly kind: 'word' | 'phrase'; readonly text: string; readonly column: number }
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly value: string;
      readonly isQuoted: boolean;
      readonly column: number;
      readonly valueColumn: number;
    };

/** Tokens of a query, ending in `end`, or the first thing that cannot be read. */
export function queryTokens(query: string): readonly QueryToken[] | LogQueryProblem {
  const tokens: QueryToken[] = [];
  let at = 0;
  while (at < query.length) {
    if (/\s/.test(query.charAt(at))) {
      at += 1;
      continue;
    }
    const read = readToken(query, at);
    if ('message' in read) return read;
    tokens.push(read.token);
    at = read.end;
  }
  tokens.push({ kind: 'end', column: query.length + 1 });
  return tokens;
}

interface Read {
  readonly token: QueryToken;
  readonly end: number;
}

const SIGNS: Readonly<Record<string, 'open' | 'close' | 'minus'>> = { '(': 'open', ')': 'close', '-': 'minus' };
/** A field's name begins with a letter, `_`, `@` or `$`, so that `12:30` is a word. */
const FIELD_NAME = /[A-Za-z_@$][\w.@$/-]*:(?!\/\/)/y;
const WORD = /[^\s()"]+/y;

function readToken(query: string, at: number): Read | LogQueryProblem {
  const column = at + 1;
  const sign = SIGNS[query.charAt(at)];
  // A dash alone or before a space stands for itself, e.g. in `a - b`.
  if (sign !== undefined && (sign !== 'minus' || /[^\s)]/.test(query.charAt(at + 1)))) {
    return { token: { kind: sign, column }, end: at + 1 };
  }
  if (query.charAt(at) === '"') return readQuoted(query, at);
  const name = match(FIELD_NAME, query, at);
  if (name !== undefined) return readField(query, { name: name.slice(0, -1), column, at: at + name.length });
  const word = match(WORD, query, at) ?? query.charAt(at);
  const end = at + word.length;
  if (word === 'AND' || word === 'OR' || word === 'NOT') {
    return { token: { kind: word === 'AND' ? 'and' : word === 'OR' ? 'or' : 'not', column }, end };
  }
  return { token: { kind: 'word', text: word, column }, end };
}

/** A phrase, or the quoted name of a field. */
function readQuoted(query: string, at: number): Read | LogQueryProblem {
  const quoted = unquote(query, at);
  if ('message' in quoted) return quoted;
  if (query.charAt(quoted.end) === ':' && quoted.text !== '') {
    return readField(query, { name: quoted.text, column: at + 1, at: quoted.end + 1 });
  }
  return { token: { kind: 'phrase', text: quoted.text, column: at + 1 }, end: quoted.end };
}

interface FieldStart {
  readonly name: string;
  readonly column: number;
  readonly at: number;
}

function readField(query: string, { name, column, at }: FieldStart): Read | LogQueryProblem {
  const valueColumn = at + 1;
  if (query.charAt(at) === '"') {
    const quoted = unquote(query, at);
    if ('message' in quoted) return quoted;
    const token = { kind: 'field', name, value: quoted.text, isQuoted: true, column, valueColumn } as const;
    return { token, end: quoted.end };
  }
  const value = match(WORD, query, at) ?? '';
  if (value === '') {
    return { column: valueColumn, message: `"${name}:" has no value`, mend: `write ${name}:value or ${name}:*` };
  }
  return { token: { kind: 'field', name, value, isQuoted: false, column, valueColumn }, end: at + value.length };
}

function unquote(query: string, at: number): { readonly text: string; readonly end: number } | LogQueryProblem {
  let text = '';
  for (let index = at + 1; index < query.length; index += 1) {
    const letter = query.charAt(index);
    if (letter === '"') return { text, end: index + 1 };
    if (letter === '\\' && index + 1 < query.length) {
      index += 1;
      text += query.charAt(index);
    } else text += letter;
  }
  return { column: at + 1, message: 'the quote is not closed', mend: 'add " at the end of the phrase' };
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
