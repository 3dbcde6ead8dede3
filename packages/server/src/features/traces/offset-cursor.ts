import { BelayError } from '@belay/core';

/** Position in a ranking that is computed anew for each page. */
export function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,6}$/.test(cursor)) return Number(cursor);
  const mend = 'Send `next` of the page before.';
  throw new BelayError('request.invalid', 'The cursor cannot be used.', {
    hint: mend,
    issues: [{ path: 'cursor', message: 'is not a cursor of this list', seen: cursor.slice(0, 120), mend }],
  });
}
