import { expect, it } from 'vitest';
import { createValueSketch } from './value-sketch.ts';

it.each([0, 1, 10, 100, 1000, 100_000, 1_000_000])('estimates %i different values within a fifth', (count) => {
  const sketch = createValueSketch();
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < Math.min(count, 1_000_000); i += 1) sketch.add(`user-${i}`);
  }
  expect(sketch.estimate()).toBeGreaterThanOrEqual(count * 0.8);
  expect(sketch.estimate()).toBeLessThanOrEqual(count * 1.2);
});
