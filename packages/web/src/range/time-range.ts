import { formatClock, formatDuration, formatWhen, type ZoneOption } from '../format/times.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span of time as a person chose it: up to now, or between two moments. Half-open, Unix milliseconds. */
export type TimeRange =
  | { readonly kind: 'last'; readonly ms: number }
  | { readonly kind: 'between'; readonly from: number; readonly to: number };

export const presets = [
  { key: '15m', ms: 15 * MINUTE, text: 'Last 15 minutes' },
  { key: '1h', ms: HOUR, text: 'Last hour' },
  { key: '6h', ms: 6 * HOUR, text: 'Last 6 hours' },
  { key: '24h', ms: DAY, text: 'Last 24 hours' },
  { key: '7d', ms: 7 * DAY, text: 'Last 7 days' },
  { key: '28d', ms: 28 * DAY, text: 'Last 28 days' },
  { key: '90d', ms: 90 * DAY, text: 'Last 90 days' },
] as const;

const PARAMETERS = ['last', 'from', 'to'] as const;

/** Reads the range of an address. Anything that cannot be read is `fallback`; a link may be mistyped. */
export function readRange(parameters: URLSearchParams, fallback: string): TimeRange {
  const from = wholeNumber(parameters.get('from'));
  const to = wholeNumber(parameters.get('to'));
  if (from !== null && to !== null && to > from) return { kind: 'between', from, to };
  const key = parameters.get('last');
  const preset = presets.find((one) => one.key === key) ?? presets.find((one) => one.key === fallback) ?? presets[1];
  return { kind: 'last', ms: preset.ms };
}

/** Writes the range into an address's parameters; the default is not written. */
export function writeRange(parameters: URLSearchParams, range: TimeRange, fallback: string): void {
  for (const name of PARAMETERS) parameters.delete(name);
  if (range.kind === 'between') {
    parameters.set('from', String(range.from));
    parameters.set('to', String(range.to));
    return;
  }
  const key = presets.find((preset) => preset.ms === range.ms)?.key;
  if (key !== undefined && key !== fallback) parameters.set('last', key);
}

/** How often a range up to now is read again: often enough to feel live, seldom enough to stay cheap. */
export function refreshEvery(ms: number): number {
  return Math.min(5 * MINUTE, Math.max(5000, Math.round(ms / 240)));
}

/** `Last hour`, or `today 14:02 to 14:30`, or `Thu 16:40 to yesterday 09:10`. */
export function rangeText(range: TimeRange, now: number, options: ZoneOption = {}): string {
  if (range.kind === 'last')
    return presets.find((preset) => preset.ms === range.ms)?.text ?? `Last ${formatDuration(range.ms)}`;
  const start = formatWhen(range.from, now, options);
  const end = formatWhen(range.to, now, options);
  const startDay = start.slice(0, start.lastIndexOf(' '));
  return startDay === end.slice(0, end.lastIndexOf(' '))
    ? `${start} to ${formatClock(range.to, options)}`
    : `${start} to ${end}`;
}

/** What a field of the kind `datetime-local` shows for a moment, in the reader's own zone. */
export function localFieldText(at: number): string {
  const date = new Date(at);
  const local = new Date(at - date.getTimezoneOffset() * MINUTE);
  return local.toISOString().slice(0, 16);
}

/** The moment a `datetime-local` field means, or null while it is incomplete. */
export function momentOf(text: string): number | null {
  const at = new Date(text).getTime();
  return text === '' || Number.isNaN(at) ? null : at;
}

/** The part of an address's parameters that goes along from one view of telemetry to the next: range and service. */
export function carriedParameters(search: string): string {
  const given = new URLSearchParams(search);
  const kept = new URLSearchParams();
  for (const name of [...PARAMETERS, 'live', 'service']) {
    const value = given.get(name);
    if (value !== null) kept.set(name, value);
  }
  const text = kept.toString();
  return text === '' ? '' : `?${text}`;
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
