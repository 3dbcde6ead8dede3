/** Reproducible randomness for tests. */
export interface Random {
  /** In [0, 1). */
  uniform(): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  poisson(mean: number): number;
}

/** Mulberry32 from a seed. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    poisson(mean) {
      // Knuth in slices, so that exp(-mean) does not underflow.
      let count = 0;
      for (let left = mean; left > 0; left -= 30) {
        const limit = Math.exp(-Math.min(left, 30));
        for (let product = uniform(); product > limit; product *= uniform()) count += 1;
      }
      return count;
    },
  };
}
