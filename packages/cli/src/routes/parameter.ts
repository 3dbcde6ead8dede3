import { pointInTime } from '../point-in-time.ts';

/** Flags every command takes. */
export const commonFlags = {
  json: { kind: 'boolean', brief: 'Print one JSON document and nothing else on stdout', default: false },
  debug: { kind: 'boolean', brief: 'Print the stack of an error', default: false },
} as const;

/** Flags of every command that talks to a server. */
export const serverFlags = {
  ...commonFlags,
  url: {
    kind: 'parsed',
    parse: String,
    brief: 'Address of the server (BELAY_URL)',
    placeholder: 'address',
    optional: true,
  },
  token: { kind: 'parsed', parse: String, brief: 'Token (BELAY_KEY)', placeholder: 'token', optional: true },
} as const;

/** Flags of a time range. */
export const rangeFlags = {
  from: {
    kind: 'parsed',
    parse: pointInTime,
    brief: 'First moment: 1h (ago), 2026-11-24T15:00:00Z, or Unix time',
    placeholder: 'time',
    default: '1h',
  },
  to: { kind: 'parsed', parse: pointInTime, brief: 'Last moment', placeholder: 'time', default: 'now' },
} as const;

/** A flag that takes a text. */
export function textFlag<const B extends string>(brief: B, placeholder: string) {
  return { kind: 'parsed', parse: String, brief, placeholder, optional: true } as const;
}

/** A switch, off by default. */
export function switchFlag<const B extends string>(brief: B) {
  return { kind: 'boolean', brief, default: false } as const;
}

/** A positional argument that may be left out. */
export function optionalArgument(brief: string, placeholder: string) {
  return { brief, placeholder, parse: String, optional: true } as const;
}

/** A positional argument. */
export function argument(brief: string, placeholder: string) {
  return { brief, placeholder, parse: String } as const;
}

/** Parses a whole number in a range, naming what was seen. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    throw new RangeError(`"${text}" is not a whole number from ${minimum} to ${maximum}`);
  };
}

/** Parses `90s`, `10m`, `2h` or `7d` to milliseconds. */
export function durationOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = match?.[2];
  if (match === null || unit === undefined) throw new RangeError(`"${text}" is not a duration such as 90s, 10m or 2h`);
  return Number(match[1]) * (MILLISECONDS[unit] ?? Number.NaN);
}

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
