import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, groupOf, maximumTotalWeight } from './bucket.ts';
import { murmur3 } from './murmur.ts';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

describe('bucketOf', () => {
  it('equals the exact 63-bit calculation', () => {
    fc.assert(
      fc.property(uint32, fc.integer({ min: 0, max: maximumTotalWeight }), (hash, total) => {
        expect(bucketOf(hash, total)).toBe(Number((BigInt(hash) * BigInt(total)) >> 32n));
      }),
      { seed: 3, numRuns: 5000 },
    );
  });

  it.each([
    [0, 1_000_000, 0],
    [0xffffffff, maximumTotalWeight, maximumTotalWeight - 1],
    [0x80000000, 2, 1],
    [0x7fffffff, 2, 0],
  ])('puts hash %d of %d parts into %d', (hash, total, bucket) => {
    expect(bucketOf(hash, total)).toBe(bucket);
  });
});

describe('groupOf', () => {
  it('spreads units evenly over 32 groups, within each side of a split alike', () => {
    const counts = { canary: Array.from({ length: 32 }, () => 0), control: Array.from({ length: 32 }, () => 0) };
    for (let unit = 0; unit < 64_000; unit += 1) {
      const key = `user-${unit}`;
      const side = bucketOf(murmur3(`seed${key}`), 2) === 0 ? 'canary' : 'control';
      const group = groupOf(key);
      counts[side][group] = (counts[side][group] ?? 0) + 1;
    }
    // Chi-square with 31 degrees of freedom: 61.1 is passed by chance once in a thousand.
    expect(chiSquare(counts.canary)).toBeLessThan(61.1);
    expect(chiSquare(counts.control)).toBeLessThan(61.1);
  });
});

function chiSquare(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
}
