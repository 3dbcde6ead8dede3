import { describe, expect, test } from 'vitest';
import { createChance, createUserPicker, gapMs } from './arrival.ts';

describe('arrivals', () => {
  test('come at the asked rate, and equal seeds repeat them', () => {
    const first = createChance(5);
    const second = createChance(5);
    let total = 0;
    for (let arrival = 0; arrival < 20_000; arrival++) {
      const gap = gapMs(first, 200);
      expect(gapMs(second, 200)).toBe(gap);
      total += gap;
    }
    expect(total / 20_000).toBeGreaterThan(4.8);
    expect(total / 20_000).toBeLessThan(5.2);
  });

  test('are spread over many users, of whom none sends more than 0.3%', () => {
    const pick = createUserPicker(20_000, createChance(1));
    const counts = new Map<number, number>();
    for (let arrival = 0; arrival < 50_000; arrival++) {
      const user = pick();
      counts.set(user, (counts.get(user) ?? 0) + 1);
    }
    expect(counts.size).toBeGreaterThan(10_000);
    expect(Math.max(...counts.values())).toBeLessThan(150);
    expect(Math.max(...counts.keys())).toBeLessThan(20_000);
  });
});
