import { describe, expect, it } from 'vitest';
import { formatClock, formatDuration, formatStopwatch, formatUtc, formatWhen } from './times.ts';

const now = Date.UTC(2026, 10, 24, 13, 2, 37);
const zone = { timeZone: 'Europe/Berlin' };
const HOUR = 3_600_000;

describe('times', () => {
  it('shows the reader’s clock and keeps UTC for the hover', () => {
    expect(formatClock(now, zone)).toBe('14:02');
    expect(formatClock(now, { ...zone, seconds: true })).toBe('14:02:37');
    expect(formatUtc(now)).toBe('24 Nov 2026, 13:02:37 UTC');
  });

  it.each([
    [0, 'today 14:02'],
    [14 * HOUR, 'today 00:02'],
    [15 * HOUR, 'yesterday 23:02'],
    [-11 * HOUR, 'tomorrow 01:02'],
    [5 * 24 * HOUR, 'Thu 14:02'],
    [21 * 24 * HOUR, '3 Nov 14:02'],
    [400 * 24 * HOUR, '20 Oct 2025'],
  ])('names the day of a time %d ms ago', (ago, text) => {
    expect(formatWhen(now - ago, now, zone)).toBe(text);
  });

  it('counts days by the calendar of the zone when the clocks change', () => {
    const midday = Date.UTC(2026, 2, 29, 10);
    expect(formatWhen(midday - 24 * HOUR, midday, zone)).toBe('yesterday 11:00');
  });

  it.each([
    [1800, '1.8 s'],
    [35_000, '35 s'],
    [60_000, '1 min'],
    [10 * 60_000, '10 min'],
    [70 * 60_000, '1 h 10'],
    [2 * HOUR, '2 h'],
    [72 * HOUR, '3 days'],
  ])('says a duration of %d ms as a person would', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('reads a stop-watch with hours only when there are any', () => {
    expect(formatStopwatch(760_000)).toBe('12:40');
    expect(formatStopwatch(3_729_000)).toBe('1:02:09');
    expect(formatStopwatch(-5)).toBe('0:00');
  });
});
