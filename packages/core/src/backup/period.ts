/** A stretch of the calendar, in UTC; weeks begin on Monday. */
export type Period = 'hour' | 'day' | 'week' | 'month' | 'year';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Number of the period that holds a time (Unix ms); equal for times in the same period. Any finite number will do. */
export function periodOf(at: number, period: Period): number {
  switch (period) {
    case 'hour':
      return Math.floor(at / HOUR_MS);
    case 'day':
      return Math.floor(at / DAY_MS);
    case 'week':
      // 1970-01-01 was a Thursday.
      return Math.floor((at / DAY_MS + 3) / 7);
    case 'month': {
      const date = new Date(at);
      return date.getUTCFullYear() * 12 + date.getUTCMonth();
    }
    case 'year':
      return new Date(at).getUTCFullYear();
  }
}
