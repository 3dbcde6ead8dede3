import { ClickHouseError } from '@clickhouse/client';
import { BelayError, isBelayError } from '@belay/core';

/** TOO_MANY_ROWS, TIMEOUT_EXCEEDED, TOO_SLOW, TOO_MANY_BYTES, MEMORY_LIMIT_EXCEEDED and others: it was too much. */
const TOO_WIDE = new Set(['158', '159', '160', '241', '307', '394', '396']);
/** Syntax, names and types: the question's author can mend it. */
const MISTAKEN = new Set([
  '36',
  '43',
  '46',
  '47',
  '53',
  '62',
  '63',
  '60',
  '42',
  '70',
  '164',
  '215',
  '184',
  '207',
  '386',
]);

/** CHECKSUM_DOESNT_MATCH, CANNOT_DECOMPRESS, CORRUPTED_DATA, CANNOT_READ_ALL_DATA and others: stored files are damaged. */
const DAMAGED = new Set(['33', '32', '40', '107', '117', '246', '271']);

export function isDamage(cause: unknown): boolean {
  return cause instanceof ClickHouseError && DAMAGED.has(cause.code);
}

/** Puts what the engine said into Belay's errors. */
export function readFailure(cause: unknown, name: string): BelayError {
  if (isBelayError(cause)) return cause;
  if (cause instanceof ClickHouseError && TOO_WIDE.has(cause.code)) {
    return new BelayError('telemetry.too-wide', `The question (${name}) would read more than is allowed at once.`, {
      hint: 'Ask for a shorter time, one service, or a narrower filter.',
      details: { limit: firstSentence(cause.message) },
      cause,
    });
  }
  return new BelayError('telemetry.unavailable', `The telemetry store could not answer (${name}).`, {
    hint: 'It is asked again; if this lasts, see the log of the telemetry engine.',
    retryAfterSeconds: 1,
    cause,
  });
}

/** The same for SQL that a person wrote: what is wrong with it is said in the engine's words. */
export function sandboxFailure(cause: unknown, name: string): BelayError {
  if (cause instanceof ClickHouseError && MISTAKEN.has(cause.code)) {
    return new BelayError('request.invalid', `The SQL cannot be run: ${firstSentence(cause.message)}`, {
      hint: 'Mend the query; the reference of tables names every column.',
      cause,
    });
  }
  return readFailure(cause, name);
}

function firstSentence(message: string): string {
  const [line = ''] = message.split('\n', 1);
  return line.slice(0, 400);
}
