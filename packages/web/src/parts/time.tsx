import type { JSX } from 'preact';
import { formatClock, formatUtc, formatWhen } from '../format/times.ts';

export interface TimeProps {
  readonly at: number;
  /** `clock` is `14:02`, `second` is `14:02:37`, `when` adds the day. */
  readonly as?: 'clock' | 'second' | 'when';
}

/** A local time that shows UTC on hover. */
export function Time({ at, as = 'when' }: TimeProps): JSX.Element {
  const text = as === 'when' ? formatWhen(at, Date.now()) : formatClock(at, { seconds: as === 'second' });
  return (
    <time dateTime={new Date(at).toISOString()} title={formatUtc(at)}>
      {text}
    </time>
  );
}
