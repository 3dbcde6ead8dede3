import { badArguments, isReadable, notAList, textOf, tooLarge } from './coercion.ts';
import { compileArguments, compileList, constant, expectCount } from './rule-scope.ts';
import type { OperatorCompiler, RuleScope } from './rule-scope.ts';
import type { Rule } from './types.ts';

/** Reading the context, and texts and lists made from it. */
export const dataOperators: Readonly<Record<string, OperatorCompiler>> = {
  var: compileVar,
  missing: (raw, scope) => {
    const keys = compileArguments(raw, scope);
    return (data, root, now) => missingOf(data, keys(data, root, now), scope.isRoot);
  },
  missing_some: (raw, scope) => {
    const list = compileArguments(raw, scope);
    return (data, root, now) => {
      const [needed, keys] = list(data, root, now);
      if (typeof needed !== 'number' || !Array.isArray(keys)) throw badArguments;
      const missing = missingOf(data, keys, scope.isRoot);
      return keys.length - missing.length >= needed ? [] : missing;
    };
  },
  cat: compileCat,
  in: compileIn,
  substr: (raw, scope) => {
    const list = compileArguments(raw, scope);
    return (data, root, now) => substring(list(data, root, now));
  },
  merge: (raw, scope) => {
    const list = compileArguments(raw, scope);
    return (data, root, now) => {
      const merged = list(data, root, now).flat(1);
      if (merged.length > maximumLength) throw tooLarge;
      return merged;
    };
  },
};

/** Longest text and list that a rule may build. */
const maximumLength = 65_536;

function compileVar(raw: unknown, scope: RuleScope): Rule {
  const [key, otherwise] = Array.isArray(raw) ? raw : [raw, undefined];
  const fallback = otherwise === undefined ? undefined : scope.compile(otherwise, '1');
  const read = compileRead(key, scope);
  if (fallback === undefined) return read;
  return (data, root, now) => read(data, root, now) ?? fallback(data, root, now);
}

function compileRead(key: unknown, scope: RuleScope): Rule {
  if (typeof key === 'object' && key !== null) {
    const dynamic = scope.compile(key, '0');
    return (data, root, now) => readPath(data, pathOf(dynamic(data, root, now)));
  }
  const path = pathOf(key);
  const [first, second] = path;
  if (first === '$flagd' && scope.isRoot) return compileFlagdProperty(path, scope.flagKey);
  if (path.includes('__proto__')) return constant(null);
  if (first === undefined) return (data) => data ?? null;
  if (second === undefined) return (data) => readOne(data, first);
  return (data) => readPath(data, path);
}

function compileFlagdProperty(path: readonly string[], flagKey: string): Rule {
  return (_data, _root, now) => readPath({ flagKey, timestamp: now ?? null }, path.slice(1));
}

function readOne(data: unknown, key: string): unknown {
  if (!isReadable(data)) return null;
  const value = data[key];
  // Functions are never data; this also shuts the way to constructors and their prototypes.
  return value === undefined || typeof value === 'function' ? null : value;
}

function readPath(data: unknown, path: readonly string[]): unknown {
  let value: unknown = data;
  for (const key of path) {
    if (key === '__proto__') return null;
    value = readOne(value, key);
    if (value === null) return null;
  }
  return value ?? null;
}

/** Splits `a.b` into steps; `a\.b` is one step, a field with a dot in its name. */
function pathOf(key: unknown): readonly string[] {
  if (key === '' || key === null || key === undefined) return [];
  const steps: string[] = [];
  let step = '';
  const text = textOf(key);
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    const next = text.charAt(index + 1);
    if (character === '\\' && (next === '.' || next === '\\' || next === '/')) {
      step += next;
      index += 1;
    } else if (character === '.') {
      steps.push(step);
      step = '';
    } else step += character;
  }
  steps.push(step);
  return steps;
}

function missingOf(data: unknown, keys: readonly unknown[], isRoot: boolean): readonly unknown[] {
  return keys.filter((key) => {
    const path = pathOf(key);
    return !(isRoot && path[0] === '$flagd' ? isPresent(flagdFields, path.slice(1)) : isPresent(data, path));
  });
}

/** What a rule can read under `$flagd`. */
const flagdFields = Object.freeze({ flagKey: '', timestamp: 0 });

function isPresent(data: unknown, path: readonly string[]): boolean {
  let value: unknown = data;
  for (const key of path) {
    if (!isReadable(value) || key === '__proto__') return false;
    value = value[key];
    if (value === undefined || typeof value === 'function') return false;
  }
  return true;
}

function compileCat(raw: unknown, scope: RuleScope): Rule {
  if (!Array.isArray(raw)) {
    const list = compileArguments(raw, scope);
    return (data, root, now) => bounded(list(data, root, now).map(textOf).join(''));
  }
  const parts = compileList(raw, scope);
  const [first, second] = parts;
  if (first !== undefined && second !== undefined && parts.length === 2) {
    return (data, root, now) => bounded(textOf(first(data, root, now)) + textOf(second(data, root, now)));
  }
  return (data, root, now) => bounded(parts.map((part) => textOf(part(data, root, now))).join(''));
}

function bounded(text: string): string {
  if (text.length > maximumLength) throw tooLarge;
  return text;
}

function compileIn(raw: unknown, scope: RuleScope): Rule {
  expectCount(raw, scope, { name: 'in', least: 2, most: 2 });
  const fixed = Array.isArray(raw) ? scope.literal(raw[1])?.value : undefined;
  if (Array.isArray(raw) && Array.isArray(fixed)) {
    // A set finds what `includes` finds, at a cost that does not grow with the list.
    const members: ReadonlySet<unknown> = new Set(fixed);
    const needle = scope.compile(raw[0], '0');
    return (data, root, now) => members.has(needle(data, root, now));
  }
  const list = compileArguments(raw, scope);
  return (data, root, now) => {
    const [needle, haystack] = list(data, root, now);
    return isIn(needle, haystack);
  };
}

function isIn(needle: unknown, haystack: unknown): boolean {
  if (Array.isArray(haystack)) return haystack.includes(needle);
  if (typeof haystack === 'string' && haystack !== '') return needle !== null && haystack.includes(textOf(needle));
  if (!haystack) return false;
  throw notAList;
}

function substring(list: readonly unknown[]): string {
  const [text, from, length] = list;
  if (typeof text !== 'string') throw badArguments;
  const start = typeof from === 'number' ? Math.trunc(from) : 0;
  const begin = start < 0 ? Math.max(0, text.length + start) : start;
  if (typeof length !== 'number') return text.slice(begin);
  const end = length < 0 ? text.length + Math.trunc(length) : begin + Math.trunc(length);
  return end <= begin ? '' : text.slice(begin, end);
}
