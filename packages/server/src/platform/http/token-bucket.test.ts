import { expect, test } from 'vitest';
import { createRateLimit } from './token-bucket.ts';

test('a burst is allowed, then one at a time as the minute goes on, each key for itself', () => {
  const clock = { at: 0, now: () => clock.at };
  const limit = createRateLimit({ clock, perMinute: 60, burst: 3 });
  expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 1]);
  expect(limit.take('b')).toBe(0);
  clock.at = 1000;
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 1]);
  clock.at = 3_600_000;
  expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([0, 0, 0, 1]);
});

test('a clock that goes back neither blocks nor gives anything away', () => {
  const clock = { at: 60_000, now: () => clock.at };
  const limit = createRateLimit({ clock, perMinute: 60, burst: 1 });
  expect(limit.take('a')).toBe(0);
  clock.at = 0;
  expect(limit.take('a')).toBe(1);
  clock.at = 1000;
  expect(limit.take('a')).toBe(0);
});

test('the number of keys remembered is bounded, and the longest unused go first', () => {
  const limit = createRateLimit({ clock: { now: () => 0 }, perMinute: 60, burst: 1, keys: 2 });
  limit.take('a');
  limit.take('b');
  limit.take('c');
  expect(limit.take('c')).toBe(1);
  expect(limit.take('a')).toBe(0);
});
