import type { Expression, VectorSelector } from './ast.ts';

/** Every selector of an expression, left to right. */
export function selectorsIn(expression: Expression): VectorSelector[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return [];
    case 'selector':
      return [expression];
    case 'range':
      return [expression.selector];
    case 'subquery':
    case 'unary':
    case 'parenthesis':
      return selectorsIn(expression.expression);
    case 'binary':
      return [...selectorsIn(expression.left), ...selectorsIn(expression.right)];
    case 'call':
      return expression.parameters.flatMap(selectorsIn);
    case 'aggregation': {
      const { parameter } = expression;
      return [...(parameter === undefined ? [] : selectorsIn(parameter)), ...selectorsIn(expression.expression)];
    }
  }
}
