import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLogQuery } from './parse-log-query.ts';

const words = (...tokens: string[]) => ({ kind: 'words', tokens });
const parsed = (query: string) => {
  const result = parseLogQuery(query);
  return result.ok ? result.expression : result.problem;
};

describe('a log query', () => {
  test.each([
    ['', { kind: 'all' }],
    ['   ', { kind: 'all' }],
    ['*', { kind: 'all' }],
    ['Timeout', words('timeout')],
    ['GRÖSSE', words('grÖsse')],
    ['/api/items', words('api', 'items')],
    ['"Payment  declined!"', words('payment', 'declined')],
    ['time*', { kind: 'text', like: 'time*' }],
    ['==', { kind: 'text', like: '==' }],
    ['http://x', words('http', 'x')],
    ['12:30:45', words('12', '30', '45')],
    ['a - b', { kind: 'and', parts: [words('a'), { kind: 'text', like: '-' }, words('b')] }],
    ['a b', { kind: 'and', parts: [words('a'), words('b')] }],
    ['a AND b', { kind: 'and', parts: [words('a'), words('b')] }],
    ['a b OR c', { kind: 'or', parts: [{ kind: 'and', parts: [words('a'), words('b')] }, words('c')] }],
    [
      'a -(b OR c)',
      { kind: 'and', parts: [words('a'), { kind: 'not', part: { kind: 'or', parts: [words('b'), words('c')] } }] },
    ],
    ['NOT a', { kind: 'not', part: words('a') }],
    ['and or', { kind: 'and', parts: [words('and'), words('or')] }],
    ['service:api', { kind: 'field', field: 'service', comparison: '=', values: ['api'] }],
    ['env:prod*', { kind: 'field', field: 'environment', comparison: 'like', values: ['prod*'] }],
    ['level:warning', { kind: 'level', comparison: '=', severity: 13 }],
    ['level:>=error', { kind: 'level', comparison: '>=', severity: 17 }],
    [
      'pattern:00000000000000aF,00000000000000b0',
      { kind: 'field', field: 'pattern', comparison: '=', values: ['00000000000000af', '00000000000000b0'] },
    ],
    ['http.route:/cart/*', { kind: 'attribute', name: 'http.route', comparison: 'like', value: '/cart/*' }],
    ['http.status:>5', { kind: 'attribute', name: 'http.status', comparison: '>', value: '5' }],
    ['latency:<=-1.5e3', { kind: 'attribute', name: 'latency', comparison: '<=', value: '-1.5e3' }],
    ['user:*', { kind: 'attribute', name: 'user', comparison: 'exists', value: '' }],
    ['user:"*"', { kind: 'attribute', name: 'user', comparison: '=', value: '*' }],
    ['"odd name":"a \\" b"', { kind: 'attribute', name: 'odd name', comparison: '=', value: 'a " b' }],
  ])('%j means what it says', (query, wanted) => {
    expect(parsed(query)).toEqual(wanted);
  });

  test.each([
    ['"never closed', 1, /not closed/],
    ['a "never closed', 3, /not closed/],
    ['a OR', 5, /missing/],
    ['OR a', 1, /missing/],
    ['(a', 1, /not closed/],
    ['a )', 3, /closes nothing/],
    ['a () b', 4, /missing/],
    ['service:', 9, /no value/],
    ['x level:loud', 9, /not a level/],
    ['trace:12', 7, /not the id of a trace/],
    ['pattern:zz', 9, /not the id of a pattern/],
    ['status:>many', 8, /not a number/],
    ['service:>5', 9, /cannot be compared/],
    ['-'.repeat(40) + 'a', 17, /levels deep/],
    ['a '.repeat(65), 129, /more than 64 terms/],
    [`"${'a '.repeat(65)}"`, 1, /more than 64 words/],
  ])('%j is refused at column %i', (query, column, message) => {
    expect(parsed(query)).toMatchObject({ column, message: expect.stringMatching(message) });
  });

  test('any text is parsed or refused at a column inside it, and never throws', () => {
    const piece = fc.oneof(
      fc.constantFrom('(', ')', '-', '"', ':', 'OR', 'AND', 'NOT', ' ', '\\', '*', '>', 'level:', 'trace:', 'a'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const query = pieces.join('');
        const result = parseLogQuery(query);
        if (result.ok) return;
        expect(result.problem.column).toBeGreaterThanOrEqual(1);
        expect(result.problem.column).toBeLessThanOrEqual(query.length + 1);
        expect(result.problem.mend).not.toBe('');
      }),
      { numRuns: 500, seed: 7 },
    );
  });
});
