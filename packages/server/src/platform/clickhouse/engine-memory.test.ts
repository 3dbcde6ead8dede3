import { expect, test } from 'vitest';
import { engineMemory } from './engine-memory.ts';

const MEBIBYTE = 2 ** 20;

test('the smallest container leaves the engine what was measured to work', () => {
  expect(engineMemory(512) / MEBIBYTE).toBe(220);
  expect(engineMemory(null, 512 * MEBIBYTE) / MEBIBYTE).toBe(220);
});

test('more memory gives the engine more, by itself up to 1 GiB, and as told beyond', () => {
  expect(engineMemory(null, 1024 * MEBIBYTE) / MEBIBYTE).toBe(476);
  expect(engineMemory(null, 64_000 * MEBIBYTE) / MEBIBYTE).toBe(1024);
  expect(engineMemory(8192) / MEBIBYTE).toBe(4060);
  expect(engineMemory(384) / MEBIBYTE).toBeGreaterThanOrEqual(180);
});
