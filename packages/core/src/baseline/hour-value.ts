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

const LEAST_SLOTS = 4;
const SPARSE = 5;
