import { BelayError } from '@belay/core';
import type { DecodeLimits } from './decode-limits.ts';

/** What one request may still make the decoder build, and what had to be cut or refused so far. */
export interface DecodeBudget {
  readonly limits: DecodeLimits;
  /** Accounts for a span, log record or data point; throws `request.too-large` when there are too many. */
  takeItem(): void;
  /** Accounts for any other message. */
  takeNode(): void;
  /** Notes an item that is left out of the batch. */
  reject(reason: string): void;
  /** Notes something that was cut from an item that is kept. */
  warn(reason: string): void;
  /** Notes something that was too long and is kept in part. */
  cut(reason: string): void;
  /** How often something was kept in part. */
  cuts(): number;
  /** Shortens a text to the limit. */
  text(value: string, field: string): string;
  rejected(): number;
  /** Reasons with their counts, in order of appearance; empty when nothing was left out or cut. */
  message(): string;
}

const MAX_REASONS = 8;

/** Starts the account of one request. */
export function createDecodeBudget(limits: DecodeLimits): DecodeBudget {
  let items = 0;
  let nodes = 0;
  let rejected = 0;
  let cuts = 0;
  const reasons = new Map<string, number>();
  const note = (reason: string): void => {
    if (reasons.has(reason) || reasons.size < MAX_REASONS) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  };
  return {
    limits,
    takeItem() {
      items += 1;
      if (items > limits.items) throw tooMany('items (spans, log records or data points)', limits.items);
    },
    takeNode() {
      nodes += 1;
      if (nodes > limits.nodes) throw tooMany('attributes and nested messages', limits.nodes);
    },
    reject(reason) {
      rejected += 1;
      note(reason);
    },
    warn: note,
    cut(reason) {
      cuts += 1;
      note(reason);
    },
    cuts: () => cuts,
    text(value, field) {
      if (value.length <= limits.textLength) return value;
      cuts += 1;
      note(`${field} was cut to ${limits.textLength} characters`);
      return value.slice(0, limits.textLength);
    },
    rejected: () => rejected,
    message: () =>
      [...reasons].map(([reason, count]) => (count > 1 ? `${reason} (${count} times)` : reason)).join('; '),
  };
}

function tooMany(what: string, limit: number): BelayError {
  return new BelayError('request.too-large', `The request holds more than ${limit} ${what}.`, {
    hint: 'Send smaller batches, e.g. OTEL_BSP_MAX_EXPORT_BATCH_SIZE=512.',
    details: { limit },
  });
}
