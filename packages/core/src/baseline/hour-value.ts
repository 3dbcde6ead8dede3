import { median } from './robust.ts';

/** One value of five minutes. A slot without data has no point: a gap is never a zero. */
export interface SlotValue {
  /** Start of the slot, Unix ms, a multiple of five minutes. */
  readonly at: number;
  /** In the signal's unit; ratios in percent. */
  readonly value: number;
  /** Events behind the value (units of a ratio, events of a rate); null where there is no such number. */
  readonly count: number | null;
}

/** One value of an hour. */
export interface HourValue {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly value: number;
  readonly count: number | null;
}

/** Whether a signal counts events, and how: it decides how sparse values are put together. */
export type CountingKind = 'ratio' | 'rate' | 'none';

/**
 * The value of an hour from its values of five minutes: their median (statistics 4.1). Where fewer than five events
 * (bad ones, for a ratio) stand behind a slot the median would mostly be zero, so the events of the hour are put
 * together, with half an event added. Null for fewer than four slots.
 */
export function hourValueOf(hour: number, slots: readonly SlotValue[], kind: CountingKind): HourValue | null {
  if (slots.length < LEAST_SLOTS) return null;
  const counts = slots.flatMap(({ count }) => (count === null ? [] : [count]));
  const count = counts.length === slots.length ? counts.reduce((sum, n) => sum + n, 0) : null;
  const usual = { hour, value: median(slots.map(({ value }) => value)), count };
  if (kind === 'none' || count === null) return usual;
  if (kind === 'rate') {
    if (count >= SPARSE * slots.length) return usual;
    const mean = slots.reduce((sum, { value }) => sum + value, 0) / slots.length;
    return count === 0 ? usual : { ...usual, value: (mean * (count + 0.5)) / count };
  }
  const bad = slots.reduce((sum, slot) => sum + (slot.value / 100) * (slot.count ?? 0), 0);
  if (bad >= SPARSE * slots.length || count === 0) return usual;
  return { ...usual, value: (100 * (bad + 0.5)) / (count + 1) };
}

/** Standard deviation on the scale that counting alone brings into an hour: 1/sqrt(events), at most 1. */
export function countingNoise(value: HourValue, kind: CountingKind): number {
  if (kind === 'none' || value.count === null) return 0;
  const events = kind === 'rate' ? value.count : (value.count * Math.min(value.value, 100 - value.value)) / 100;
  return 1 / Math.sqrt(Math.max(1, events));
}

/** What an hour was expected to hold. */
export interface ExpectedHour {
  /** Usual value of the hour, in the signal's unit. */
  readonly value: number;
  /** Events of an hour per unit of the value, of rates; 0 when unknown. */
  readonly eventsPerUnit: number;
}

/**
 * Where few events were expected (under 25) a logarithm is skewed and its noise differs from hour to hour, so the counts
 * themselves are compared: `2 (sqrt(x + 3/8) - sqrt(m + 3/8))`, which has a standard deviation of about 1 (Anscombe 1948).
 * `root` is the square root of the expected number. Null where there are enough events, or none are counted.
 */
export function sparseResidual(
  { value, count }: HourValue,
  expected: ExpectedHour,
  kind: CountingKind,
): { readonly residual: number; readonly root: number } | null {
  if (kind === 'none' || count === null) return null;
  const isRatio = kind === 'ratio';
  // Half an event was added to the values of ratios.
  const eventsOf = (share: number): number => (share / 100) * (count + 1) - 0.5;
  const events = Math.max(0, isRatio ? eventsOf(value) : count);
  const mean = Math.max(0.3, isRatio ? eventsOf(expected.value) : expected.value * expected.eventsPerUnit);
  if (mean >= FEW_EVENTS) return null;
  return { residual: 2 * (Math.sqrt(events + 3 / 8) - Math.sqrt(mean + 3 / 8)), root: Math.sqrt(mean) };
}

const FEW_EVENTS = 25;
const LEAST_SLOTS = 4;
const SPARSE = 5;
