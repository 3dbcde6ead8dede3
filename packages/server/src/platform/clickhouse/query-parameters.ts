import { BelayError } from '@belay/core';

/**
 * Writes the values of `{name:Type}` placeholders into a query as literals, because the embedded engine runs all
 * queries with parameters of its own one after the other. Text in quotes and comments is left alone.
 */
export function renderParameters(query: string, values: ReadonlyMap<string, string>): string {
  if (!query.includes('{')) return query;
  const token =
    /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`|--[^\n]*|\/\*[\s\S]*?\*\/|\{\s*(\w+)\s*:\s*([^{}]+?)\s*\}/g;
  return query.replace(token, (whole: string, name: string | undefined, type: string | undefined) => {
    if (name === undefined || type === undefined) return whole;
    const value = values.get(name);
    if (value === undefined) {
      throw new BelayError('request.invalid', `The query parameter "${name}" of type ${type} has no value.`);
    }
    return literalOf(unescapeTabSeparated(value), type);
  });
}

function literalOf(value: string, type: string): string {
  if (type === 'Identifier') return `\`${value.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
  return `CAST(${quoted(value)} AS ${type})`;
}

function quoted(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0');
  return `'${escaped}'`;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '0': '\0' };

/** The client sends values in TabSeparated escaping. */
function unescapeTabSeparated(value: string): string {
  return value.replaceAll(/\\([\s\S])/g, (_whole, letter: string) => ESCAPES[letter] ?? letter);
}
