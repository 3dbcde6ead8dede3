import { expect, it } from 'vitest';
import { createDurationWindow } from './duration-window.ts';

it('tells quantiles of what was added, by nearest rank', () => {
  const window = createDurationWindow();
  expect(window.quantiles()).toBeUndefined();
  for (let ms = 1; ms <= 100; ms += 1) window.add(ms);
  expect(window.quantiles()).toEqual({ p50: 50, p95: 95, count: 100 });
});

it('counts work that fails, and passes the failure on', async () => {
  const window = createDurationWindow();
  await expect(window.time(() => Promise.reject(new RangeError('no')))).rejects.toThrow('no');
  expect(window.quantiles()?.count).toBe(1);
});
