import { badArguments, isTextual, isTruthy, toNumber } from './coercion.ts';
import { compileList, constant, expectCount } from './rule-scope.ts';
import type { OperatorCompiler, RuleScope } from './rule-scope.ts';
import type { Rule } from './types.ts';

/** Choice, logic and comparison. */
export const logicOperators: Readonly<Record<string, OperatorCompiler>> = {
  if: compileIf,
  or: (raw, scope) => compileChain('or', raw, scope),
  and: (raw, scope) => compileChain('and', raw, scope),
  '!': (raw, scope) => {
    const value = compileOnly('!', raw, scope);
    return (data, root, now) => !isTruthy(value(data, root, now));
  },
  '!!': (raw, scope) => {
    const value = compileOnly('!!', raw, scope);
    return (data, root, now) => isTruthy(value(data, root, now));
  },
  '===': (raw, scope) => compileComparison('===', raw, scope, (left, right) => left === right),
  '!==': (raw, scope) => compileComparison('!==', raw, scope, (left, right) => left !== right),
  '==': (raw, scope) => compileComparison('==', raw, scope, equals),
  '!=': (raw, scope) => compileComparison('!=', raw, scope, (left, right) => !equals(left, right)),
  '<': (raw, scope) => compileComparison('<', raw, scope, isLess),
  '>': (raw, scope) => compileComparison('>', raw, scope, (left, right) => isLess(right, left)),
  '<=': (raw, scope) => compileComparison('<=', raw, scope, isAtMost),
  '>=': (raw, scope) => compileComparison('>=', raw, scope, (left, right) => isAtMost(right, left)),
};

type Compare = (left: unknown, right: unknown) => boolean;

function equals(left: unknown, right: unknown): boolean {
  if (isTextual(left) && isTextual(right)) return left === right;
  return toNumber(left) === toNumber(right);
}

function isLess(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left < right;
  if (isTextual(left) && isTextual(right)) return Number(left) < Number(right);
  return toNumber(left) < toNumber(right);
}

function isAtMost(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left <= right;
  if (isTextual(left) && isTextual(right)) return Number(left) <= Number(right);
  return toNumber(left) <= toNumber(right);
}

function compileComparison(name: string, raw: unknown, scope: RuleScope, compare: Compare): Rule {
  expectCount(raw, scope, { name, least: 2 });
  const rules = Array.isArray(raw) ? compileList(raw, scope) : [];
  const [first, second] = rules;
  if (first === undefined || second === undefined) return throwBadArguments;
  if (rules.length === 2) return (data, root, now) => compare(first(data, root, now), second(data, root, now));
  return (data, root, now) => {
    let left = first(data, root, now);
    for (const rule of rules.slice(1)) {
      const right = rule(data, root, now);
      if (!compare(left, right)) return false;
      left = right;
    }
    return true;
  };
}

function compileIf(raw: unknown, scope: RuleScope): Rule {
  const parts = chainParts('if', raw, scope);
  const [first, second, third] = parts;
  if (first === undefined) return Array.isArray(raw) ? constant(null) : throwBadArguments;
  if (second === undefined) return first;
  const otherwise = third ?? constant(null);
  if (parts.length <= 3) {
    return (data, root, now) =>
      isTruthy(first(data, root, now)) ? second(data, root, now) : otherwise(data, root, now);
  }
  return (data, root, now) => {
    let index = 0;
    for (; index + 1 < parts.length; index += 2) {
      if (isTruthy(parts[index]?.(data, root, now))) return parts[index + 1]?.(data, root, now);
    }
    return parts[index]?.(data, root, now) ?? null;
  };
}

function compileChain(name: 'or' | 'and', raw: unknown, scope: RuleScope): Rule {
  const parts = chainParts(name, raw, scope);
  if (!Array.isArray(raw)) return throwBadArguments;
  const stopsAt = name === 'or';
  const [first, second] = parts;
  if (first !== undefined && second !== undefined && parts.length === 2) {
    return (data, root, now) => {
      const value = first(data, root, now);
      return isTruthy(value) === stopsAt ? value : second(data, root, now);
    };
  }
  return (data, root, now) => {
    let value: unknown = null;
    for (const part of parts) {
      value = part(data, root, now);
      if (isTruthy(value) === stopsAt) return value;
    }
    return value;
  };
}

function chainParts(name: string, raw: unknown, scope: RuleScope): readonly Rule[] {
  if (Array.isArray(raw)) return compileList(raw, scope);
  scope.report({
    message: `"${name}" needs a list of arguments`,
    seen: typeof raw,
    mend: `write {"${name}": [...]}`,
  });
  return [];
}

function compileOnly(name: string, raw: unknown, scope: RuleScope): Rule {
  expectCount(raw, scope, { name, least: 1, most: 1 });
  return compileList(raw, scope)[0] ?? constant(null);
}

const throwBadArguments: Rule = () => {
  throw badArguments;
};
