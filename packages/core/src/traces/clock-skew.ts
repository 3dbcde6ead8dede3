import type { SpanFacts } from './span-node.ts';

interface Caller {
  readonly process: string;
  /** Corrected start. */
  readonly start: number;
  readonly duration: number;
  /** How far its clock was shifted. */
  readonly skew: number;
}

/**
 * How far the clock of a span must be shifted, ms. Spans of the caller's process shift with the caller. A span of
 * another process is moved only where its own clock is impossible: it begins before the call, or, when the caller waits
 * for it, after the call has ended. It is then centred in the call, as Jaeger's clock skew adjuster does; one that is
 * longer than the call begins with it.
 */
export function skewOf(span: SpanFacts, caller: Caller | undefined): number {
  if (caller === undefined) return 0;
  if (span.process === caller.process) return caller.skew;
  const isBefore = span.start < caller.start;
  const isAfter = span.isSynchronous && span.start > caller.start + caller.duration;
  if (!isBefore && !isAfter) return 0;
  const spare = Math.max(0, caller.duration - span.duration);
  return caller.start + (span.isSynchronous ? spare / 2 : 0) - span.start;
}
