const LONGEST = 2000;

const RULES: readonly (readonly [RegExp, string])[] = [
  [/\/\*[\s\S]*?\*\/|--[^\n]*/g, ' '],
  // Literals: quoted text, UUIDs, numbers with their sign, and placeholders of drivers.
  [/'(?:[^'\\]|\\[\s\S]|'')*'/g, '?'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '?'],
  [/\$\d+|(?<![\w:]):[a-z_]\w*|%\(\w+\)s|%s|@[a-z_]\w*/gi, '?'],
  [/(?<![\w.?])[+-]?(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.])/gi, '?'],
  [/\s+/g, ' '],
  // Lists of any length are the same statement.
  [/\(\s*\?(?:\s*,\s*\?)*\s*\)/g, '(?)'],
  [/\(\?\)(?:\s*,\s*\(\?\))+/g, '(?)'],
];

/**
 * A database statement without its values, so that runs of the same statement can be counted together: literals and
 * placeholders become `?`, lists of them one `(?)`, comments go. Double-quoted names stay but for the numbers in them. At most 2,000 characters are
 * looked at.
 *
 * @example statementPattern("SELECT * FROM cart WHERE id IN (1, 2) AND name = 'a'") // SELECT * FROM cart WHERE id IN (?) AND name = ?
 */
export function statementPattern(statement: string): string {
  let pattern = statement.slice(0, LONGEST);
  for (const [rule, replacement] of RULES) pattern = pattern.replaceAll(rule, replacement);
  return pattern.trim().replace(/;$/, '');
}
