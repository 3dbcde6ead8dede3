import { median } from './robust.ts';

/** Position of one hour on a signal's scale. */
export interface HourPoint {
  /** Hours since the epoch. */
  readonly hour: number;
  readonly position: number;
}

/** How much of the season the history allows to tell. */
export type SeasonKind = 'hour-of-week' | 'hour-of-day' | 'level';

/** Usual position of each hour of the week (168, Monday 0:00 UTC first), around the level. Plain JSON. */
export interface Season {
  readonly kind: SeasonKind;
  readonly slots: readonly number[];
}

/** Hours of a week. */
export const WEEK_HOURS = 168;
const DAY_HOURS = 24;

/** Hour of the week, 0 = Monday 0:00 UTC; the epoch was a Thursday. */
export function hourOfWeek(hour: number): number {
  return (((hour + 72) % WEEK_HOURS) + WEEK_HOURS) % WEEK_HOURS;
}

/** Which season a history of this length, in hours, allows: two weeks for hours of the week, a day for hours of a day. */
export function seasonKindFor(spanHours: number): SeasonKind {
  if (spanHours >= 2 * WEEK_HOURS) return 'hour-of-week';
  return spanHours >= DAY_HOURS ? 'hour-of-day' : 'level';
}

/**
 * The season of a history: for each hour of the week the median over the weeks of its distance from the level
 * (statistics 4.1). Hours of the week that were never seen take the hour of the day, told apart by weekend, and those
 * never seen either take the level.
 */
export function fitSeason(points: readonly HourPoint[], kind: SeasonKind): Season {
  if (kind === 'level' || points.length === 0)
    return { kind: 'level', slots: Array.from({ length: WEEK_HOURS }, () => 0) };
  const level = median(points.map(({ position }) => position));
  const ofDay = mediansBy(points, level, dayKey);
  const fallback = (slot: number): number => ofDay.get(dayKey(slot)) ?? ofDay.get(otherDayKey(slot)) ?? 0;
  if (kind === 'hour-of-day') return { kind, slots: range(fallback) };
  const ofWeek = mediansBy(points, level, (slot) => slot);
  return { kind, slots: range((slot) => ofWeek.get(slot) ?? fallback(slot)) };
}

/** The season at a moment (Unix ms), in a straight line from the middle of one hour to the middle of the next. */
export function seasonAt(season: Season, atMs: number): number {
  const hours = atMs / HOUR_MS - 0.5;
  const before = Math.floor(hours);
  const share = hours - before;
  const one = season.slots[hourOfWeek(before)] ?? 0;
  const next = season.slots[hourOfWeek(before + 1)] ?? 0;
  return one + (next - one) * share;
}

function mediansBy(points: readonly HourPoint[], level: number, keyOf: (slot: number) => number): Map<number, number> {
  const groups = new Map<number, number[]>();
  for (const { hour, position } of points) {
    const key = keyOf(hourOfWeek(hour));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [position - level]);
    else group.push(position - level);
  }
  return new Map([...groups].map(([key, group]) => [key, median(group)]));
}

/** Hour of the day; hours of the weekend have keys of their own. */
function dayKey(slot: number): number {
  return (slot % DAY_HOURS) + (slot >= WEEKEND ? DAY_HOURS : 0);
}

function otherDayKey(slot: number): number {
  return (slot % DAY_HOURS) + (slot >= WEEKEND ? 0 : DAY_HOURS);
}

function range(valueOf: (slot: number) => number): number[] {
  return Array.from({ length: WEEK_HOURS }, (_, slot) => valueOf(slot));
}

const WEEKEND = 5 * DAY_HOURS;
const HOUR_MS = 3_600_000;
