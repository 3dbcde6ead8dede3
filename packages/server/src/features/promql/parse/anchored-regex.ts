import { BelayError } from '@belay/core';
import { RE2JS } from 're2js';

/** A regular expression in RE2's syntax that must match a whole text, in time linear in its length. */
export interface AnchoredRegex {
  test(text: string): boolean;
  /** The replacement with `$1`, `${1}`, `$name` filled in; undefined when the text does not match. */
  expand(text: string, replacement: string): string | undefined;
}

/** Longer ones are refused: a regular expression is compiled into a program of its own. */
const LENGTH_LIMIT = 16_384;
/** Repetitions multiply (`(a{1000}){1000}`), so the compiled program is bounded, too. */
const PROGRAM_LIMIT = 50_000;

/** Throws `promql.invalid` with the reason when the pattern cannot be read. */
export function compileRegex(pattern: string): AnchoredRegex {
  if (pattern.length > LENGTH_LIMIT) throw invalid(`regular expression longer than ${LENGTH_LIMIT} characters`);
  const regex = compile(pattern);
  const literals = literalsOf(pattern);
  return {
    test: literals === undefined ? (text) => regex.testExact(text) : (text) => literals.has(text),
    expand: (text, replacement) => {
      const match = regex.matcher(text);
      if (!match.matches()) return undefined;
      const groups = Array.from({ length: match.groupCount() + 1 }, (_, index) => match.group(index) ?? '');
      const named = new Map(Object.entries(regex.namedGroups()));
      return expandTemplate(replacement, groups, named);
    },
  };
}

function compile(pattern: string): RE2JS {
  try {
    const regex = RE2JS.compile(pattern, RE2JS.DOTALL);
    if (regex.programSize() > PROGRAM_LIMIT) throw invalid('regular expression is too large once it is expanded');
    return regex;
  } catch (error) {
    if (error instanceof BelayError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new BelayError('promql.invalid', `error parsing regexp: ${reason.replace(/^error parsing regexp: /, '')}`, {
      cause: error,
    });
  }
}

/** The texts of `a|b|c`, which need no regular expression. */
function literalsOf(pattern: string): ReadonlySet<string> | undefined {
  return /^[\w :/@,=-]+(?:\|[\w :/@,=-]*)*$/.test(pattern) ? new Set(pattern.split('|')) : undefined;
}

/** Go's `Regexp.Expand`: the longest run of letters, digits and underscores is the name; unknown ones are empty. */
function expandTemplate(template: string, groups: readonly string[], named: ReadonlyMap<string, unknown>): string {
  return template.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/g, (_whole, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return '$';
    const index = /^\d+$/.test(name) ? Number(name) : Number(named.get(name) ?? -1);
    return groups[index] ?? '';
  });
}

function invalid(message: string): BelayError {
  return new BelayError('promql.invalid', message);
}
