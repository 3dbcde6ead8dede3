import { isComparison } from '../parse/ast.ts';
import type { ArithmeticOperator, BinaryOperator, ComparisonOperator } from '../parse/ast.ts';

/** `left operator right` as Go calculates it. */
export function calculate(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    case '^':
      return power(left, right);
    case 'atan2':
      return Math.atan2(left, right);
  }
}

/** IEEE 754: one to any power is one, which JavaScript denies. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

export function compare(operator: ComparisonOperator, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '>':
      return left > right;
    case '<':
      return left < right;
    case '>=':
      return left >= right;
    case '<=':
      return left <= right;
  }
}

/** The answer of an operator that is no set operator; a comparison gives 1 or 0. */
export function operate(operator: BinaryOperator, left: number, right: number): number {
  if (isComparison(operator)) return compare(operator, left, right) ? 1 : 0;
  // The caller has dealt with set operators.
  return calculate(operator as ArithmeticOperator, left, right);
}
