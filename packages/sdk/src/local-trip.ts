/** Watches whether the new variant fails far beyond the old one inside this process. */
export interface LocalTrip {
  /** Takes in one ended unit; at most one failure per unit key. `describe` says what the unit was, for people. */
  add(side: 'canary' | 'control', failed: boolean, describe?: () => string | undefined): void;
  /** Why it tripped; undefined while it has not. It never untrips. */
  readonly reason: TripReason | undefined;
}

/** What had been seen when it tripped. */
export interface TripReason {
  /** Units of the new variant. */
  readonly units: number;
  /** Failed units of the new variant. */
  readonly errors: number;
  readonly text: string;
}

/**
 * A betting e-process on matched sets: each unit of the new variant is compared with the up to 32 units of the old
 * variant that ended since the last such comparison. Given that `k` of the `m + 1` units failed, the chance that the
 * new one is among them is `r k / (r k + m + 1 - k)` where its odds of failure are `r` times the old one's (the
 * noncentral hypergeometric law of one draw), whatever the failure rate is at that moment: a broken database that
 * fails both sides is no evidence. The null is "odds at most twice as high", the bet is "a hundred times".
 *
 * The first start may trip at 10^4; the process may also restart at any time from 10^-3, so harm that begins late is
 * seen with evidence 10^7.
 * At a share of 1% an always-failing path trips after 4 units, at 10% after 6, at 50% after 24. O(1), constant memory.
 */
export function createLocalTrip(): LocalTrip {
  const controls = createControlWindow();
  let evidence = 1;
  let units = 0;
  let errors = 0;
  let reason: TripReason | undefined;

  const addCanary = (failed: boolean, describe?: () => string | undefined): void => {
    units += 1;
    if (failed) errors += 1;
    const { count, bad } = controls.take();
    evidence = Math.max(evidence, restartWeight) * setFactor({ controls: count, bad: bad + (failed ? 1 : 0), failed });
    if (evidence < threshold || errors < leastErrors) return;
    const seen = controls.totals();
    const last = describe?.();
    reason = {
      units,
      errors,
      text:
        `${errors} of ${units} units of the new variant failed in this process, ` +
        `${seen.bad} of ${seen.count} of the old one${last === undefined ? '' : `; the last was ${last}`}`,
    };
  };

  return {
    add(side, failed, describe) {
      if (reason !== undefined) return;
      if (side === 'control') controls.put(failed);
      else addCanary(failed, describe);
    },
    get reason() {
      return reason;
    },
  };
}

/** How likely the outcome of the new variant's unit is under the bet, over how likely it is under the null. */
export function setFactor(set: { controls: number; bad: number; failed: boolean }): number {
  const good = set.controls + 1 - set.bad;
  if (set.controls === 0 || set.bad === 0 || good === 0) return 1;
  const underNull = (toleratedOdds * set.bad) / (toleratedOdds * set.bad + good);
  const underBet = (expectedOdds * set.bad) / (expectedOdds * set.bad + good);
  return set.failed ? underBet / underNull : (1 - underBet) / (1 - underNull);
}

const toleratedOdds = 2;
const expectedOdds = 100;
const threshold = 1e4;
const restartWeight = 1e-3;
const leastErrors = 3;
const windowSize = 32;

/** The latest units of the old variant that have not been compared with yet. */
function createControlWindow() {
  const failures = new Uint8Array(windowSize);
  let next = 0;
  let count = 0;
  let bad = 0;
  let allUnits = 0;
  let allBad = 0;
  return {
    put(failed: boolean): void {
      if (count === windowSize) bad -= failures[next] ?? 0;
      else count += 1;
      failures[next] = failed ? 1 : 0;
      next = (next + 1) % windowSize;
      allUnits += 1;
      if (!failed) return;
      bad += 1;
      allBad += 1;
    },
    take(): { count: number; bad: number } {
      const taken = { count, bad };
      count = 0;
      bad = 0;
      next = 0;
      return taken;
    },
    totals: () => ({ count: allUnits, bad: allBad }),
  };
}
