import type { JsonObject } from '../otlp/json-value.ts';
import type { SentryLimits } from './sentry-limits.ts';

// SDKs in many languages fill these fields; what has the wrong type counts as absent, as with Sentry's own relay.

/** An object; empty where it is anything else. */
export function objectIn(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** A list; also the `values` of an object, as older SDKs wrap lists. */
export function listIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const values = objectIn(value)['values'];
  return Array.isArray(values) ? values : [];
}

/** A text; numbers and booleans as text; empty for anything else. */
export function textIn(value: unknown, limit: number): string {
  if (typeof value === 'string') return cut(value, limit);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return '';
}

/** A text, undefined where there is none. */
export function optionalText(value: unknown, limit: number): string | undefined {
  const text = textIn(value, limit);
  return text === '' ? undefined : text;
}

/** A whole number above 0, undefined for anything else. */
export function positiveIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** Unix ms of seconds or of an ISO date; undefined where it is neither. */
export function timeIn(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? parseTime(value) : Number.NaN;
  return Number.isFinite(ms) && ms > 0 && ms < LATEST_MS ? Math.round(ms) : undefined;
}

/** Unix ns of fractional seconds or of an ISO date; undefined where it is neither. */
export function nanosecondsIn(value: unknown): bigint | undefined {
  if (typeof value !== 'number') {
    const ms = timeIn(value);
    return ms === undefined ? undefined : BigInt(ms) * 1_000_000n;
  }
  if (!Number.isFinite(value) || value <= 0 || value * 1000 >= LATEST_MS) return undefined;
  const seconds = Math.trunc(value);
  // Seconds of today as a double hold microseconds, not more.
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round((value - seconds) * 1e6)) * 1000n;
}

/** The year 2200. */
const LATEST_MS = 7_258_118_400_000;

function parseTime(text: string): number {
  if (/^\d{9,11}(?:\.\d+)?$/u.test(text)) return Number(text) * 1000;
  // Python sends UTC without a zone.
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/iu.test(text);
  return /^\d{4}-\d{2}-\d{2}[T ]/u.test(text) ? Date.parse(hasZone ? text : `${text}Z`) : Number.NaN;
}

/** 32 or 16 hexadecimal digits in lower case, dashes removed; empty for anything else. */
export function hexIn(value: unknown, digits: 16 | 32): string {
  if (typeof value !== 'string') return '';
  const text = value.replaceAll('-', '').toLowerCase();
  return text.length === digits && /^[0-9a-f]+$/u.test(text) && !/^0+$/u.test(text) ? text : '';
}

/** Any value as one text: nested values as JSON, bounded in depth and length. */
export function anyText(value: unknown, limits: SentryLimits): string {
  if (typeof value === 'object' && value !== null) {
    return cut(JSON.stringify(shallow(value, limits.depth)) ?? '', limits.textLength);
  }
  return textIn(value, limits.textLength);
}

/** Fields of an object as text, in their order, at most `limits.fields`. */
export function fieldsIn(value: unknown, limits: SentryLimits): Record<string, string> {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  let count = 0;
  for (const [key, field] of entriesIn(value)) {
    if (count >= limits.fields) break;
    const text = anyText(field, limits);
    if (text === '' || key === '') continue;
    fields[cut(key, 200)] = text;
    count += 1;
  }
  return { ...fields };
}

/** Entries of an object, or of a list of pairs, as Sentry allows for tags. */
export function entriesIn(value: unknown): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(value)) return Object.entries(objectIn(value)).filter(([key]) => key !== '__proto__');
  return value.flatMap((pair: unknown) =>
    Array.isArray(pair) && typeof pair[0] === 'string' && pair[0] !== '__proto__' ? [[pair[0], pair[1]] as const] : [],
  );
}

const WIDTH = 50;

/** A copy that ends at a depth, so that neither the copy nor its text can grow without bound. */
function shallow(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? cut(value, 2048) : value;
  if (depth === 0) return '...';
  if (Array.isArray(value)) return value.slice(0, WIDTH).map((item) => shallow(item, depth - 1));
  const entries = Object.entries(value).slice(0, WIDTH);
  return Object.fromEntries(entries.map(([key, item]) => [cut(key, 200), shallow(item, depth - 1)]));
}

/** Shortens a text without cutting a surrogate pair in two. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = /[\ud800-\udbff]/u.test(text.charAt(limit - 1)) ? limit - 1 : limit;
  return text.slice(0, end);
}
