import type { InputIssue } from '../error.ts';
import type { Rule } from './types.ts';

/** What an operator needs to know and do while it is compiled. */
export interface RuleScope {
  readonly flagKey: string;
  /** Where in the definition the operator stands, e.g. `flags.checkout.targeting.if.0`. */
  readonly path: string;
  /** Whether `var` reads the evaluation context here; within `map` and its like it reads the item. */
  readonly isRoot: boolean;
  /** Compiles a part of the rule. */
  readonly compile: (logic: unknown, step: string, item?: 'item') => Rule;
  /** The value of a part that needs no evaluation, after references are resolved. */
  readonly literal: (logic: unknown) => { readonly value: unknown } | undefined;
  /** Notes something wrong. `fatal`: the flag cannot be evaluated at all. */
  readonly report: (issue: Omit<InputIssue, 'path'>, options?: { step?: string; fatal?: boolean }) => void;
}

/** Turns the raw argument of one operator into a rule. */
export type OperatorCompiler = (raw: unknown, scope: RuleScope) => Rule;

/** Gives the same value whatever the context. */
export const constant =
  (value: unknown): Rule =>
  () =>
    value;

/** Compiles an operator's arguments into one rule per argument; a single argument needs no brackets. */
export function compileList(raw: unknown, scope: RuleScope): readonly Rule[] {
  const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  return list.map((logic, index) => scope.compile(logic, String(index)));
}

/** Compiles arguments into a rule that gives them as one list; an argument that is itself a rule may give the list. */
export function compileArguments(raw: unknown, scope: RuleScope): (...input: Parameters<Rule>) => readonly unknown[] {
  if (!Array.isArray(raw)) {
    const only = scope.compile(raw, '0');
    return (data, root, now) => {
      const value = only(data, root, now);
      return Array.isArray(value) ? value : [value];
    };
  }
  const rules = compileList(raw, scope);
  return (data, root, now) => rules.map((rule) => rule(data, root, now));
}

/** Reports a wrong number of arguments; the rule goes on with what it has. */
export function expectCount(
  raw: unknown,
  scope: RuleScope,
  bounds: { name: string; least: number; most?: number },
): void {
  const count = Array.isArray(raw) ? raw.length : 1;
  const most = bounds.most ?? Number.POSITIVE_INFINITY;
  if (count >= bounds.least && count <= most) return;
  const wanted = bounds.least === most ? `${most}` : `${bounds.least} or more`;
  scope.report({
    message: `"${bounds.name}" needs ${wanted} arguments`,
    seen: `${count} arguments`,
    mend: `give "${bounds.name}" a list of ${wanted} values`,
  });
}
