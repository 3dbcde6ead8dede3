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
