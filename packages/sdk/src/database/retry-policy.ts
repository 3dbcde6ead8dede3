/** What a failure means for the write it ended. */
export type FailureKind = 'conflict' | 'connection-lost' | 'other';

/** SQLSTATE of failures after which running the whole callback again can succeed. */
const CONFLICTS = new Set(['40001', '40P01', '55P03']);

/** SQLSTATE classes and codes of Node and pg that mean the connection is gone. */
const LOST = new Set([
  '57P01',
  '57P02',
  '57P03',
  'ECONNRESET',
  'EPIPE',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'ENOTCONN',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // The server itself does not know whether the statement was completed.
  '40003',
]);
const LOST_WORDS =
  /connection terminated|connection ended|server closed the connection|client has encountered a connection error|query read timeout/i;

/**
 * Sorts a failure of a driver: a conflict with another writer (serialization failure, deadlock, lock not available,
 * any SQLITE_BUSY), a lost connection, or anything else, which is never tried again.
 */
export function failureKind(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'other';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (CONFLICTS.has(code) || code.startsWith('SQLITE_BUSY')) return 'conflict';
  // node:sqlite has one code for all and the number of SQLite beside it: 5 is SQLITE_BUSY, also in the low byte.
  if (code === 'ERR_SQLITE_ERROR' && 'errcode' in error && (Number(error.errcode) & 0xff) === 5) return 'conflict';
  if (LOST.has(code) || code.startsWith('08')) return 'connection-lost';
  // pg wraps what befell a connection in errors that have only words.
  if (code === '' && LOST_WORDS.test(error.message)) return 'connection-lost';
  return 'other';
}

/**
 * Whether the server itself refused: an SQLSTATE that does not tell of a lost connection. Everything else that befalls a
 * COMMIT (a timeout of the driver, a network that is gone) says nothing about whether it was carried out.
 */
export function isVerdict(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  const { code } = error;
  // Codes of Node that are as long (EPIPE) begin with an E and have no digit; SQLSTATE of the standard never does.
  return /^[\dA-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code) && !LOST.has(code) && !code.startsWith('08');
}

/** Bounds of tries: `maxAttempts` with the first, none begins later than `retryForMs` after the first. */
export interface RetryBounds {
  readonly maxAttempts: number;
  readonly retryForMs: number;
}

const FIRST_MS = 5;
const LONGEST_MS = 250;

/**
 * Ms to wait before try `attempt + 1` (full jitter: evenly between 0 and 5 ms * 2^attempt, at most 250 ms), or
 * undefined where no further try may begin. `attempt` counts from 1; `random` gives 0 up to 1.
 */
export function nextTryIn(
  attempt: number,
  elapsedMs: number,
  { maxAttempts, retryForMs }: RetryBounds,
  random: () => number,
): number | undefined {
  if (attempt >= maxAttempts) return undefined;
  const wait = random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return elapsedMs + wait > retryForMs ? undefined : wait;
}
