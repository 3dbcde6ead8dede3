import { BelayError } from '../error.ts';
import type { Freeze, FreezeWindow, Weekday } from './types.ts';

/**
 * The freeze in force at `now` (Unix ms): the window that ends last, or null. A window matches when the weekday, the
 * date and the time of day in its own timezone all match; what it does not name matches always. `from` after `to`
 * spans midnight and belongs to the day on which it began. `defaultTimezone` is an IANA name.
 */
export function freezeAt(windows: readonly FreezeWindow[], now: number, defaultTimezone: string): Freeze | null {
  let freeze: Freeze | null = null;
  for (const window of windows) {
    if (!matches(window, now, defaultTimezone)) continue;
    const until = endOf(window, now, defaultTimezone);
    if (freeze === null || until > freeze.until) freeze = { name: window.name, until };
  }
  return freeze;
}

/** Whether this runtime knows a timezone by its IANA name. */
export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

interface LocalTime {
  readonly weekday: Weekday;
  readonly date: string;
  /** Minutes since local midnight. */
  readonly minutes: number;
}

function matches(window: FreezeWindow, now: number, defaultTimezone: string): boolean {
  const local = localTime(now, window.timezone ?? defaultTimezone);
  const from = minutesOf(window.from ?? '00:00');
  const to = minutesOf(window.to ?? '24:00');
  if (from < to) return local.minutes >= from && local.minutes < to && matchesDay(window, local);
  if (local.minutes >= from) return matchesDay(window, local);
  return local.minutes < to && matchesDay(window, dayBefore(local));
}

function matchesDay(window: FreezeWindow, { weekday, date }: LocalTime): boolean {
  if (window.weekdays !== undefined && !window.weekdays.includes(weekday)) return false;
  return window.dates === undefined || window.dates.some((range) => containsDate(range, date));
}

function containsDate(range: string, date: string): boolean {
  const [first = range, last = first] = range.split('..');
  // ISO dates sort as text.
  return date >= first && date <= last;
}

/** First minute after `now` at which the window no longer matches, at most 400 days on. */
function endOf(window: FreezeWindow, now: number, defaultTimezone: string): number {
  const isOpenAt = (time: number): boolean => matches(window, time, defaultTimezone);
  let time = Math.floor(now / MINUTE) * MINUTE;
  const limit = time + 400 * DAY;
  for (const step of [DAY_STEP, MINUTE]) {
    while (time < limit && isOpenAt(time + step) && isOpenAt(time + step / 2)) time += step;
  }
  return time + MINUTE;
}

function localTime(now: number, timezone: string): LocalTime {
  const parts = new Map(
    formatOf(timezone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const date = `${part('year')}-${part('month')}-${part('day')}`;
  return { weekday: weekdayOf(date), date, minutes: Number(part('hour')) * 60 + Number(part('minute')) };
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
  } catch (cause) {
    throw new BelayError('config.invalid', `There is no timezone "${timezone}".`, {
      hint: 'Write an IANA name such as "Europe/Amsterdam".',
      issues: [{ path: 'policy.freeze.timezone', message: 'is not a timezone', seen: timezone }],
      cause,
    });
  }
}

function dayBefore(local: LocalTime): LocalTime {
  const date = isoDate(dayNumber(local.date) - 1);
  return { ...local, date, weekday: weekdayOf(date) };
}

function weekdayOf(date: string): Weekday {
  // Day 0 of the civil calendar below, 1970-01-01, was a Thursday.
  return WEEKDAYS[(((dayNumber(date) + 3) % 7) + 7) % 7] ?? 'monday';
}

/** Days since 1970-01-01 (Hinnant's days_from_civil). */
function dayNumber(date: string): number {
  const [year = 1970, month = 1, day = 1] = date.split('-').map(Number);
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const yearOfEra = y - era * 400;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

/** Inverse of {@link dayNumber} (Hinnant's civil_from_days). */
function isoDate(days: number): string {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * m + 2) / 5) + 1;
  const month = m < 10 ? m + 3 : m - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

function minutesOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 60 + minutes;
}

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const MINUTE = 60_000;
const DAY = 86_400_000;
const DAY_STEP = 30 * MINUTE;
