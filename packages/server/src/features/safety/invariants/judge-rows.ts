import type { InvariantResult } from '@belay/protocol';
import type { Invariant } from './invariant-settings.ts';

/** Decides over the first rows (lists of values, two at most are needed) that an invariant's query gave. */
export function judgeRows({ name, min, max }: Invariant, rows: readonly (readonly unknown[])[]): InvariantResult {
  const [first] = rows;
  if (min === null && max === null) {
    if (first === undefined) return { name, outcome: 'holds', detail: null };
    return {
      name,
      outcome: 'broken',
      detail: `It found ${rows.length > 1 ? 'rows' : 'a row'} that should not be there.`,
    };
  }
  const value = first?.length === 1 && rows.length === 1 ? Number(first[0] ?? Number.NaN) : Number.NaN;
  if (!Number.isFinite(value)) return { name, outcome: 'failed', detail: 'It must give one row with one number.' };
  const isWithin = (min === null || value >= min) && (max === null || value <= max);
  const limits = [min === null ? [] : [`at least ${min}`], max === null ? [] : [`at most ${max}`]].flat().join(' and ');
  return { name, outcome: isWithin ? 'holds' : 'broken', detail: `It is ${value}; it must be ${limits}.` };
}
