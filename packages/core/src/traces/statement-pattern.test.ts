import fc from 'fast-check';
import { expect, test } from 'vitest';
import { statementPattern } from './statement-pattern.ts';

test.each([
  ["SELECT * FROM cart WHERE id = 17 AND name = 'O''Hara'", 'SELECT * FROM cart WHERE id = ? AND name = ?'],
  ['select a from t1 where b in (1, 2,3) -- all', 'select a from t1 where b in (?)'],
  ['INSERT INTO x (a,b) VALUES (1,2), (3, 4)', 'INSERT INTO x (a,b) VALUES (?)'],
  [
    'UPDATE "Orders" SET a = $1, b = :name, c = %s WHERE d = @id;',
    'UPDATE "Orders" SET a = ?, b = ?, c = ? WHERE d = ?',
  ],
  ['SELECT x::text FROM y /* trace=1 */ LIMIT 10', 'SELECT x::text FROM y LIMIT ?'],
  ['SELECT -1.5e3, 0xFF, t1.c2', 'SELECT ?, ?, t1.c2'],
  ['GET session:6b1e0d4a-1111-4222-8333-944455556666', 'GET session:?'],
  ['HGETALL user:1234', 'HGETALL user:?'],
])('%s', (statement, wanted) => {
  expect(statementPattern(statement)).toBe(wanted);
});

test('a pattern is its own pattern', () => {
  const piece = fc.constantFrom(
    'SELECT',
    'a.b',
    "'x'",
    '12',
    '(1,2)',
    'IN',
    ',',
    '$1',
    ':n',
    ' ',
    '"Q"',
    '?',
    '-- c\n',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const once = statementPattern(pieces.join(' '));
      expect(statementPattern(once)).toBe(once);
    }),
    { numRuns: 300, seed: 5 },
  );
});
