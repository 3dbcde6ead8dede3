import { isDeepStrictEqual } from 'node:util';

/**
 * Whether what was read back is what was written, after the changes of type that every database makes: numbers as text
 * (numeric, bigint), booleans as 0 and 1, dates as text, JSON as text or object, bytes as buffers.
 * `undefined` was never written and equals null.
 */
export function isSameValue(written: unknown, stored: unknown): boolean {
  if (written === stored) return true;
  if (isNothing(written) || isNothing(stored)) return isNothing(written) && isNothing(stored);
  if (written instanceof Uint8Array || stored instanceof Uint8Array) return isSameBytes(written, stored);
  if (written instanceof Date || stored instanceof Date) return isSameTime(written, stored);
  if (typeof written === 'boolean' || typeof stored === 'boolean') return truthOf(written) === truthOf(stored);
  if (typeof written === 'object' || typeof stored === 'object') return isSameStructure(written, stored);
  return isSameNumber(written, stored);
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isSameBytes(written: unknown, stored: unknown): boolean {
  if (!(written instanceof Uint8Array) || !(stored instanceof Uint8Array)) return false;
  return Buffer.compare(written, stored) === 0;
}

function isSameTime(written: unknown, stored: unknown): boolean {
  const times = [timeOf(written), timeOf(stored)];
  return times[0] === times[1] && !Number.isNaN(times[0] ?? Number.NaN);
}

function timeOf(value: unknown): number {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'string' || typeof value === 'number' ? new Date(value).getTime() : Number.NaN;
}

function truthOf(value: unknown): unknown {
  if (value === true || value === 1 || value === 1n || value === '1' || value === 't' || value === 'true') return true;
  if (value === false || value === 0 || value === 0n || value === '0' || value === 'f' || value === 'false')
    return false;
  return value;
}

function isSameStructure(written: unknown, stored: unknown): boolean {
  return isDeepStrictEqual(plain(written), plain(stored));
}

/** What JSON makes of it: dates become text, fields without a value go. */
function plain(value: unknown): unknown {
  try {
    return JSON.parse(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null'));
  } catch {
    return value;
  }
}

/** Decimal digits are compared as text, because a number of JavaScript would round both sides to the same. */
function isSameNumber(written: unknown, stored: unknown): boolean {
  const [one, other] = [decimalOf(written), decimalOf(stored)];
  if (one === undefined || other === undefined) return false;
  // Two texts that a column of text tells apart ("1.0" and "1") are not the same.
  if (typeof written === 'string' && typeof stored === 'string') return one === other && hasFraction(written, stored);
  return one === other;
}

function hasFraction(written: string, stored: string): boolean {
  return written.trim() !== '' && (written.includes('.') || stored.includes('.'));
}

function decimalOf(value: unknown): string | undefined {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return String(value);
    return Number.isInteger(value) ? String(BigInt(value)) : canonical(expand(value));
  }
  if (typeof value !== 'string' || value.length > 1000) return undefined;
  const text = value.trim();
  if (/^[+-]?(?:NaN|Infinity)$/.test(text)) return text;
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return canonical(text);
  return /^[+-]?\d+(?:\.\d+)?e[+-]?\d{1,3}$/i.test(text) ? decimalOf(Number(text)) : undefined;
}

function canonical(text: string): string {
  const [, sign = '', whole = '0', fraction = ''] = /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text) ?? [];
  const digits = `${whole === '' ? '0' : whole}${fraction === '' ? '' : `.${fraction}`}`;
  return sign === '-' && digits !== '0' ? `-${digits}` : digits;
}

/** A number in digits alone, as many as tell it apart from its neighbours. */
function expand(value: number): string {
  const text = String(value);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (parts === null) return text;
  const [, sign = '', first = '', rest = '', exponent = '0'] = parts;
  const shift = Number(exponent);
  const digits = first + rest;
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${digits}`;
  return `${sign}${digits.padEnd(shift + 1, '0').slice(0, shift + 1)}.${digits.slice(shift + 1)}`;
}
