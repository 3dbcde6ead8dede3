/** A seeded source of random numbers: sfc32, the same series for the same seed on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  normal(): number;
  poisson(mean: number): number;
  binomial(n: number, p: number): number;
}

export function createRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let d = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 20; i += 1) next();
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    normal,
    poisson: (mean) => poisson({ next, normal }, mean),
    binomial: (n, p) => binomial({ next }, n, p),
  };
}

function poisson(random: Pick<Random, 'next' | 'normal'>, mean: number): number {
  let rest = mean;
  let total = 0;
  // exp(-rest) would underflow; a Poisson number is the sum of smaller ones.
  while (rest > 30) {
    total += smallPoisson(random, 30);
    rest -= 30;
  }
  return total + smallPoisson(random, rest);
}

function smallPoisson(random: Pick<Random, 'next'>, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count += 1;
  return count;
}

/** Exact, by skipping geometric gaps between successes. */
function binomial(random: Pick<Random, 'next'>, n: number, p: number): number {
  if (p <= 0 || n <= 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial(random, n, 1 - p);
  const logMiss = Math.log1p(-p);
  let successes = 0;
  for (let at = Math.floor(Math.log(1 - random.next()) / logMiss); at < n;) {
    successes += 1;
    at += 1 + Math.floor(Math.log(1 - random.next()) / logMiss);
  }
  return successes;
}
