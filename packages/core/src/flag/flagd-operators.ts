import { bucketOf, maximumTotalWeight } from './bucket.ts';
import { isReadable, textOf } from './coercion.ts';
import { hashWithPrefix, murmur3 } from './murmur.ts';
import { compileArguments, constant, expectCount } from './rule-scope.ts';
import type { OperatorCompiler, RuleScope } from './rule-scope.ts';
import { compareVersions, parseVersion } from './semantic-version.ts';
import type { SemanticVersion } from './semantic-version.ts';
import type { Rule } from './types.ts';

/** The operators that flagd adds to JSONLogic. Each gives `null` for arguments it cannot use. */
export const flagdOperators: Readonly<Record<string, OperatorCompiler>> = {
  starts_with: (raw, scope) => compileAffix('starts_with', raw, scope),
  ends_with: (raw, scope) => compileAffix('ends_with', raw, scope),
  sem_ver: compileSemVer,
  fractional: compileFractional,
};

function compileAffix(name: 'starts_with' | 'ends_with', raw: unknown, scope: RuleScope): Rule {
  expectCount(raw, scope, { name, least: 2, most: 2 });
  const list = compileArguments(raw, scope);
  return (data, root, now) => {
    const values = list(data, root, now);
    const [text, affix] = values;
    if (values.length !== 2 || typeof text !== 'string' || typeof affix !== 'string') return null;
    return name === 'starts_with' ? text.startsWith(affix) : text.endsWith(affix);
  };
}

type VersionTest = (left: SemanticVersion, right: SemanticVersion) => boolean;

const versionTests: ReadonlyMap<string, VersionTest> = new Map<string, VersionTest>([
  ['=', (left, right) => compareVersions(left, right) === 0],
  ['!=', (left, right) => compareVersions(left, right) !== 0],
  ['<', (left, right) => compareVersions(left, right) < 0],
  ['<=', (left, right) => compareVersions(left, right) <= 0],
  ['>', (left, right) => compareVersions(left, right) > 0],
  ['>=', (left, right) => compareVersions(left, right) >= 0],
  ['^', (left, right) => left.major === right.major],
  ['~', (left, right) => left.major === right.major && left.minor === right.minor],
]);

function compileSemVer(raw: unknown, scope: RuleScope): Rule {
  expectCount(raw, scope, { name: 'sem_ver', least: 3, most: 3 });
  if (!Array.isArray(raw) || raw.length !== 3) return constant(null);
  reportBadVersionTest(raw, scope);
  const [left, operator, right] = [0, 1, 2].map((index) => scope.compile(raw[index], String(index)));
  const fixed = scope.literal(raw[2]);
  const fixedVersion = fixed === undefined ? undefined : parseVersion(fixed.value);
  return (data, root, now) => {
    const test = versionTests.get(String(operator?.(data, root, now)));
    const version = parseVersion(left?.(data, root, now));
    const other = fixed === undefined ? parseVersion(right?.(data, root, now)) : fixedVersion;
    return test === undefined || version === undefined || other === undefined ? null : test(version, other);
  };
}

function reportBadVersionTest(raw: readonly unknown[], scope: RuleScope): void {
  const operator = scope.literal(raw[1]);
  if (operator !== undefined && !versionTests.has(String(operator.value))) {
    const names = [...versionTests.keys()].join(' ');
    scope.report(
      { message: '"sem_ver" does not know this comparison', seen: String(operator.value), mend: `use one of ${names}` },
      { step: '1' },
    );
  }
  const version = scope.literal(raw[2]);
  if (version !== undefined && parseVersion(version.value) === undefined) {
    scope.report(
      { message: 'this is not a semantic version', seen: String(version.value), mend: 'write it like 1.2.3' },
      { step: '2' },
    );
  }
}

/** The hash of a unit's bucket key; `undefined` where the context has none. */
type KeyHash = (...input: Parameters<Rule>) => number | undefined;

function compileFractional(raw: unknown, scope: RuleScope): Rule {
  expectCount(raw, scope, { name: 'fractional', least: 1 });
  if (!Array.isArray(raw) || raw.length === 0) return constant(null);
  const isKeyed = !Array.isArray(raw[0]);
  const entries: readonly unknown[] = isKeyed ? raw.slice(1) : raw;
  const hash = isKeyed ? compileKeyHash(raw[0], scope) : compileDefaultHash(scope);
  const fixed = compileFixedBuckets(entries, scope, isKeyed ? 1 : 0);
  if (fixed === undefined) return compileComputedBuckets(entries, { scope, hash, offset: isKeyed ? 1 : 0 });
  const single = !isKeyed && fixed.variants.length === 1 && fixed.total > 0;
  // One bucket needs no key to fall into.
  if (single) return constant(fixed.variants[0]);
  return (data, root, now) => {
    const value = hash(data, root, now);
    return value === undefined ? null : pick(fixed, value);
  };
}

