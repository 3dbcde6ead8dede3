import { isBelayError } from '@belay/core';
import { describe, expect, test } from 'vitest';
import type { Expression } from './ast.ts';
import { parseQuery } from './parse-query.ts';
import { printQuery } from './print-query.ts';

/** With parentheses around every operation, so that grouping shows. */
function grouped(expression: Expression): string {
  switch (expression.kind) {
    case 'binary':
      return `(${grouped(expression.left)} ${expression.operator} ${grouped(expression.right)})`;
    case 'unary':
      return `(${expression.operator}${grouped(expression.expression)})`;
    case 'parenthesis':
      return grouped(expression.expression);
    default:
      return printQuery(expression);
  }
}

describe('precedence', () => {
  test.each([
    ['a + b * c', '(a + (b * c))'],
    ['a ^ b ^ c', '(a ^ (b ^ c))'],
    ['-1 ^ 2', '(-(1 ^ 2))'],
    ['-a ^ b', '(-(a ^ b))'],
    ['-a * b', '((-a) * b)'],
    ['2 ^ -1 * 3', '((2 ^ -1) * 3)'],
    ['a - -1', '(a - -1)'],
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['a + b offset 5m * c', '(a + (b offset 5m * c))'],
    ['a * b @ 5 + c', '((a * b @ 5.000) + c)'],
    ['-a offset 5m', '(-a offset 5m)'],
    ['a == bool b > bool c', '((a == b) > c)'],
  ])('%s is read as %s', (query, expected) => {
    expect(grouped(parseQuery(query))).toBe(expected);
  });
});

describe('printing', () => {
  test.each([
    'sum by (job) (rate(http_requests_total{code=~"5.."}[5m] offset 1m))',
    'a / on (instance) group_left (version) b',
    'quantile_over_time(0.9, (a + b)[1h:5m] @ end())',
    'count_values("v", a)',
    '{"http.server.duration", "http.route"="/x"}',
    'topk(3, a) or vector(-1)',
    'a[1h30m] offset -5m',
    'sum(a)',
    'foo[min_of(5m, step() * 2)]',
  ])('%s is printed as it was written', (query) => {
    expect(printQuery(parseQuery(query))).toBe(query);
  });

  test('a holt_winters of old dashboards is read under its new name', () => {
    expect(printQuery(parseQuery('holt_winters(a[5m], 0.5, 0.5)'))).toBe(
      'double_exponential_smoothing(a[5m], 0.5, 0.5)',
    );
  });
});

describe('errors', () => {
  test.each([
    ['', 'no expression found in input'],
    ['# nothing', 'no expression found in input'],
    ['sum(', 'unexpected end of input'],
    ['foo bar', '1:5: parse error: unexpected identifier: "bar"'],
    ['nope(x)', '1:1: parse error: unknown function with name "nope"'],
    ['a +\n b{', '2:4: parse error: unexpected end of input'],
    ['"x', 'unterminated quoted string'],
    ['rate(foo)', 'expected type range vector in call to function "rate", got instant vector'],
    ['rate(foo[5m], 1)', 'expected 1 argument(s) in call to "rate", got 2'],
    ['round()', 'expected at least 1 argument(s) in call to "round", got 0'],
    ['round(a, 1, 2)', 'expected at most 2 argument(s) in call to "round", got 3'],
    ['sum(1)', 'expected type instant vector in aggregation expression, got scalar'],
    ['topk("a", b)', 'expected type scalar in aggregation parameter, got string'],
    ['1 > 2', 'comparisons between scalars must use BOOL modifier'],
    ['a + bool b', 'bool modifier can only be used on comparison operators'],
    ['1 and a', 'set operator "and" not allowed in binary scalar expression'],
    ['a and on(x) group_left() b', 'no grouping allowed for "and" operation'],
    ['a + on(x) group_left(x) b', 'label "x" must not occur in ON and GROUP clause at once'],
    ['{a=""}', 'vector selector must contain at least one non-empty matcher'],
    ['{__name__=~".*"}', 'vector selector must contain at least one non-empty matcher'],
    ['foo{__name__="bar"}', 'metric name must not be set twice'],
    ['foo{a=~"("}', 'error parsing regexp'],
    ['sum(a)[5m]', 'ranges only allowed for vector selectors'],
    ['foo offset 1m[5m]', 'no offset modifiers allowed before range'],
    ['foo[0s]', 'duration must be greater than 0'],
    ['foo offset 1m offset 2m', 'offset may not be set multiple times'],
    ['foo @ 1 @ 2', '@ <timestamp> may not be set multiple times'],
    ['sum(a) offset 5m', 'offset modifier must be preceded by'],
    ['foo @ inf', 'timestamp out of bounds'],
    ['-"a"', 'unary expression only allowed'],
    ['foo[5m] + 1', 'binary expression must contain only scalar and instant vector types'],
    ['1[5m:1m]', 'subquery is only allowed on instant vector, got scalar instead'],
    ['info(a)', 'function "info" is not supported'],
    ['rate(a[5m] anchored)', 'the experimental modifier "anchored" is not supported'],
    ['a + fill(0) b', 'the experimental fill modifiers are not supported'],
    [`{a=~"(x{1000}){1000}"}`, 'error parsing regexp'],
  ])('%.60s: %s', (query, message) => {
    expect(failureOf(query)).toContain(message);
  });
});

test('a query that nests too deeply, chains too much or is too long is refused', () => {
  expect(failureOf(`${'('.repeat(1500)}a${')'.repeat(1500)}`)).toContain('nests deeper');
  expect(failureOf(`a${' + a'.repeat(5000)}`)).toContain('parse error');
  expect(failureOf('a'.repeat(200_000))).toContain('characters');
  expect(failureOf('('.repeat(90_000))).toContain('parse error');
});

function failureOf(query: string): string {
  try {
    parseQuery(query);
  } catch (error) {
    if (isBelayError(error) && error.code === 'promql.invalid') return error.message;
    throw error;
  }
  return 'no error';
}
