import { expect, test } from 'vitest';
import { pointInTime } from './point-in-time.ts';

const NOW = 1_800_000_000_000;

test.each([
  ['now', NOW],
  ['90s', NOW - 90_000],
  ['-1.5h', NOW - 5_400_000],
  ['2d ago', NOW - 172_800_000],
  ['2026-11-24T15:00:00Z', Date.UTC(2026, 10, 24, 15)],
  ['2026-11-24T16:00+01:00', Date.UTC(2026, 10, 24, 15)],
  ['1795532400', 1_795_532_400_000],
  ['1795532400123', 1_795_532_400_123],
])('%s is a time', (text, expected) => {
  expect(pointInTime(text)(NOW)).toBe(expected);
});

test.each(['', 'soon', '2026-11-24', '1x', '2026-13-45T00:00:00Z'])('"%s" is refused', (text) => {
  expect(() => pointInTime(text)).toThrow('is not a time such as');
});
