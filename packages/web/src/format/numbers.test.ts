import { expect, it } from 'vitest';
import { formatCount, formatShare, formatSigned, plural } from './numbers.ts';

it.each([
  [0, '0%'],
  [0.0001, '0.01%'],
  [0.005, '0.5%'],
  [0.01, '1%'],
  [0.1, '10%'],
  [1 / 3, '33.33%'],
  [1, '100%'],
])('writes the share %d without noise', (share, text) => {
  expect(formatShare(share)).toBe(text);
});

it('gives a difference its sign, and none to what rounds to zero', () => {
  expect(formatSigned(0.744, 2)).toBe('+0.74');
  expect(formatSigned(-0.34, 2)).toBe('\u22120.34');
  expect(formatSigned(-0.001, 2)).toBe('0.00');
});

it('groups thousands and counts in words', () => {
  expect(formatCount(5043.4)).toBe('5,043');
  expect(plural(1, 'instance')).toBe('1 instance');
  expect(plural(6, 'instance')).toBe('6 instances');
});
