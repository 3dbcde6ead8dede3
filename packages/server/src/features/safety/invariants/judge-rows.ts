import type { InvariantResult } from '@belay/protocol';
import type { Invariant } from './invariant-settings.ts';
import { judgeLimits } from './judge-limits.ts';

/** Decides over the first rows (lists of values, two at most are needed) that an invariant's query gave. */
export function judgeRows(invariant: Invariant, rows: readonly (readonly unknown[])[]): InvariantResult {
  const { name, min, max } = invariant;
  if (min !== null || max !== null)
    return judgeLimits(invariant, rows, (value, limits) => `It is ${value}; it must be ${limits}.`);
  if (rows.length === 0) return { name, outcome: 'holds', detail: null };
  const found = rows.length > 1 ? 'rows' : 'a row';
  return { name, outcome: 'broken', detail: `It found ${found} that should not be there.` };
}
