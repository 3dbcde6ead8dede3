import { expect, test } from 'vitest';
import { checkPrecondition, preconditionOf } from './precondition.ts';

test.each([
  [{ 'if-match': '"7"' }, { kind: 'version', version: 7 }],
  [{ 'if-match': 'W/"7"' }, { kind: 'version', version: 7 }],
  [{ 'if-match': '*' }, { kind: 'any' }],
  [{ 'if-none-match': '*' }, { kind: 'absent' }],
])('%j is read', (headers, expected) => {
  expect(preconditionOf(headers, true)).toEqual(expected);
});

test('a write that must name a version is refused without one, and with one that is no ETag', () => {
  expect(() => preconditionOf({}, true)).toThrow(expect.objectContaining({ code: 'request.precondition-required' }));
  expect(() => preconditionOf({ 'if-match': 'seven' }, true)).toThrow(
    expect.objectContaining({ code: 'request.malformed' }),
  );
  expect(preconditionOf({}, false)).toEqual({ kind: 'any' });
});

test('only the caller who has seen the present version may write', () => {
  checkPrecondition({ kind: 'version', version: 7 }, 7);
  checkPrecondition({ kind: 'absent' }, undefined);
  checkPrecondition({ kind: 'any' }, 3);
  const stale = expect.objectContaining({ code: 'request.stale' });
  expect(() => checkPrecondition({ kind: 'version', version: 6 }, 7)).toThrow(stale);
  expect(() => checkPrecondition({ kind: 'version', version: 6 }, undefined)).toThrow(stale);
  expect(() => checkPrecondition({ kind: 'absent' }, 1)).toThrow(stale);
});
