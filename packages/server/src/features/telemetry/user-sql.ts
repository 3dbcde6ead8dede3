import { BelayError } from '@belay/core';

interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'symbol' | 'parameter';
  /** Words in lower case, names without their quotes, everything else as written. */
  readonly value: string;
  readonly written: string;
}

/** Clauses and statements that reach beyond one question, or lift its limits. */
const FORBIDDEN_WORDS = new Map([
  ['into', 'writing to a file'],
  ['outfile', 'writing to a file'],
  ['settings', 'setting limits'],
  ['format', 'choosing a format'],
  ['system', 'the tables and commands of the engine'],
  ['information_schema', 'the tables of the engine'],
  ['kill', 'ending queries'],
  ['attach', 'changing tables'],
  ['detach', 'changing tables'],
  ['alter', 'changing tables'],
  ['create', 'changing tables'],
  ['drop', 'changing tables'],
  ['truncate', 'changing tables'],
  ['insert', 'changing tables'],
  ['grant', 'rights'],
  ['revoke', 'rights'],
  ['parallel', 'writing to a file'],
]);

/** Functions that read outside the tables, hold a thread, or tell about the machine. */
const FORBIDDEN_FUNCTIONS =
  /^(file|sleep\w*|dict\w*|join[gG]et\w*|getserversetting|getsetting\w*|getmacro|hostname|fqdn|filesystem\w*|displayname|servertimezone|serveruuid|tcpport|addressto\w+|currentroles|enabledroles|defaultroles|currentuser|throwif|catboost\w*|meta\w*script|executable\w*|initial\w*|showcertificate|buildid|runningaccumulate|blockserialized\w*|fuzzbits|python|input|view\w*|zookeeper\w*|lowcardinalityindices|evalmlmethod|aidescribe|ai\w+)$/i;
const TABLE_FUNCTIONS = new Set(['numbers', 'zeros']);
const ENDS_FROM = new Set([
  'where',
  'prewhere',
  'group',
  'order',
  'limit',
  'having',
  'union',
  'window',
  'qualify',
  'except',
  'intersect',
  'on',
  'using',
  'sample',
  'array',
  'select',
]);
const MOST_TOKENS = 5_000;

/**
 * Lets one SELECT over the named tables through and returns it without comments; throws `request.invalid` for anything
 * else. This is one of two fences: the session that runs it is read-only, but that alone still writes INTO OUTFILE.
 */
export function checkUserSql(text: string, tables: readonly string[]): string {
  const tokens = tokensOf(text);
  const [first] = tokens;
  if (first === undefined) throw refused('There is no SQL.', 'Write SELECT ... FROM one of the tables.');
  if (first.kind !== 'word' || (first.value !== 'select' && first.value !== 'with' && first.written !== '(')) {
    throw refused(`It begins with "${first.written}".`, 'Only a single SELECT (or WITH ... SELECT) is run.');
  }
  checkWords(tokens);
  checkTables(tokens, new Set([...tables, ...expressionsOf(tokens)]));
  return tokens.map(({ written }) => written).join(' ');
}

function checkWords(tokens: readonly Token[]): void {
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    if (token.value === ';') throw refused('There is a ";".', 'Only a single statement is run; leave the ";" out.');
    if (token.kind !== 'word' && token.kind !== 'name') continue;
    const isColumn = tokens[index - 1]?.value === '.';
    const reason = isColumn ? undefined : FORBIDDEN_WORDS.get(token.value.toLowerCase());
    if (reason !== undefined) throw refused(`"${token.written}" is not allowed: ${reason}.`, 'Leave it out.');
    if (next?.value === '(' && FORBIDDEN_FUNCTIONS.test(token.value)) {
      throw refused(`The function "${token.written}" is not allowed.`, 'Use functions of values and aggregates.');
    }
  }
}

