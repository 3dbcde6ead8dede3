import type { GuardReading, Harm } from './engine-types.ts';

/**
 * Failures of the canary beyond what control's rates would have given, from a guard of kind `errors` (or slow units
 * from `slow`): best estimate and the confidence sequence of the reading. Null for other guards or without data.
 */
export function extraFailures(reading: Pick<GuardReading, 'canary' | 'estimate' | 'interval' | 'kind'>): Harm | null {
  const { canary, estimate, interval, kind } = reading;
  if ((kind !== 'errors' && kind !== 'slow') || estimate === null || interval === null) return null;
  const low = Math.max(interval.low ?? -1, -1) * canary.n;
  // Never more failures than really happened.
  const high = Math.min((interval.high ?? 1) * canary.n, canary.bad);
  return { low: Math.min(low, high), best: estimate * canary.n, high: Math.max(low, high) };
}
