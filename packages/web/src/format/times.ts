const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time zone of Intl; absent: the reader's own. */
export interface ZoneOption {
  readonly timeZone?: string | undefined;
}

/** `14:02` or, with seconds, `14:02:37`. */
export function formatClock(at: number, options: ZoneOption & { readonly seconds?: boolean } = {}): string {
  return new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    ...(options.seconds === true ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
    timeZone: options.timeZone,
  }).format(at);
}

/** `today 14:02`, `yesterday 09:10`, `Thu 16:40` within a week, `3 Nov 16:40` within a year, else `3 Nov 2025`. */
export function formatWhen(at: number, now: number, options: ZoneOption = {}): string {
  const clock = formatClock(at, options);
  const days = dayNumber(now, options) - dayNumber(at, options);
  if (days === 0) return `today ${clock}`;
  if (days === 1) return `yesterday ${clock}`;
  if (days === -1) return `tomorrow ${clock}`;
  if (days > 1 && days < 7) return `${part(at, { weekday: 'short' }, options)} ${clock}`;
  const day = part(at, { day: 'numeric', month: 'short' }, options);
  if (Math.abs(days) < 330) return `${day} ${clock}`;
  return part(at, { day: 'numeric', month: 'short', year: 'numeric' }, options);
}

/** `24 Nov 2026, 14:02:37 UTC`, for the hover of every local time. */
export function formatUtc(at: number): string {
  const day = part(at, { day: 'numeric', month: 'short', year: 'numeric' }, { timeZone: 'UTC' });
  return `${day}, ${formatClock(at, { timeZone: 'UTC', seconds: true })} UTC`;
}

/** `35 s`, `10 min`, `1 h 10`, `3 days`; what a person would say, rounded down to the unit below. */
export function formatDuration(ms: number): string {
  if (ms < 10 * SECOND && ms % SECOND !== 0) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < 90 * SECOND && ms % MINUTE !== 0) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) {
    const minutes = Math.floor((ms % HOUR) / MINUTE);
    return `${Math.floor(ms / HOUR)} h${minutes === 0 ? '' : ` ${String(minutes).padStart(2, '0')}`}`;
  }
  return `${Math.floor(ms / DAY)} days`;
}

/** A stop-watch reading: `12:40`, or `1:02:09` from an hour on. */
export function formatStopwatch(ms: number): string {
  const total = Math.max(0, Math.floor(ms / SECOND));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(total % 60)}` : `${minutes}:${pad(total % 60)}`;
}

function part(at: number, fields: Intl.DateTimeFormatOptions, options: ZoneOption): string {
  return new Intl.DateTimeFormat('en-GB', { ...fields, timeZone: options.timeZone }).format(at);
}

function dayNumber(at: number, options: ZoneOption): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    timeZone: options.timeZone,
  }).formatToParts(at);
  const of = (type: string): number => Number(parts.find((entry) => entry.type === type)?.value);
  return Math.floor(Date.UTC(of('year'), of('month') - 1, of('day')) / DAY);
}
