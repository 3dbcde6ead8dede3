import { compileRegex } from './anchored-regex.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** One condition on a label; a label that a series does not have is the same as an empty one. */
export interface LabelMatcher {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
  matches(text: string): boolean;
}

/** Throws `promql.invalid` when the regular expression cannot be read. */
export function createLabelMatcher(label: string, operator: MatchOperator, value: string): LabelMatcher {
  if (operator === '=') return { label, operator, value, matches: (text) => text === value };
  if (operator === '!=') return { label, operator, value, matches: (text) => text !== value };
  const regex = compileRegex(value);
  const wanted = operator === '=~';
  const seen = new Map<string, boolean>();
  return {
    label,
    operator,
    value,
    matches: (text) => {
      const known = seen.get(text);
      if (known !== undefined) return known;
      const result = regex.test(text) === wanted;
      if (seen.size < SEEN_LIMIT) seen.set(text, result);
      return result;
    },
  };
}

const SEEN_LIMIT = 10_000;

export function printMatcher({ label, operator, value }: LabelMatcher): string {
  return `${printLabelName(label)}${operator}${JSON.stringify(value)}`;
}

/** Names outside the classic alphabet are quoted. */
export function printLabelName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}
