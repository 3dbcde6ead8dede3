/** Gives commits their seconds and tells which seconds are over for good. */
export interface BlockClock {
  /**
   * Runs a commit under the second that it begins in. The second is never below that of a commit before, nor below
   * `newestStored`, and always above any second that was told to be closed.
   */
  during<Result>(newestStored: number, commit: (block: number) => Promise<Result>): Promise<Result>;
  /** Newest second that no commit can write any more; never decreases. */
  closedThrough(): number;
}

/** One commit at a time; see docs/adr/0009-blocks-close-by-arrival.md. */
export function createBlockClock(options: {
  readonly clock: { now(): number };
  readonly notBeforeSecond: number;
}): BlockClock {
  const { clock, notBeforeSecond } = options;
  let lastBlock = notBeforeSecond;
  let lastClosed = notBeforeSecond;
  let openBlock = Number.POSITIVE_INFINITY;
  const secondNow = (): number => Math.floor(clock.now() / 1000);
  return {
    async during(newestStored, commit) {
      openBlock = Math.max(secondNow(), lastBlock, newestStored, lastClosed + 1);
      lastBlock = openBlock;
      try {
        return await commit(openBlock);
      } finally {
        openBlock = Number.POSITIVE_INFINITY;
      }
    },
    closedThrough() {
      // The present second and the second of a commit under way are still open.
      lastClosed = Math.max(lastClosed, Math.min(secondNow(), openBlock) - 1);
      return lastClosed;
    },
  };
}
