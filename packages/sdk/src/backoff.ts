/** Waits that grow with each failure in a row, with full jitter so that many processes do not come back at once. */
export interface Backoff {
  /** Milliseconds to wait after one more failure. */
  next(): number;
  /** All is well again. */
  reset(): void;
}

/** Bounds of a {@link Backoff}, in milliseconds, and where chance comes from (0 up to 1). */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: () => number;
  readonly random: () => number;
}

/** The n-th wait is drawn evenly from half to all of `firstMs * 2^n`, at most `longestMs()`. */
export function createBackoff({ firstMs, longestMs, random }: BackoffOptions): Backoff {
  let failures = 0;
  return {
    next() {
      const ceiling = Math.min(longestMs(), firstMs * 2 ** Math.min(failures, 20));
      failures += 1;
      return ceiling * (0.5 + random() / 2);
    },
    reset() {
      failures = 0;
    },
  };
}
