import type { InvariantResult } from '@belay/protocol';

interface Limits {
  readonly name: string;
  readonly min: number | null;
  readonly max: number | null;
}

/** Decides over the one number that an invariant with limits must give; `tell` puts it into words. */
export function judgeLimits(
  { name, min, max }: Limits,
  rows: readonly unknown[],
  tell: (value: number, limits: string) => string,
): InvariantResult {
  const [first] = rows;
  const values: readonly unknown[] = Array.isArray(first) ? first : [];
  const value = values.length === 1 && rows.length === 1 ? Number(values[0] ?? Number.NaN) : Number.NaN;
  if (!Number.isFinite(value)) return { name, outcome: 'failed', detail: 'It must give one row with one number.' };
  const isWithin = (min === null || value >= min) && (max === null || value <= max);
  const limits = [min === null ? [] : [`at least ${min}`], max === null ? [] : [`at most ${max}`]].flat().join(' and ');
  return { name, outcome: isWithin ? 'holds' : 'broken', detail: tell(value, limits) };
}
