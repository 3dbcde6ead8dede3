import type { Binary, BinaryOperator, Expression, VectorMatching } from './ast.ts';

/** Part of an expression without parentheses, left to right: signs and operands with operators between them. */
export type ChainItem =
  | { readonly kind: 'operand'; readonly expression: Expression }
  | { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly from: number }
  | {
      readonly kind: 'operator';
      readonly operator: BinaryOperator;
      readonly returnsBool: boolean;
      readonly matching: VectorMatching;
    };

const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};
/** A sign binds as tightly as `*`, so that `-1 ^ 2` is -1. */
const SIGN_PRECEDENCE = 5;

/**
 * Groups a chain by Prometheus' precedence. The grammar's own tree cannot be used for this: it lets `@`, `offset` and
 * `[...]` take a whole binary expression to their left, where they belong to its last operand.
 */
export function groupChain(items: readonly ChainItem[]): Expression | undefined {
  let next = 0;
  const takeOperand = (): Expression | undefined => {
    const item = items[next];
    next += 1;
    if (item?.kind === 'operand') return item.expression;
    if (item?.kind !== 'sign') return undefined;
    const inner = climb(SIGN_PRECEDENCE + 1);
    return inner === undefined ? undefined : signed(item.operator, inner, item.from);
  };
  const climb = (least: number): Expression | undefined => {
    let left = takeOperand();
    while (left !== undefined) {
      const item = items[next];
      if (item?.kind !== 'operator') return left;
      const precedence = PRECEDENCE[item.operator];
      if (precedence < least) return left;
      next += 1;
      const right = climb(item.operator === '^' ? precedence : precedence + 1);
      if (right === undefined) return undefined;
      left = joined(left, item, right);
    }
    return undefined;
  };
  const whole = climb(0);
  return next === items.length ? whole : undefined;
}

function joined(left: Expression, item: ChainItem & { readonly kind: 'operator' }, right: Expression): Binary {
  const { operator, returnsBool, matching } = item;
  const position = { from: left.position.from, to: right.position.to };
  return { kind: 'binary', operator, left, right, returnsBool, matching, position };
}

function signed(operator: '+' | '-', expression: Expression, from: number): Expression {
  const position = { from, to: expression.position.to };
  if (expression.kind === 'number') {
    return { kind: 'number', value: operator === '-' ? -expression.value : expression.value, position };
  }
  return { kind: 'unary', operator, expression, position };
}
