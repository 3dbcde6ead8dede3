import type { InputIssue } from '../error.ts';
import { isRecord } from './coercion.ts';
import { errorResult, makeResult } from './flag-result.ts';
import { freezeCopy } from './freeze-copy.ts';
import { possibleVariants } from './possible-variants.ts';
import { compileRule } from './rule-compiler.ts';
import type { CompiledFlag, CompileOptions, CompileResult, FlagMetadata, FlagSet, GuardedResult } from './types.ts';

/**
 * Reads a flagd document (`{ flags, $evaluators?, metadata? }`, parsed from JSON) and compiles every rule once.
 * All that is wrong is reported together, each issue with the path, the value seen and how to mend it. With
 * `lenient`, only a document that is no flagd document at all is refused; a flag that cannot be read then evaluates
 * to `PARSE_ERROR`, and what was wrong stands in `flags.issues`.
 */
export function compileFlagSet(definition: unknown, options: CompileOptions = {}): CompileResult {
  if (!isRecord(definition) || !isRecord(definition['flags'])) {
    return { issues: [notADocument(definition)] };
  }
  const issues: InputIssue[] = [];
  const source: SetSource = {
    metadata: readMetadata(definition['metadata'], 'metadata', issues),
    evaluators: readEvaluators(definition['$evaluators'], issues),
  };
  const entries = Object.entries(definition['flags']);
  if (entries.length > maximumFlags) return { issues: [tooManyFlags(entries.length)] };
  const flags = new Map(entries.map(([key, raw]) => [key, compileFlag(key, raw, { source, issues })]));
  if (issues.length > 0 && options.lenient !== true) return { issues };
  return { flags: Object.freeze<FlagSet>({ flags, metadata: source.metadata, issues: Object.freeze(issues) }) };
}

/** Most flags in one set. */
const maximumFlags = 10_000;

/** Most variants of one flag. */
const maximumVariants = 1000;

interface SetSource {
  readonly metadata: FlagMetadata;
  readonly evaluators: Readonly<Record<string, unknown>>;
}

interface FlagWork {
  readonly source: SetSource;
  readonly issues: InputIssue[];
}

function compileFlag(key: string, raw: unknown, { source, issues }: FlagWork): CompiledFlag {
  const path = `flags.${key}`;
  const fields = isRecord(raw) ? raw : {};
  const before = issues.length;
  if (!isRecord(raw)) issues.push({ path, message: 'a flag is an object', seen: shown(raw), mend: flagExample });
  const metadata: FlagMetadata = Object.freeze({
    ...source.metadata,
    ...readMetadata(fields['metadata'], `${path}.metadata`, issues),
  });
  const state = readState(fields['state'], path, issues);
  const variants = readVariants(fields['variants'], path, issues);
  const defaultVariant = readDefault(fields['defaultVariant'], { path, variants, issues });
  const isShapeless = issues.length > before && (state === undefined || variants.size === 0);
  const draft: Draft = { key, metadata, variants, defaultVariant, state: state ?? 'ENABLED' };
  const compiled = compileTargeting(fields['targeting'], draft, { source, issues });
  const isBroken = isShapeless || compiled.isFatal || isMissingDefault(fields['defaultVariant'], variants);
  return finishFlag(draft, compiled.rule, isBroken);
}

type Draft = Pick<CompiledFlag, 'key' | 'state' | 'metadata' | 'variants' | 'defaultVariant'>;

function finishFlag(draft: Draft, rule: CompiledFlag['targeting'], isBroken: boolean): CompiledFlag {
  const { key, metadata, variants, defaultVariant } = draft;
  const fallback = defaultResult(draft, 'DEFAULT');
  const matches = new Map<string, GuardedResult>();
  for (const [variant, value] of variants) {
    matches.set(variant, makeResult({ value, variant, reason: 'TARGETING_MATCH', flagMetadata: metadata }));
  }
  const flag = { key, state: draft.state, defaultVariant, variants, metadata, fallback, matches };
  if (draft.state === 'DISABLED') {
    const fixed = makeResult({ value: undefined, variant: undefined, reason: 'DISABLED', flagMetadata: metadata });
    return Object.freeze({ ...flag, fixed, targeting: undefined });
  }
  if (isBroken) {
    const message = `Invalid targeting configuration for flag '${key}'`;
    return Object.freeze({ ...flag, fixed: errorResult('PARSE_ERROR', message, metadata), targeting: undefined });
  }
  if (rule !== undefined) return Object.freeze({ ...flag, fixed: undefined, targeting: rule });
  return Object.freeze({ ...flag, fixed: defaultResult(draft, 'STATIC'), targeting: undefined });
}

function defaultResult(draft: Draft, reason: 'STATIC' | 'DEFAULT'): GuardedResult {
  const variant = draft.defaultVariant;
  const flagMetadata = draft.metadata;
  if (variant === undefined || !draft.variants.has(variant)) {
    return makeResult({ value: undefined, variant: undefined, reason: 'DEFAULT', flagMetadata });
  }
  return makeResult({ value: draft.variants.get(variant), variant, reason, flagMetadata });
}

