import { BelayError, invariant } from '@belay/core';
import { parser } from '@prometheus-io/lezer-promql';
import type { Expression } from './ast.ts';
import { checkTypes } from './check-types.ts';
import { convertTree } from './convert-tree.ts';
import { parseError } from './promql-error.ts';

/** Longer queries are refused before they are read. */
const LENGTH_LIMIT = 100_000;

const strictParser = parser.configure({ strict: true });

/** Reads and type-checks a query; throws `promql.invalid` in Prometheus' words. */
export function parseQuery(query: string): Expression {
  if (query.length > LENGTH_LIMIT) {
    throw new BelayError('promql.invalid', `The query has ${query.length} characters; ${LENGTH_LIMIT} are allowed.`, {
      hint: 'Replace long lists of values by a regular expression or a shared label.',
    });
  }
  const text = withTodaysNames(query);
  if (text.replaceAll(/#[^\n]*/g, '').trim() === '') {
    throw parseError(text, { from: 0, to: 0 }, 'no expression found in input');
  }
  const expression = convertTree(treeOf(text), text);
  checkTypes(expression, text);
  return expression;
}

function treeOf(text: string) {
  try {
    return strictParser.parse(text);
  } catch (error) {
    const at = error instanceof SyntaxError ? /No parse at (\d+)/.exec(error.message)?.[1] : undefined;
    invariant(at !== undefined, `the parser tells where it stopped: ${String(error)}`);
    throw syntaxError(text, Number(at));
  }
}

function syntaxError(text: string, at: number): BelayError {
  const rest = text.slice(at);
  const position = { from: at, to: at };
  const trimmed = rest.trimStart();
  const from = at + rest.length - trimmed.length;
  if (trimmed === '') return parseError(text, { from: text.length, to: text.length }, 'unexpected end of input');
  if (trimmed.startsWith('(')) {
    const name = /([a-zA-Z_:][\w:]*)\s*$/.exec(text.slice(0, from))?.[1];
    if (name !== undefined) {
      const hint = 'GET /docs/reference/promql.md lists the functions.';
      return parseError(text, { from: from - name.length, to: from }, `unknown function with name "${name}"`, hint);
    }
  }
  const token = /^(?:[\w:.]+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[=!<>~]+|.)/su.exec(trimmed)?.[0] ?? '';
  const what = /^["']/.test(token) ? 'string' : /^[a-zA-Z_]/.test(token) ? 'identifier' : 'character';
  const shown = what === 'string' ? token : JSON.stringify(token);
  return parseError(text, { ...position, from }, `unexpected ${what}: ${shown.slice(0, 80)}`);
}

/** Prometheus 3 renamed one function; dashboards still use the old name. */
function withTodaysNames(query: string): string {
  if (!query.includes('holt_winters')) return query;
  const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#[^\n]*|\bholt_winters(?=\s*\()/gs;
  return query.replaceAll(token, (whole) => (whole === 'holt_winters' ? 'double_exponential_smoothing' : whole));
}
