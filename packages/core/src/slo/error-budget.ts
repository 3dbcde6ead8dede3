/** What was promised and kept in a window. */
export interface SloReading {
  /** Share that was good, 0 to 1; null without data. */
  readonly performance: number | null;
  /** Share of the error budget that is left: 1 untouched, 0 used up, negative overspent; null without data or budget. */
  readonly budgetLeft: number | null;
  /** Bad over everything; null without data. */
  readonly badShare: number | null;
}

/** One stretch of a signal against its promise. `total` in events, or in slots of time. */
export interface SloSlot {
  readonly good: number;
  readonly total: number;
}

/**
 * Performance and error budget of a window: good over total, and `1 - bad share / (1 - objective)` (Google, The Site
 * Reliability Workbook, chapter 2). An objective of 1 leaves no budget: whole while nothing was bad, else overspent.
 */
export function readSlo(slots: readonly SloSlot[], objective: number): SloReading {
  let good = 0;
  let total = 0;
  for (const slot of slots) {
    good += slot.good;
    total += slot.total;
  }
  if (total <= 0) return { performance: null, budgetLeft: null, badShare: null };
  const badShare = Math.max(0, 1 - good / total);
  const budget = 1 - objective;
  const spent = budget <= 0 ? (badShare > 0 ? Infinity : 0) : badShare / budget;
  return { performance: 1 - badShare, budgetLeft: Math.max(-MOST_OVERSPENT, 1 - spent), badShare };
}

/** How many times faster than sustainable the budget burns: bad share over budget; null without data or budget. */
export function burnRate(slots: readonly SloSlot[], objective: number): number | null {
  const { badShare } = readSlo(slots, objective);
  return badShare === null || objective >= 1 ? null : badShare / (1 - objective);
}

/** Whether a value keeps to a limit of its signal. */
export function isWithin(value: number, limit: number, good: 'lower' | 'higher' | 'none'): boolean {
  return good === 'higher' ? value >= limit : value <= limit;
}

/** Beyond this, "how far overspent" says nothing more. */
const MOST_OVERSPENT = 99;
