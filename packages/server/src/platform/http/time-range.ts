import { BelayError } from '@belay/core';

/** Half-open interval, Unix ms. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const HOUR_MS = 3_600_000;
/** As long as anything is kept. */
const LONGEST_MS = 400 * 24 * HOUR_MS;

/** The range a question is about: the last hour unless it says otherwise. Refuses an empty range, and one beyond 400 days. */
export function timeRangeOf(
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  now: number,
): TimeRange {
  const toMs = to ?? (from === undefined ? now : Math.max(now, from + 1));
  const fromMs = from ?? Math.max(0, toMs - HOUR_MS);
  if (fromMs >= toMs) throw refused('from', fromMs, 'is not before `to`', 'Send `from` earlier than `to`, in Unix ms.');
  if (toMs - fromMs > LONGEST_MS) throw refused('from', fromMs, 'is more than 400 days before `to`', 'Ask for less.');
  return { fromMs, toMs };
}

function refused(path: string, seen: number, message: string, mend: string): BelayError {
  return new BelayError('request.invalid', 'The time range cannot be asked for.', {
    hint: mend,
    issues: [{ path, message, seen: String(seen), mend }],
  });
}
