import { ApiError } from '@belay/client';
import { expect, it } from 'vitest';
import { pointAt, positionOf } from './query-position.ts';

const refusal = (detail: string) =>
  new ApiError({
    type: 'about:blank',
    title: 'Bad query',
    status: 400,
    detail,
    instance: '/',
    code: 'promql.invalid',
    requestId: 'r',
  });

it.each([
  ['1:14: parse error: unexpected end of input', { line: 1, column: 14 }],
  ['The query ends too early at line 2, column 3.', { line: 2, column: 3 }],
  ['Unknown function at column 7', { line: 1, column: 7 }],
  ['The query reads too many samples.', null],
])('reads the place of "%s"', (text, position) => {
  expect(positionOf(refusal(text))).toEqual(position);
});

it('points at the column', () => {
  expect(pointAt('sum(rate(x))', { line: 1, column: 5 })).toBe('sum(rate(x))\n    ^');
  expect(pointAt('x', { line: 1, column: 99 })).toBe('x\n ^');
});
