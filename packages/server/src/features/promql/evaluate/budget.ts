import { BelayError } from '@belay/core';

/** Bounds what one query may read and how long it may take. */
export interface Budget {
  /** Counts samples read or points made; throws `promql.too-wide` beyond the limit. */
  take(samples: number): void;
  /** Lets other work go on now and then; throws when the time is over or nobody waits for the answer. */
  breathe(): Promise<void>;
  readonly taken: number;
  /** Samples that may still be taken. */
  readonly remaining: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface BudgetOptions {
  readonly maxSamples: number;
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** Longest stretch for which a query keeps the event loop: ingest and leases wait behind it. */
const STRETCH_MS = 15;

export function createBudget({ maxSamples, timeoutMs, now, signal }: BudgetOptions): Budget {
  const deadlineMs = now() + timeoutMs;
  let taken = 0;
  let lastBreath = now();
  return {
    get taken() {
      return taken;
    },
    get remaining() {
      return Math.max(0, maxSamples - taken);
    },
    deadlineMs,
    signal,
    take(samples) {
      taken += samples;
      if (taken > maxSamples) throw tooManySamples(maxSamples);
    },
    async breathe() {
      const at = now();
      if (at - lastBreath < STRETCH_MS) return;
      signal?.throwIfAborted();
      if (at >= deadlineMs) throw timedOut(timeoutMs);
      await new Promise((resolve) => setImmediate(resolve));
      lastBreath = now();
    },
  };
}

export function timedOut(timeoutMs: number): BelayError {
  return new BelayError('promql.timeout', `query timed out in expression evaluation after ${timeoutMs / 1000} s`, {
    hint: 'Shorten the time range, enlarge the step, or narrow the labels.',
  });
}

function tooManySamples(maxSamples: number): BelayError {
  const message = 'query processing would load too many samples into memory in query execution';
  return new BelayError('promql.too-wide', `${message}: more than ${maxSamples}`, {
    hint: 'Name a metric and a label, shorten the time range, or enlarge the step.',
  });
}
