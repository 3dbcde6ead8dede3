import type { InvariantResult } from '@belay/protocol';
import type { Invariant } from '../work/work-jobs.ts';

/** Decides over the rows (as lists of values) that an invariant's query gave: none, or one number within its limits. */
export function judgeInvariant({ name, min, max }: Invariant, rows: readonly unknown[]): InvariantResult {
  if (min === null && max === null) {
    if (rows.length === 0) return { name, outcome: 'holds', detail: null };
    return { name, outcome: 'broken', detail: `Rows that should not be there, such as ${shown(rows[0])}.` };
  }
  const [first] = rows;
  const values: readonly unknown[] = Array.isArray(first) ? first : [];
  const value = values.length === 1 && rows.length === 1 ? Number(values[0] ?? Number.NaN) : Number.NaN;
  if (!Number.isFinite(value)) return { name, outcome: 'failed', detail: 'It must give one row with one number.' };
  const isWithin = (min === null || value >= min) && (max === null || value <= max);
  const limits = [min === null ? [] : [`at least ${min}`], max === null ? [] : [`at most ${max}`]].flat().join(' and ');
  return { name, outcome: isWithin ? 'holds' : 'broken', detail: `${value}; wanted ${limits}` };
}

/** Without content, which may be personal: how many columns, and the first when it is a number. */
function shown(row: unknown): string {
  const values: readonly unknown[] = Array.isArray(row) ? row : [];
  const [first] = values;
  const isNumber = typeof first === 'number' || typeof first === 'bigint';
  return isNumber ? `one that begins with ${first}` : `one of ${values.length} columns`;
}