/** Where tables stand: after FROM, JOIN and the commas between, and after IN. */
function checkTables(tokens: readonly Token[], known: ReadonlySet<string>): void {
  const inFrom: boolean[] = [false];
  for (const [index, token] of tokens.entries()) {
    const depth = inFrom.length - 1;
    if (token.value === '(' || token.value === '[') inFrom.push(false);
    else if (token.value === ')' || token.value === ']') {
      if (depth > 0) inFrom.pop();
    } else if (token.kind === 'word' && ENDS_FROM.has(token.value)) inFrom[depth] = false;
    const isBehindColumn = tokens[index - 1]?.value === '.';
    const opens = token.kind === 'word' && (token.value === 'from' || token.value === 'join') && !isBehindColumn;
    if (opens) inFrom[depth] = true;
    if (opens || (token.value === ',' && inFrom[depth] === true)) checkTable(tokens, index + 1, known);
    if (token.kind === 'word' && token.value === 'in') checkMembers(tokens, index + 1, known);
  }
}

function checkTable(tokens: readonly Token[], at: number, known: ReadonlySet<string>): void {
  const [table, next] = [tokens[at], tokens[at + 1]];
  if (table === undefined || table.value === '(') return;
  const isName = table.kind === 'word' || table.kind === 'name';
  if (isName && next?.value === '(' && TABLE_FUNCTIONS.has(table.value)) return;
  if (isName && next?.value !== '(' && next?.value !== '.' && known.has(table.value)) return;
  throw refused(`"${table.written}" is not a table to read.`, `Tables: ${[...known].toSorted().join(', ')}.`);
}

/** `x IN name` reads a table; lists, subqueries and columns of arrays stand in brackets. */
function checkMembers(tokens: readonly Token[], at: number, known: ReadonlySet<string>): void {
  const member = tokens[at];
  if (member?.kind === 'word' || member?.kind === 'name') checkTable(tokens, at, known);
}

/** Names that WITH gives: `name AS (` and `expression AS name`, of which only the former can be read from. */
function expressionsOf(tokens: readonly Token[]): string[] {
  return tokens.flatMap(({ kind, value }, index) => {
    const isNamed = (kind === 'word' || kind === 'name') && tokens[index + 1]?.value === 'as';
    return isNamed && tokens[index + 2]?.value === '(' ? [value] : [];
  });
}

const TOKEN =
  /(?<space>\s+|--[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)|(?<text>'(?:[^'\\]|\\[\s\S]|'')*')|(?<name>"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`\\]|\\[\s\S]|``)*`)|(?<parameter>\{\s*\w+\s*:\s*[\w(), ']+\})|(?<number>\d[\w.]*)|(?<word>[A-Za-z_]\w*)|(?<symbol>->|::|<=|>=|!=|<>|\|\||[-+*/%=<>(),.[\]?:;@^|])/gy;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) {
      throw refused(`"${text.slice(at, at + 20)}" cannot be read.`, 'Close every quote, and leave other signs out.');
    }
    const [written] = match;
    const kind = kindOf(match.groups);
    if (kind !== undefined) tokens.push({ kind, value: valueOf(kind, written), written });
    if (tokens.length > MOST_TOKENS) throw refused('The SQL is too long.', `At most ${MOST_TOKENS} words.`);
  }
  return tokens;
}

const KINDS = ['text', 'name', 'parameter', 'number', 'word', 'symbol'] as const;

function kindOf(groups: Readonly<Record<string, string | undefined>> | undefined): Token['kind'] | undefined {
  return KINDS.find((kind) => groups?.[kind] !== undefined);
}

function valueOf(kind: Token['kind'], written: string): string {
  if (kind === 'word') return written.toLowerCase();
  return kind === 'name' ? written.slice(1, -1) : written;
}

function refused(what: string, mend: string): BelayError {
  return new BelayError('request.invalid', `This SQL is not run. ${what}`, {
    hint: mend,
    issues: [{ path: 'sql', message: what, mend }],
  });
}
