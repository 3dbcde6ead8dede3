import type { FlagDefinition } from '@belay/protocol';

/** A flag's rules as sentences, in the order in which they are tried. */
export function rulesInWords(definition: FlagDefinition): readonly string[] {
  if (definition.state === 'DISABLED') return ['Switched off: every service uses the default in its code.'];
  const rest = definition.defaultVariant ?? null;
  const fallback = rest === null ? 'the default in the code' : quote(rest);
  const { targeting } = definition;
  if (targeting === undefined || isEmpty(targeting)) return [`Everybody gets ${fallback}.`];
  const rules = ruleSentences(targeting, fallback);
  return rules.at(-1)?.startsWith('Everybody else') === true || rules.at(-1)?.startsWith('Users are split') === true
    ? rules
    : [...rules, `Everybody else gets ${fallback}.`];
}

function ruleSentences(rule: unknown, fallback: string): readonly string[] {
  const [operator, argument] = operation(rule);
  if (operator === 'fractional') return [`Users are split: ${shares(argument)}.`];
  if (operator !== 'if' || !Array.isArray(argument)) return [`Everybody else gets ${outcome(rule, fallback)}.`];
  const sentences: string[] = [];
  for (let index = 0; index + 1 < argument.length; index += 2) {
    sentences.push(`If ${condition(argument[index])}: ${outcome(argument[index + 1], fallback)}.`);
  }
  const last: unknown = argument.length % 2 === 1 ? argument.at(-1) : undefined;
  if (last === undefined || last === null) return sentences;
  return [...sentences, ...ruleSentences(last, fallback)];
}

function outcome(rule: unknown, fallback: string): string {
  if (rule === null || rule === undefined) return fallback;
  if (typeof rule === 'string') return quote(rule);
  if (typeof rule === 'boolean') return quote(String(rule));
  const [operator, argument] = operation(rule);
  if (operator === 'fractional') return `split, ${shares(argument)}`;
  return 'decided by a rule too deep for one sentence; see the JSON';
}

/** Weights are relative; words give percentages. */
function shares(argument: unknown): string {
  const entries = (Array.isArray(argument) ? argument : []).filter((entry): entry is unknown[] => Array.isArray(entry));
  const weights = entries.map((entry) => (typeof entry[1] === 'number' ? entry[1] : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return 'by shares given in the JSON';
  return entries
    .map(
      (entry, index) =>
        `${Number(((100 * (weights[index] ?? 0)) / total).toFixed(2))}% ${outcome(entry[0], 'the default')}`,
    )
    .join(', ');
}

const comparisons: Readonly<Record<string, string>> = {
  '==': 'is',
  '===': 'is',
  '!=': 'is not',
  '!==': 'is not',
  '<': 'is below',
  '<=': 'is at most',
  '>': 'is above',
  '>=': 'is at least',
  starts_with: 'starts with',
  ends_with: 'ends with',
};

function condition(rule: unknown): string {
  const [operator, argument] = operation(rule);
  const parts: readonly unknown[] = Array.isArray(argument) ? argument : [argument];
  if (operator === null) return show(rule);
  if (operator === 'and') return parts.map(condition).join(' and ');
  if (operator === 'or') return parts.map(condition).join(' or ');
  if (operator === '!') return `not (${condition(parts[0])})`;
  if (operator === 'in')
    return Array.isArray(parts[1])
      ? `${show(parts[0])} is one of ${parts[1].map(show).join(', ')}`
      : `${show(parts[1])} contains ${show(parts[0])}`;
  if (operator === 'sem_ver') return `version ${show(parts[0])} ${String(parts[1])} ${show(parts[2])}`;
  if (operator === 'var') return `${show(rule)} is set`;
  const words = comparisons[operator];
  return words === undefined
    ? 'a rule holds that only the JSON can show'
    : `${show(parts[0])} ${words} ${show(parts[1])}`;
}

function show(value: unknown): string {
  const [operator, argument] = operation(value);
  if (operator === 'var')
    return typeof argument === 'string' ? argument : String(Array.isArray(argument) ? argument[0] : argument);
  if (operator !== null) return '(a computed value)';
  return typeof value === 'string' ? `“${value}”` : JSON.stringify(value);
}

function operation(rule: unknown): readonly [operator: string | null, argument: unknown] {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return [null, undefined];
  const entries = Object.entries(rule);
  const first = entries[0];
  return entries.length === 1 && first !== undefined ? first : [null, undefined];
}

function isEmpty(rule: unknown): boolean {
  return rule === null || (typeof rule === 'object' && Object.keys(rule).length === 0);
}

const quote = (name: string): string => `“${name}”`;
