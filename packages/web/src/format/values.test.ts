import { expect, it } from 'vitest';
import { formatBytes, formatNumber, formatSeconds, formatValue } from './values.ts';

it.each([
  [0, '0'],
  [0.00312, '0.00312'],
  [0.00000312, '3.1e-6'],
  [12.44, '12.4'],
  [3580.4, '3,580'],
  [12_345, '12.3k'],
  [4_200_000, '4.2M'],
  [-1.5, '\u22121.5'],
])('writes %s as %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

it.each([
  [1.234, '%', '1.23%'],
  [604, 'ms', '604 ms'],
  [1204, 'ms', '1.2 s'],
  [0.0031, 'USD', '$0.0031'],
  [3580, '/min', '3,580/min'],
  [12, '1/s', '12/s'],
  [12, '{request}/s', '12 request/s'],
  [1_200_000, 'By', '1.2 MB'],
  [7, '', '7'],
])('writes %s in %s as %s', (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text);
});

it('chooses the unit of a duration and of a size', () => {
  expect([0, 4e-7, 8.12e-4, 0.604, 1.2, 180, 9000].map((seconds) => formatSeconds(seconds))).toEqual([
    '0 ms',
    '400 ns',
    '812 µs',
    '604 ms',
    '1.2 s',
    '3 min',
    '2.5 h',
  ]);
  expect([0, 999, 1500, 2.5e9].map((bytes) => formatBytes(bytes))).toEqual(['0 B', '999 B', '1.5 kB', '2.5 GB']);
});
