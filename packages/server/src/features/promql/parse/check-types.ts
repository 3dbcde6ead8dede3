import { isComparison, isSetOperator } from './ast.ts';
import type { Aggregation, Binary, Call, Expression, ValueType, VectorSelector } from './ast.ts';
import { functionSignatures } from './function-signatures.ts';
import { parseError } from './promql-error.ts';

const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

export function typeOf(expression: Expression): ValueType {
  switch (expression.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregation':
      return 'vector';
    case 'range':
    case 'subquery':
      return 'matrix';
    case 'unary':
    case 'parenthesis':
      return typeOf(expression.expression);
    case 'binary':
      return typeOf(expression.left) === 'scalar' && typeOf(expression.right) === 'scalar' ? 'scalar' : 'vector';
    case 'call':
      return functionSignatures.get(expression.name)?.returns ?? 'vector';
  }
}

/** Throws `promql.invalid`, in Prometheus' words, when an operator or function gets what it does not take. */
export function checkTypes(expression: Expression, text: string): void {
  const check = (inner: Expression): void => checkTypes(inner, text);
  switch (expression.kind) {
    case 'number':
    case 'string':
      return;
    case 'selector':
      return checkSelector(expression, text);
    case 'range':
      return checkSelector(expression.selector, text);
    case 'parenthesis':
      return check(expression.expression);
    case 'unary':
      check(expression.expression);
      return checkUnary(expression, text);
    case 'subquery': {
      check(expression.expression);
      const type = typeOf(expression.expression);
      if (type === 'vector') return;
      throw parseError(text, expression.position, `subquery is only allowed on instant vector, got ${type} instead`);
    }
    case 'aggregation':
      return checkAggregation(expression, text);
    case 'binary':
      return checkBinary(expression, text);
    case 'call':
      return checkCall(expression, text);
  }
}

function checkUnary(expression: Expression & { readonly kind: 'unary' }, text: string): void {
  const type = typeOf(expression.expression);
  if (type === 'scalar' || type === 'vector') return;
  const message = `unary expression only allowed on expressions of type scalar or instant vector, got "${DOCUMENTED[type]}"`;
  throw parseError(text, expression.position, message);
}

function checkSelector({ name, matchers, position }: VectorSelector, text: string): void {
  if (name !== undefined) {
    const others = matchers.filter(({ label }) => label === '__name__');
    if (others.length <= 1) return;
    const second = others.find(({ value }) => value !== name)?.value ?? name;
    throw parseError(text, position, `metric name must not be set twice: "${name}" or "${second}"`);
  }
  if (matchers.some((matcher) => !matcher.matches(''))) return;
  const message = 'vector selector must contain at least one non-empty matcher';
  throw parseError(text, position, message, 'Name a metric, or a label with a value: {job="shop"}.');
}

function checkAggregation({ operator, expression, parameter }: Aggregation, text: string): void {
  checkTypes(expression, text);
  expectType(expression, 'vector', { text, context: 'aggregation expression' });
  if (parameter === undefined) return;
  checkTypes(parameter, text);
  const wanted = operator === 'count_values' ? 'string' : 'scalar';
  expectType(parameter, wanted, { text, context: 'aggregation parameter' });
}

interface Expectation {
  readonly text: string;
  readonly context: string;
}

function expectType(expression: Expression, wanted: ValueType, { text, context }: Expectation): void {
  const type = typeOf(expression);
  if (type === wanted) return;
  const message = `expected type ${DOCUMENTED[wanted]} in ${context}, got ${DOCUMENTED[type]}`;
  throw parseError(text, expression.position, message);
}

function checkBinary(binary: Binary, text: string): void {
  const { operator, left, right, returnsBool, matching, position } = binary;
  checkTypes(left, text);
  checkTypes(right, text);
  const [leftType, rightType] = [typeOf(left), typeOf(right)];
  const fail = (message: string, at = position): never => {
    throw parseError(text, at, message);
  };
  if (returnsBool && !isComparison(operator)) fail('bool modifier can only be used on comparison operators');
  for (const [type, side] of [[leftType, left] as const, [rightType, right] as const]) {
    if (type === 'scalar' || type === 'vector') continue;
    fail('binary expression must contain only scalar and instant vector types', side.position);
  }
  const isScalar = leftType === 'scalar' && rightType === 'scalar';
  if (isScalar && isComparison(operator) && !returnsBool) fail('comparisons between scalars must use BOOL modifier');
  const both = matching.isOn ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
  if (both !== undefined) fail(`label "${both}" must not occur in ON and GROUP clause at once`);
  if (leftType !== 'vector' || rightType !== 'vector') {
    if (isSetOperator(operator)) fail(`set operator "${operator}" not allowed in binary scalar expression`);
    if (matching.labels.length > 0) fail('vector matching only allowed between instant vectors');
  } else if (isSetOperator(operator) && matching.many !== 'none') {
    fail(`no grouping allowed for "${operator}" operation`);
  }
}

function checkCall({ name, parameters, position }: Call, text: string): void {
  const signature = functionSignatures.get(name);
  if (signature === undefined) throw parseError(text, position, `unknown function with name "${name}"`);
  const most = signature.parameters.length;
  const got = parameters.length;
  const least = most - Math.min(signature.optional, 1);
  if (signature.optional === 0 && got !== most) {
    throw parseError(text, position, `expected ${most} argument(s) in call to "${name}", got ${got}`);
  }
  if (got < least) {
    throw parseError(text, position, `expected at least ${least} argument(s) in call to "${name}", got ${got}`);
  }
  if (signature.optional === 1 && got > most) {
    throw parseError(text, position, `expected at most ${most} argument(s) in call to "${name}", got ${got}`);
  }
  parameters.forEach((parameter, index) => {
    checkTypes(parameter, text);
    const wanted = signature.parameters[Math.min(index, most - 1)];
    if (wanted !== undefined) expectType(parameter, wanted, { text, context: `call to function "${name}"` });
  });
}
