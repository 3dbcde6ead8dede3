import type { Expression, VectorSelector } from '../parse/ast.ts';

/** Aggregations whose answer is measured as their input is. */
const SAME_UNIT: ReadonlySet<string> = new Set([
  'sum',
  'avg',
  'min',
  'max',
  'topk',
  'bottomk',
  'quantile',
  'stddev',
  'limitk',
]);
const PER_SECOND: ReadonlySet<string> = new Set(['rate', 'irate', 'deriv']);
const KEEPS_UNIT =
  /^(?:abs|avg_over_time|ceil|clamp(?:_max|_min)?|delta|double_exponential_smoothing|first_over_time|floor|idelta|increase|label_join|label_replace|last_over_time|mad_over_time|max_over_time|min_over_time|predict_linear|quantile_over_time|round|sort(?:_desc)?|sort_by_label(?:_desc)?|stddev_over_time|sum_over_time)$/;

/** Unit of a query's answer, by the units of the metrics in it; empty where the query does not tell. */
export function unitOfQuery(expression: Expression, unitOf: (selector: VectorSelector) => string): string {
  switch (expression.kind) {
    case 'selector':
      return unitOf(expression);
    case 'range':
      return unitOf(expression.selector);
    case 'parenthesis':
    case 'unary':
    case 'subquery':
      return unitOfQuery(expression.expression, unitOf);
    case 'aggregation':
      return SAME_UNIT.has(expression.operator) ? unitOfQuery(expression.expression, unitOf) : '';
    case 'binary':
      return unitOfBinary(expression, unitOf);
    case 'call':
      return unitOfCall(expression, unitOf);
    case 'number':
    case 'string':
      return '';
  }
}

function unitOfCall(
  { name, parameters }: Expression & { readonly kind: 'call' },
  unitOf: (selector: VectorSelector) => string,
): string {
  const inner = parameters.map((parameter) => unitOfQuery(parameter, unitOf)).find((unit) => unit !== '') ?? '';
  if (PER_SECOND.has(name)) return inner === '' || inner === '1' ? '1/s' : `${inner}/s`;
  // A quantile takes rates of counts, and answers in what was counted.
  if (name === 'histogram_quantile') return inner.replace(/\/s$/, '');
  return KEEPS_UNIT.test(name) ? inner : '';
}

function unitOfBinary(
  { operator, left, right }: Expression & { readonly kind: 'binary' },
  unitOf: (selector: VectorSelector) => string,
): string {
  const [a, b] = [unitOfQuery(left, unitOf), unitOfQuery(right, unitOf)];
  if (operator === '/' && a !== '') {
    if (a === b) return '1';
    // The rate of a sum by the rate of a count is a mean.
    return b === '1/s' && a.endsWith('/s') ? a.slice(0, -2) : '';
  }
  if (operator === '+' || operator === '-') return a === b || right.kind === 'number' ? a : '';
  const isKept = operator === 'or' || operator === 'and' || operator === 'unless' || /^[<>=!]/.test(operator);
  return isKept ? a : '';
}
