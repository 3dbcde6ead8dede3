/** A seeded source of numbers in [0, 1) (mulberry32): the same seed makes the same traffic. */
export function createChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Milliseconds to the next arrival of a Poisson stream: arrivals come when they come, however slow the answers are. */
export function gapMs(chance: () => number, ratePerSecond: number): number {
  return (-Math.log(1 - chance()) / ratePerSecond) * 1000;
}

/**
 * Picks a user number in [0, users) with a long tail: user k comes with weight 1 / (k + 50)^0.8, so that regulars
 * exist and nobody dominates (the busiest of 20,000 sends under 0.2% of all requests).
 */
export function createUserPicker(users: number, chance: () => number): () => number {
  const cumulative = new Float64Array(users);
  let total = 0;
  for (let user = 0; user < users; user++) {
    total += (user + 50) ** -0.8;
    cumulative[user] = total;
  }
  return () => {
    const wanted = chance() * total;
    let low = 0;
    let high = users - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
