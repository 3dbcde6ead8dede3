import { isTruthy, notAList } from './coercion.ts';
import { constant, expectCount } from './rule-scope.ts';
import type { OperatorCompiler, RuleScope } from './rule-scope.ts';
import type { Rule } from './types.ts';

/** Operators that run a rule over the items of a list; within it `var` reads the item. */
export const listOperators: Readonly<Record<string, OperatorCompiler>> = {
  map: overItems('map', (items, run) => items.map(run)),
  filter: overItems('filter', (items, run) => items.filter((item) => isTruthy(run(item)))),
  all: overItems('all', (items, run) => items.length > 0 && items.every((item) => isTruthy(run(item)))),
  some: overItems('some', (items, run) => items.some((item) => isTruthy(run(item)))),
  none: overItems('none', (items, run) => !items.some((item) => isTruthy(run(item)))),
  reduce: (raw, scope) => {
    const { items, body } = compileParts('reduce', raw, scope);
    const start = Array.isArray(raw) && raw.length > 2 ? scope.compile(raw[2], '2') : undefined;
    return (data, root, now) => {
      const list = items(data, root, now);
      const step = (accumulator: unknown, current: unknown): unknown => body({ accumulator, current }, root, now);
      if (start !== undefined) return list.reduce(step, start(data, root, now));
      if (list.length === 0) throw notAList;
      return list.reduce(step);
    };
  },
};

function overItems(
  name: string,
  collect: (items: readonly unknown[], run: (item: unknown) => unknown) => unknown,
): OperatorCompiler {
  return (raw, scope) => {
    const { items, body } = compileParts(name, raw, scope);
    return (data, root, now) => collect(items(data, root, now), (item) => body(item, root, now));
  };
}

function compileParts(
  name: string,
  raw: unknown,
  scope: RuleScope,
): { items: (...input: Parameters<Rule>) => readonly unknown[]; body: Rule } {
  expectCount(raw, scope, { name, least: 2, most: name === 'reduce' ? 3 : 2 });
  const [list, body] = Array.isArray(raw) ? raw : [raw, null];
  const source = scope.compile(list, '0');
  return {
    body: body === undefined ? constant(null) : scope.compile(body, '1', 'item'),
    items: (data, root, now) => {
      const value = source(data, root, now);
      if (Array.isArray(value)) return value;
      if (isTruthy(value) || isObject(value)) throw notAList;
      return [];
    },
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
