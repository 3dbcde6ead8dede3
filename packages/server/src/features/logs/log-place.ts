import { BelayError } from '@belay/core';

/** Where a line stands among all: by time, then by a hash of what it says. */
export interface LogPlace {
  readonly atNs: bigint;
  readonly key: bigint;
}

/** Where the next page begins. */
export interface LogCursor extends LogPlace {
  /** Lines with the time of the last one that were given already. */
  readonly sameTime: number;
  /** Lines that are equal to the last one and were given already. */
  readonly equal: number;
}

/** Orders lines of the same time, the same way whenever it is asked. */
export const LINE_KEY = 'cityHash64(_req, service, instance, severity, span_id, body)';

const PLACE = /^(\d{1,19})-([0-9a-f]{16})$/;
const CURSOR = /^(\d{1,19})-([0-9a-f]{16})-(\d{1,9})-(\d{1,9})$/;

export function lineId({ atNs, key }: LogPlace): string {
  return `${atNs}-${key.toString(16).padStart(16, '0')}`;
}

export function readLineId(id: string, path: string): LogPlace {
  const [, at, key] = PLACE.exec(id) ?? [];
  if (at === undefined || key === undefined || !isStorable(at)) throw refused(path, id, 'is not the id of a log line');
  return { atNs: BigInt(at), key: BigInt(`0x${key}`) };
}

export function cursorText(cursor: LogCursor): string {
  return `${lineId(cursor)}-${cursor.sameTime}-${cursor.equal}`;
}

export function readCursor(text: string): LogCursor {
  const [, at, key, sameTime, equal] = CURSOR.exec(text) ?? [];
  if (at === undefined || key === undefined || !isStorable(at))
    throw refused('cursor', text, 'is not a cursor of this list');
  return { atNs: BigInt(at), key: BigInt(`0x${key}`), sameTime: Number(sameTime), equal: Number(equal) };
}

function isStorable(at: string): boolean {
  return BigInt(at) < 2n ** 63n;
}

function refused(path: string, seen: string, message: string): BelayError {
  const mend = path === 'cursor' ? 'Send `next` of the page before.' : 'Send the `id` of a line as it was listed.';
  return new BelayError('request.invalid', `"${path}" cannot be used.`, {
    hint: mend,
    issues: [{ path, message, seen: seen.slice(0, 120), mend }],
  });
}