function compileTargeting(
  raw: unknown,
  draft: Draft,
  { source, issues }: FlagWork,
): { rule: CompiledFlag['targeting']; isFatal: boolean } {
  const path = `flags.${draft.key}.targeting`;
  if (raw === undefined || raw === null) return { rule: undefined, isFatal: false };
  if (!isRecord(raw)) {
    issues.push({ path, message: 'a rule is an object with one operator', seen: shown(raw), mend: ruleExample });
    return { rule: undefined, isFatal: true };
  }
  if (Object.keys(raw).length === 0) return { rule: undefined, isFatal: false };
  const compilation = compileRule(raw, { flagKey: draft.key, path, evaluators: source.evaluators });
  issues.push(...compilation.issues);
  for (const named of possibleVariants(raw, path, compilation.isFatal ? {} : source.evaluators)) {
    if (draft.variants.has(named.variant)) continue;
    issues.push(unknownVariant(named.path, named.variant, draft.variants));
  }
  return { rule: compilation.rule, isFatal: compilation.isFatal };
}

function readState(raw: unknown, path: string, issues: InputIssue[]): CompiledFlag['state'] | undefined {
  if (raw === 'ENABLED' || raw === 'DISABLED') return raw;
  issues.push({
    path: `${path}.state`,
    message: 'a flag is ENABLED or DISABLED',
    seen: shown(raw),
    mend: 'write "state": "ENABLED"',
  });
  return undefined;
}

function readVariants(raw: unknown, path: string, issues: InputIssue[]): ReadonlyMap<string, unknown> {
  const at = `${path}.variants`;
  const entries = isRecord(raw) ? Object.entries(raw) : [];
  if (entries.length === 0 || entries.length > maximumVariants) {
    const seen = entries.length > 0 ? `${entries.length} variants` : shown(raw);
    const mend = `name 1 to ${maximumVariants} variants, such as { "on": true, "off": false }`;
    issues.push({ path: at, message: 'a flag needs variants', seen, mend });
    return new Map();
  }
  const variants = new Map<string, unknown>();
  for (const [name, value] of entries) {
    const copy = freezeCopy(value);
    if (copy === undefined) {
      const mend = 'keep the value a plain JSON value';
      issues.push({ path: `${at}.${name}`, message: 'this value is no JSON value, or nested too deeply', mend });
    }
    variants.set(name, copy);
  }
  return variants;
}

function readDefault(
  raw: unknown,
  { path, variants, issues }: { path: string; variants: ReadonlyMap<string, unknown>; issues: InputIssue[] },
): string | undefined {
  if (raw === undefined || raw === null || raw === '') return undefined;
  if (typeof raw === 'string' && variants.has(raw)) return raw;
  if (variants.size > 0) issues.push(unknownVariant(`${path}.defaultVariant`, raw, variants));
  return undefined;
}

function isMissingDefault(raw: unknown, variants: ReadonlyMap<string, unknown>): boolean {
  return Boolean(raw) && !variants.has(String(raw));
}

function readMetadata(raw: unknown, path: string, issues: InputIssue[]): FlagMetadata {
  if (raw === undefined || raw === null) return emptyMetadata;
  if (!isRecord(raw)) {
    issues.push({ path, message: 'metadata is an object', seen: shown(raw), mend: 'write it like { "team": "shop" }' });
    return emptyMetadata;
  }
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') kept[name] = value;
    else {
      const mend = 'use a text, a number, true or false';
      issues.push({ path: `${path}.${name}`, message: 'metadata holds simple values', seen: shown(value), mend });
    }
  }
  return Object.freeze(kept);
}

function readEvaluators(raw: unknown, issues: InputIssue[]): Readonly<Record<string, unknown>> {
  if (raw === undefined || raw === null) return {};
  if (isRecord(raw)) return raw;
  const mend = 'write it like { "isStaff": { "ends_with": [{ "var": "email" }, "@example.com"] } }';
  issues.push({ path: '$evaluators', message: '"$evaluators" is an object of rules', seen: shown(raw), mend });
  return {};
}

const emptyMetadata: FlagMetadata = Object.freeze({});
const flagExample = '{ "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "off" }';
const ruleExample = '{ "if": [{ "==": [{ "var": "plan" }, "pro"] }, "on", "off"] }';

function unknownVariant(path: string, raw: unknown, variants: ReadonlyMap<string, unknown>): InputIssue {
  const known = [...variants.keys()].slice(0, 20).join(', ');
  return { path, message: 'the flag has no variant of this name', seen: shown(raw), mend: `use one of: ${known}` };
}

function notADocument(definition: unknown): InputIssue {
  return {
    path: isRecord(definition) ? 'flags' : '',
    message: 'a flagd document is an object with "flags"',
    seen: shown(isRecord(definition) ? definition['flags'] : definition),
    mend: `{ "flags": { "my-flag": ${flagExample} } }`,
  };
}

function tooManyFlags(count: number): InputIssue {
  return {
    path: 'flags',
    message: 'there are too many flags',
    seen: `${count} flags`,
    mend: `keep at most ${maximumFlags} flags; archive those that no code reads`,
  };
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
