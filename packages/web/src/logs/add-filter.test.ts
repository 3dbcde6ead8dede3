import { parseLogQuery } from '@belay/core/logs';
import { expect, it } from 'vitest';
import { addFilter } from './add-filter.ts';

it.each([
  ['', 'http.route', '/cart', false, 'http.route:/cart'],
  ['timeout', 'level', 'warn', false, 'timeout level:warn'],
  ['timeout level:warn', 'level', 'warn', false, 'timeout level:warn'],
  ['', 'user', 'Ada Lovelace', false, 'user:"Ada Lovelace"'],
  ['', 'said', 'a "b"', true, '-said:"a \\"b\\""'],
  ['', 'empty', '', false, 'empty:""'],
])('adds to "%s"', (query, name, value, isExcluded, text) => {
  expect(addFilter(query, name, value, isExcluded)).toBe(text);
});

it('writes what the server reads back as this field with this value', () => {
  for (const [name, value] of [
    ['http.route', '/cart'],
    ['2nd name', 'a "b" \\ c'],
    ['sql', 'select *'],
    ['n', '>5'],
  ] as const)
    expect(parseLogQuery(addFilter('', name, value))).toEqual({
      ok: true,
      expression: { kind: 'attribute', name, comparison: '=', value },
    });
});