function compileDefaultHash(scope: RuleScope): KeyHash {
  const hashKey = hashWithPrefix(scope.flagKey);
  return (_data, root) => {
    const key = textOf(root['targetingKey']);
    return key === '' ? undefined : hashKey(key);
  };
}

function compileKeyHash(raw: unknown, scope: RuleScope): KeyHash {
  const parts = isReadable(raw) && Object.keys(raw).length === 1 ? raw['cat'] : undefined;
  const prefix = Array.isArray(parts) && parts.length === 2 ? scope.literal(parts[0])?.value : undefined;
  if (Array.isArray(parts) && typeof prefix === 'string') {
    // The usual key is a seed before the unit's id: hash the seed once, and build no text at all.
    const hashKey = hashWithPrefix(prefix);
    const id = scope.compile(parts[1], '0.cat.1');
    return (data, root, now) => hashKey(textOf(id(data, root, now)));
  }
  const key = scope.compile(raw, '0');
  return (data, root, now) => hashText(key(data, root, now));
}

function hashText(key: unknown): number | undefined {
  return typeof key === 'string' ? murmur3(key) : undefined;
}

interface Buckets {
  readonly variants: readonly unknown[];
  /** Weights of each bucket and all before it. */
  readonly ends: readonly number[];
  readonly total: number;
}

function pick(buckets: Buckets, hash: number): unknown {
  const bucket = bucketOf(hash, buckets.total);
  for (let index = 0; index < buckets.ends.length; index += 1) {
    if (bucket < (buckets.ends[index] ?? 0)) return buckets.variants[index] ?? null;
  }
  return null;
}

/** Adds the weights up; `undefined` where an entry cannot be used. */
function gather(entries: readonly unknown[]): Buckets | undefined {
  const variants: unknown[] = [];
  const ends: number[] = [];
  let total = 0;
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length === 0 || entry.length > 2) return undefined;
    const [variant, weight = 1]: readonly unknown[] = entry;
    if (typeof variant === 'object' && variant !== null) return undefined;
    if (typeof weight !== 'number' || !Number.isInteger(weight)) return undefined;
    // A negative weight is what a rollout's subtraction can leave behind; flagd counts it as none.
    total += Math.max(0, weight);
    variants.push(variant);
    ends.push(total);
  }
  return total > maximumTotalWeight ? undefined : { variants, ends, total };
}

function compileFixedBuckets(entries: readonly unknown[], scope: RuleScope, offset: number): Buckets | undefined {
  const literals = entries.map((entry) => scope.literal(entry)?.value);
  if (!literals.every((entry) => entry !== undefined)) return undefined;
  reportBadBuckets(literals, scope, offset);
  return gather(literals);
}

function reportBadBuckets(entries: readonly unknown[], scope: RuleScope, offset: number): void {
  let total = 0;
  for (const [index, entry] of entries.entries()) {
    const buckets = gather([entry]);
    total += buckets?.total ?? 0;
    const isTooHeavy = Array.isArray(entry) && Number.isInteger(entry[1]) && entry[1] > maximumTotalWeight;
    if (buckets !== undefined || isTooHeavy) {
      total += isTooHeavy ? maximumTotalWeight + 1 : 0;
      continue;
    }
    scope.report(
      {
        message: 'a bucket is a variant and a whole weight',
        seen: JSON.stringify(entry),
        mend: 'write it like ["on", 25]',
      },
      { step: String(index + offset) },
    );
  }
  if (total <= maximumTotalWeight) return;
  scope.report({
    message: 'the weights add up to more than flagd can divide',
    seen: `more than ${maximumTotalWeight}`,
    mend: `keep the sum of weights at or below ${maximumTotalWeight}`,
  });
}

function compileComputedBuckets(
  entries: readonly unknown[],
  { scope, hash, offset }: { scope: RuleScope; hash: KeyHash; offset: number },
): Rule {
  const rules = entries.map((entry, index) => scope.compile(entry, String(index + offset)));
  return (data, root, now) => {
    const buckets = gather(rules.map((rule) => rule(data, root, now)));
    const value = hash(data, root, now);
    return buckets === undefined || value === undefined ? null : pick(buckets, value);
  };
}
