import { expect, test } from 'vitest';
import { failureKind, isVerdict } from './retry-policy.ts';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

test.each(['40001', '40P01', '23505', '57014', 'P0001', 'XX000'])('%s is the answer of the server', (code) => {
  expect(isVerdict(withCode(code))).toBe(true);
});

test.each(['08006', '57P01', '40003', 'EPIPE', 'ECONNRESET', 'EHOSTUNREACH'])('%s says nothing of a COMMIT', (code) => {
  expect(isVerdict(withCode(code))).toBe(false);
  expect(failureKind(withCode(code))).toBe('connection-lost');
});

test('a timeout of the driver, which has no code, says nothing either', () => {
  expect(isVerdict(new Error('Query read timeout'))).toBe(false);
  expect(failureKind(new Error('Query read timeout'))).toBe('connection-lost');
  expect(isVerdict(new Error('anything else'))).toBe(false);
});
