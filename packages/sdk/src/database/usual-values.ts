import { bucketIndexOf, bucketUpperBound } from '@belay/core';

/** Values seen so far, in buckets 4.4% wide. */
export interface UsualValues {
  add(value: number): void;
  count(): number;
  /** Upper bound of the bucket that holds the quantile (0 to 1); undefined while nothing was seen. */
  quantile(quantile: number): number | undefined;
  /** What was added since the last call, as counts by bucket, and the sum of these values. */
  drain(): { readonly buckets: ReadonlyMap<number, number>; readonly sum: number };
}

/** Values are counted twice: for all time, and since the last drain. */
export function createUsualValues(): UsualValues {
  const all = new Map<number, number>();
  let fresh = new Map<number, number>();
  let sum = 0;
  let merged = 0;
  const merge = (): void => {
    for (const [index, many] of fresh) {
      all.set(index, (all.get(index) ?? 0) + many);
      merged += many;
    }
  };
  const freshCount = (): number => [...fresh.values()].reduce((total, many) => total + many, 0);
  return {
    add(value) {
      const index = bucketIndexOf(value);
      fresh.set(index, (fresh.get(index) ?? 0) + 1);
      sum += value;
    },
    count: () => merged + freshCount(),
    quantile(quantile) {
      const total = merged + freshCount();
      let seen = 0;
      const indices = [...new Set([...all.keys(), ...fresh.keys()])].toSorted((a, b) => a - b);
      for (const index of indices) {
        seen += (all.get(index) ?? 0) + (fresh.get(index) ?? 0);
        if (seen >= quantile * total) return bucketUpperBound(index);
      }
      return undefined;
    },
    drain() {
      merge();
      const drained = { buckets: fresh, sum };
      fresh = new Map();
      sum = 0;
      return drained;
    },
  };
}
