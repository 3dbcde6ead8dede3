import { bodyTokens, lowerAscii, MOST_WORDS } from './body-tokens.ts';
import type { LogExpression, LogQueryProblem, ParsedLogQuery } from './log-expression.ts';
import { fieldExpression } from './log-field.ts';
import { queryTokens, type QueryToken } from './log-query-tokens.ts';

const MOST_TERMS = 64;
const MOST_DEPTH = 16;

/**
 * Parses a log query: words and "phrases" that must all be there, `-` or NOT before what must not, OR, parentheses, and
 * `field:value` with `*`, `>`, `>=`, `<`, `<=`. At most 64 terms, 16 levels of parentheses. Empty means every line.
 * Never throws; a problem names its column. Linear in the length of the query.
 *
 * @example parseLogQuery('timeout -retry (level:error OR http.response.status_code:>=500)')
 */
export function parseLogQuery(query: string): ParsedLogQuery {
  const tokens = queryTokens(query);
  if ('message' in tokens) return { ok: false, problem: tokens };
  const parser: Parser = { tokens, at: 0, terms: 0, depth: 0 };
  if (tokens.length === 1) return { ok: true, expression: { kind: 'all' } };
  const expression = parseOr(parser);
  if ('message' in expression) return { ok: false, problem: expression };
  const rest = peek(parser);
  if (rest.kind !== 'end') {
    const message = 'this parenthesis closes nothing';
    return { ok: false, problem: { column: rest.column, message, mend: 'remove it, or open it before' } };
  }
  return { ok: true, expression };
}

interface Parser {
  readonly tokens: readonly QueryToken[];
  at: number;
  terms: number;
  depth: number;
}

type Parsed = LogExpression | LogQueryProblem;

function parseOr(parser: Parser): Parsed {
  const parts: LogExpression[] = [];
  for (;;) {
    const part = parseAnd(parser);
    if ('message' in part) return part;
    parts.push(part);
    if (peek(parser).kind !== 'or') return joined('or', parts);
    parser.at += 1;
  }
}

function parseAnd(parser: Parser): Parsed {
  const parts: LogExpression[] = [];
  for (;;) {
    const part = parseTerm(parser);
    if ('message' in part) return part;
    parts.push(part);
    if (peek(parser).kind === 'and') parser.at += 1;
    else if (isEndOfTerms(peek(parser))) return joined('and', parts);
  }
}

function isEndOfTerms({ kind }: QueryToken): boolean {
  return kind === 'or' || kind === 'close' || kind === 'end';
}

function parseTerm(parser: Parser): Parsed {
  const token = next(parser);
  switch (token.kind) {
    case 'minus':
    case 'not': {
      const part = nested(parser, token, parseTerm);
      return 'message' in part ? part : { kind: 'not', part };
    }
    case 'open':
      return parseGroup(parser, token);
    case 'word':
    case 'phrase':
      return counted(parser, token, () => bodyExpression(token.text, token.kind === 'word', token.column));
    case 'field':
      return counted(parser, token, () => fieldExpression(token));
    case 'and':
    case 'or':
    case 'close':
    case 'end':
      return { column: token.column, message: 'something to search for is missing here', mend: 'add a word' };
  }
}

function parseGroup(parser: Parser, open: QueryToken): Parsed {
  const inside = nested(parser, open, parseOr);
  if ('message' in inside) return inside;
  if (next(parser).kind === 'close') return inside;
  return { column: open.column, message: 'this parenthesis is not closed', mend: 'add ) after the last term' };
}

function nested(parser: Parser, at: QueryToken, parse: (parser: Parser) => Parsed): Parsed {
  if (parser.depth >= MOST_DEPTH) {
    return { column: at.column, message: `more than ${MOST_DEPTH} levels deep`, mend: 'use fewer parentheses' };
  }
  parser.depth += 1;
  const result = parse(parser);
  parser.depth -= 1;
  return result;
}

function counted(parser: Parser, { column }: QueryToken, read: () => Parsed): Parsed {
  parser.terms += 1;
  if (parser.terms <= MOST_TERMS) return read();
  return { column, message: `more than ${MOST_TERMS} terms`, mend: 'search for fewer things at once' };
}

/** Words are looked up in the index; `*` and punctuation alone are compared with the text. */
function bodyExpression(text: string, hasWildcards: boolean, column: number): Parsed {
  if (text === '' || (hasWildcards && /^\*+$/.test(text))) return { kind: 'all' };
  if (hasWildcards && text.includes('*')) return { kind: 'text', like: lowerAscii(text) };
  const tokens = bodyTokens(text);
  if (tokens.length === 0) return { kind: 'text', like: lowerAscii(text) };
  if (tokens.length <= MOST_WORDS) return { kind: 'words', tokens };
  return { column, message: `a phrase of more than ${MOST_WORDS} words`, mend: 'search for a part of it' };
}

function joined(kind: 'and' | 'or', parts: readonly LogExpression[]): LogExpression {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind, parts };
}

function peek(parser: Parser): QueryToken {
  return parser.tokens[parser.at] ?? { kind: 'end', column: 1 };
}

function next(parser: Parser): QueryToken {
  const token = peek(parser);
  if (token.kind !== 'end') parser.at += 1;
  return token;
}
