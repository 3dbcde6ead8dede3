/** A seeded source of chance (mulberry32), so that a run of the shop can be repeated. */
export interface Random {
  /** A number in [0, 1). */
  uniform(): number;
  /** A log-normal number with the given median; `spread` is the standard deviation of its logarithm. */
  logNormal(median: number, spread: number): number;
}

/** Creates the source; equal seeds give equal sequences. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function uniform(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
  function logNormal(median: number, spread: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * uniform()));
  }
  return { uniform, logNormal };
}
