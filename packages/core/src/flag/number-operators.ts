import { badArguments, checkedNumber, notANumber, toNumber } from './coercion.ts';
import { compileArguments } from './rule-scope.ts';
import type { OperatorCompiler } from './rule-scope.ts';

/** Arithmetic. A value that is not a number ends the evaluation, as does a division by zero. */
export const numberOperators: Readonly<Record<string, OperatorCompiler>> = {
  '+': fold((values) => values.reduce((sum, value) => sum + value, 0), spread),
  '*': fold((values) => values.reduce((product, value) => product * value, 1)),
  '-': fold((values) => {
    const [first, ...rest] = atLeast(values, 1);
    if (first === undefined) throw badArguments;
    return rest.length === 0 ? -first : rest.reduce((difference, value) => difference - value, first);
  }, spread),
  '/': fold((values) => {
    const [first, ...rest] = atLeast(values, 1);
    if (first === undefined) throw badArguments;
    return rest.length === 0 ? divide(1, first) : rest.reduce(divide, first);
  }),
  '%': fold((values) => {
    const [first, ...rest] = atLeast(values, 2);
    if (first === undefined) throw badArguments;
    return rest.reduce((dividend, divisor) => checkedNumber(dividend % divisor), first);
  }),
  max: extreme((values) => Math.max(...values)),
  min: extreme((values) => Math.min(...values)),
};

function fold(
  calculate: (values: readonly number[]) => number,
  prepare: (list: readonly unknown[]) => readonly unknown[] = (list) => list,
): OperatorCompiler {
  return (raw, scope) => {
    const list = compileArguments(raw, scope);
    return (data, root, now) => checkedNumber(calculate(prepare(list(data, root, now)).map(toNumber)));
  };
}

/** `{"+": [{"var": "prices"}]}` adds the prices up. */
function spread(list: readonly unknown[]): readonly unknown[] {
  const [only] = list;
  return list.length === 1 && Array.isArray(only) ? only : list;
}

function extreme(choose: (values: readonly number[]) => number): OperatorCompiler {
  return (raw, scope) => {
    const list = compileArguments(raw, scope);
    return (data, root, now) => {
      const values = list(data, root, now);
      if (values.length === 0 || !values.every((value) => typeof value === 'number')) throw badArguments;
      return choose(values);
    };
  };
}

function atLeast(values: readonly number[], count: number): readonly number[] {
  if (values.length < count) throw badArguments;
  return values;
}

function divide(dividend: number, divisor: number): number {
  if (divisor === 0) throw notANumber;
  return dividend / divisor;
}
