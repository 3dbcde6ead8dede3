import type { InvariantResult } from '@belay/protocol';
import { judgeLimits } from '../invariants/judge-limits.ts';
import type { Invariant } from '../work/work-jobs.ts';

/** Decides over the rows (as lists of values) that an invariant's query gave: none, or one number within its limits. */
export function judgeInvariant(invariant: Invariant, rows: readonly unknown[]): InvariantResult {
  const { name, min, max } = invariant;
  if (min !== null || max !== null)
    return judgeLimits(invariant, rows, (value, limits) => `${value}; wanted ${limits}`);
  if (rows.length === 0) return { name, outcome: 'holds', detail: null };
  return { name, outcome: 'broken', detail: `Rows that should not be there, such as ${shown(rows[0])}.` };
}

/** Without content, which may be personal: how many columns, and the first when it is a number. */
function shown(row: unknown): string {
  const values: readonly unknown[] = Array.isArray(row) ? row : [];
  const [first] = values;
  const isNumber = typeof first === 'number' || typeof first === 'bigint';
  return isNumber ? `one that begins with ${first}` : `one of ${values.length} columns`;
}
