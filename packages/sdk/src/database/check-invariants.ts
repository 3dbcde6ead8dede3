import { SafeDatabaseError } from './errors.ts';
import type { Invariant } from './types.ts';

/**
 * Why an invariant does not hold, or undefined where it does. `row`: the first row of its query.
 * Without limits there must be no row; with them the row's first value must be a number within.
 */
export function brokenBy(invariant: Invariant, row: readonly unknown[] | undefined): string | undefined {
  const { min, max } = invariant;
  if (min === undefined && max === undefined) return row === undefined ? undefined : 'the query returned rows';
  const value = Number(row?.[0] ?? Number.NaN);
  if (row === undefined || row[0] === null || Number.isNaN(value)) return 'the query returned no number';
  if (min !== undefined && value < min) return `it is ${value}, below ${min}`;
  return max !== undefined && value > max ? `it is ${value}, above ${max}` : undefined;
}

/** @throws SafeDatabaseError for an invariant that could write. */
export function requireReading(name: string, { sql }: Invariant): void {
  if (/^\s*(?:select|with|values)\b/i.test(sql) && !/;\s*\S/.test(sql)) return;
  throw new SafeDatabaseError('write.misused', `The invariant "${name}" is not one query that only reads.`, {
    hint: 'Write one SELECT, WITH or VALUES.',
  });
}

/** Those that a write to these tables can break; all where it is not known what was written. */
export function invariantsFor(
  invariants: Readonly<Record<string, Invariant>>,
  written: ReadonlySet<string> | undefined,
): readonly (readonly [string, Invariant])[] {
  return Object.entries(invariants).filter(
    ([, { tables }]) =>
      tables === undefined || written === undefined || tables.some((table) => written.has(table.toLowerCase())),
  );
}
