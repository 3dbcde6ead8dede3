import { compileOwnPattern, type OwnPattern } from './own-pattern.ts';
import { verdictOfKey } from './key-verdict.ts';
import type { RedactionRule } from './redaction-rules.ts';
import { createSecretScanner, type SecretScanner } from './secret-scanner.ts';
import { keyTriggers, placeholderOf, textRules, withoutNamedSecrets } from './text-rules.ts';

/** How often each rule took something out, by its id or, for own rules, its name. */
export type RedactionCounts = Map<string, number>;

/** What to take out; nothing given means every built-in rule. */
export interface RedactionOptions {
  /** Built-in rules that are switched off. */
  readonly off?: readonly RedactionRule[];
  /** Further keys whose values are taken out, compared without regard to case; counted as `key:<key>`. */
  readonly keys?: readonly string[];
  /** Further patterns; each must pass `checkOwnPattern`. */
  readonly patterns?: readonly OwnPattern[];
}

/** Takes secrets out of attributes and texts. Pure, but for caches; one may be shared by everyone. */
export interface Redactor {
  /** Rule by which every value of this key is taken out; undefined where values are only searched. Cached. */
  keyRule(key: string): string | undefined;
  /** What is stored instead of the value of an attribute; the value itself where there is nothing to take out. */
  attribute(key: string, value: string, counts: RedactionCounts): string;
  /** What is stored instead of a text; the text itself where there is nothing to take out. */
  text(value: string, counts: RedactionCounts): string;
  /** Cheap look at UTF-8 bytes: false means that `text` would change nothing; true is not yet a finding. */
  mayHoldSecret(bytes: Uint8Array, start: number, end: number): boolean;
  /** What is stored instead of the value of a key that `keyRule` condemns; counts it. */
  placeholder(rule: string, counts: RedactionCounts): string;
}

const CACHED_KEYS = 10_000;

/** Builds a redactor. Own patterns are taken as checked. */
export function createRedactor(options: RedactionOptions = {}): Redactor {
  const off: ReadonlySet<string> = new Set(options.off);
  const rules = textRules.filter(({ rule }) => !off.has(rule));
  const own = (options.patterns ?? []).map((pattern) => ({ ...pattern, compiled: compileOwnPattern(pattern) }));
  const ownKeys = new Map((options.keys ?? []).map((key) => [key.toLowerCase(), `key:${key}`]));
  const scanner = scannerOf(rules, options);
  const keyRule = createKeyRule(ownKeys, off);
  const placeholder = (rule: string, counts: RedactionCounts): string => {
    counts.set(rule, (counts.get(rule) ?? 0) + 1);
    return placeholderOf(rule);
  };
  const text = (value: string, counts: RedactionCounts): string => {
    if (!scanner.inText(value)) return value;
    const takeOut = (rule: string): string => placeholder(rule, counts);
    let result = value;
    for (const { apply } of rules) result = apply(result, takeOut);
    result = withoutNamedSecrets(result, keyRule, takeOut);
    const lower = own.length === 0 ? '' : result.toLowerCase();
    for (const { name, contains, compiled } of own) {
      if (lower.includes(contains.toLowerCase())) result = result.replaceAll(compiled, () => takeOut(name));
    }
    return result;
  };
  return {
    keyRule,
    text,
    placeholder,
    mayHoldSecret: scanner.inBytes,
    attribute(key, value, counts) {
      const rule = keyRule(key);
      if (rule === undefined) return text(value, counts);
      return value === '' ? value : placeholder(rule, counts);
    },
  };
}

function scannerOf(rules: typeof textRules, { keys = [], patterns = [] }: RedactionOptions): SecretScanner {
  return createSecretScanner([
    ...rules.flatMap(({ triggers }) => triggers),
    ...keyTriggers,
    ...keys.map((key) => ({ text: key })),
    ...patterns.map(({ contains }) => ({ text: contains })),
  ]);
}

/** Keys repeat endlessly and are few, so their verdicts are remembered. */
function createKeyRule(
  own: ReadonlyMap<string, string>,
  off: ReadonlySet<string>,
): (key: string) => string | undefined {
  const verdicts = new Map<string, string | undefined>();
  return (key) => {
    if (verdicts.has(key)) return verdicts.get(key);
    const builtIn = verdictOfKey(key);
    const verdict = own.get(key.toLowerCase()) ?? (builtIn === undefined || off.has(builtIn) ? undefined : builtIn);
    if (verdicts.size >= CACHED_KEYS) verdicts.clear();
    verdicts.set(key, verdict);
    return verdict;
  };
}
