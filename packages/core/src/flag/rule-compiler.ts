import type { InputIssue } from '../error.ts';
import { isRecord } from './coercion.ts';
import { dataOperators } from './data-operators.ts';
import { flagdOperators } from './flagd-operators.ts';
import { listOperators } from './list-operators.ts';
import { logicOperators } from './logic-operators.ts';
import { numberOperators } from './number-operators.ts';
import { constant } from './rule-scope.ts';
import type { OperatorCompiler, RuleScope } from './rule-scope.ts';
import type { Rule } from './types.ts';

/** What a flag's targeting is compiled with. */
export interface RuleSource {
  readonly flagKey: string;
  readonly path: string;
  readonly evaluators: Readonly<Record<string, unknown>>;
}

/** A compiled targeting rule and what is wrong with it. A rule with a fatal issue is not to be evaluated. */
export interface RuleCompilation {
  readonly rule: Rule;
  readonly issues: readonly InputIssue[];
  readonly isFatal: boolean;
}

/** Compiles JSONLogic with flagd's operators into closures, once. Never throws for bad logic. */
export function compileRule(logic: unknown, source: RuleSource): RuleCompilation {
  const issues: InputIssue[] = [];
  const progress: Progress = { nodes: 0, isFatal: false, issues };
  const place: Place = { path: source.path, isRoot: true, depth: 0, references: [] };
  const rule = compilePart(logic, place, { source, progress });
  return { rule, issues, isFatal: progress.isFatal };
}

/** Deepest nesting of a rule, references resolved. */
export const maximumDepth = 64;

/** Most operators, lists and values in the rule of one flag, references resolved. */
export const maximumNodes = 20_000;

const operators: ReadonlyMap<string, OperatorCompiler> = new Map(
  [logicOperators, numberOperators, dataOperators, listOperators, flagdOperators].flatMap((table) =>
    Object.entries(table),
  ),
);

/** The names of all operators, sorted. */
export const operatorNames: readonly string[] = [...operators.keys()].toSorted();

interface Progress {
  nodes: number;
  isFatal: boolean;
  readonly issues: InputIssue[];
}

interface Place {
  readonly path: string;
  readonly isRoot: boolean;
  readonly depth: number;
  /** Names of the references that led here, to find circles. */
  readonly references: readonly string[];
}

interface Work {
  readonly source: RuleSource;
  readonly progress: Progress;
}

function compilePart(logic: unknown, place: Place, work: Work): Rule {
  work.progress.nodes += 1;
  if (typeof logic !== 'object' || logic === null) return constant(logic);
  if (!isWithinLimits(place, work)) return constant(null);
  if (Array.isArray(logic)) return compileArray(logic, place, work);
  const names = Object.keys(logic);
  const [name] = names;
  if (name === undefined) return constant(Object.freeze({}));
  if (names.length > 1 || !isRecord(logic)) return failMany(names, place, work);
  if (name === '$ref') return compileReference(logic[name], place, work);
  const operator = operators.get(name);
  if (operator === undefined) return failUnknown(name, place, work);
  return operator(logic[name], createScope(enter(place, name), work));
}

function compileArray(logic: readonly unknown[], place: Place, work: Work): Rule {
  const fixed = literalOf(logic, place, work);
  if (fixed !== undefined) {
    work.progress.nodes += logic.length;
    return constant(fixed.value);
  }
  const rules = logic.map((part, index) => compilePart(part, enter(place, String(index)), work));
  return (data, root, now) => rules.map((rule) => rule(data, root, now));
}

function createScope(place: Place, work: Work): RuleScope {
  return {
    flagKey: work.source.flagKey,
    path: place.path,
    isRoot: place.isRoot,
    compile: (logic, step, item) => {
      const inner = enter(place, step);
      return compilePart(logic, item === 'item' ? { ...inner, isRoot: false } : inner, work);
    },
    literal: (logic) => literalOf(logic, place, work),
    report: (issue, { step, fatal = false } = {}) => {
      work.progress.issues.push({ path: step === undefined ? place.path : `${place.path}.${step}`, ...issue });
      if (fatal) work.progress.isFatal = true;
    },
  };
}

function enter(place: Place, step: string): Place {
  return { ...place, path: `${place.path}.${step}`, depth: place.depth + 1 };
}

function literalOf(logic: unknown, place: Place, work: Work): { readonly value: unknown } | undefined {
  if (typeof logic !== 'object' || logic === null) return { value: logic };
  if (!Array.isArray(logic)) return isFlagKey(logic) && place.isRoot ? { value: work.source.flagKey } : undefined;
  const parts = logic.map((part) => (isLiteral(part) ? { value: part } : literalOf(part, place, work)));
  if (!parts.every((part) => part !== undefined)) return undefined;
  return { value: Object.freeze(parts.map((part) => part.value)) };
}

function isLiteral(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function isFlagKey(logic: object): boolean {
  const [entry, ...others] = Object.entries(logic);
  return entry !== undefined && others.length === 0 && entry[0] === 'var' && entry[1] === '$flagd.flagKey';
}

function compileReference(name: unknown, place: Place, work: Work): Rule {
  const { evaluators } = work.source;
  if (typeof name !== 'string' || !Object.hasOwn(evaluators, name)) {
    const known = Object.keys(evaluators).slice(0, 20).join(', ');
    return fail(place, work, {
      message: 'there is no evaluator of this name',
      seen: shown(name),
      mend: known === '' ? 'add it under "$evaluators"' : `add it under "$evaluators", or use one of: ${known}`,
    });
  }
  if (place.references.includes(name)) {
    return fail(place, work, {
      message: 'these evaluators refer to each other in a circle',
      seen: [...place.references, name].join(' -> '),
      mend: 'take one "$ref" out of the circle',
    });
  }
  const inner = { ...enter(place, '$ref'), references: [...place.references, name] };
  return compilePart(evaluators[name], inner, work);
}

function isWithinLimits(place: Place, work: Work): boolean {
  if (work.progress.nodes > maximumNodes) {
    // Said once: everything after the limit is over it too.
    if (!work.progress.isFatal) {
      fail(place, work, {
        message: 'the rule is too large',
        seen: `more than ${maximumNodes} parts, references resolved`,
        mend: 'split the rule, or move the list of units into the context',
      });
    }
    return false;
  }
  if (place.depth <= maximumDepth * 2) return true;
  fail(place, work, {
    message: 'the rule is nested too deeply',
    seen: `more than ${maximumDepth} levels`,
    mend: 'use one "if" with several branches instead of nesting',
  });
  return false;
}

function failMany(names: readonly string[], place: Place, work: Work): Rule {
  return fail(place, work, {
    message: 'one rule has one operator',
    seen: names.slice(0, 5).join(', '),
    mend: 'combine them with "and" or "or"',
  });
}

function failUnknown(name: string, place: Place, work: Work): Rule {
  return fail(place, work, {
    message: 'there is no operator of this name',
    seen: shown(name),
    mend: `use one of: ${operatorNames.join(' ')}`,
  });
}

function fail(place: Place, work: Work, issue: Omit<InputIssue, 'path'>): Rule {
  work.progress.issues.push({ path: place.path, ...issue });
  work.progress.isFatal = true;
  return constant(null);
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 80);
}
