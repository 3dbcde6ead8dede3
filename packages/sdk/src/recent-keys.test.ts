import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFingerprint, createRecentKeys } from './recent-keys.ts';

it('claims a key once within its window and again after it', () => {
  const keys = createRecentKeys(100, 300);
  expect([keys.claim(1, 0), keys.claim(1, 299), keys.claim(2, 299), keys.claim(1, 300), keys.claim(1, 301)]).toEqual([
    true,
    false,
    true,
    true,
    false,
  ]);
});

it('knows at least half and at most all of its capacity', () => {
  const keys = createRecentKeys(100, Infinity);
  for (let key = 0; key < 1000; key += 1) keys.claim(key, 0);
  const known = Array.from({ length: 1000 }, (_nothing, key) => key).filter((key) => key >= 950 && !keys.claim(key, 0));
  expect(known).toHaveLength(50);
  expect(keys.claim(899, 0)).toBe(true);
});

it('gives different keys different fingerprints, as safe integers', () => {
  const samples = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 2, maxLength: 200 });
  fc.assert(
    fc.property(samples, (texts) => {
      const prints = texts.map(createFingerprint('rollout'));
      expect(prints.every((print) => Number.isSafeInteger(print) && print >= 0)).toBe(true);
      expect(new Set(prints).size).toBe(new Set(texts.map((text) => text.toWellFormed())).size);
    }),
    { seed: 3, numRuns: 100 },
  );
});
