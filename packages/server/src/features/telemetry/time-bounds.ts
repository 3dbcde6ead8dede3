import type { SqlParameters } from './sql-parameters.ts';

const ARRIVAL_SLACK_MS = 3_600_000;
/** The engine's nanoseconds end in the year 2262. */
const LAST_MS = 9_223_372_036_000n;

/** Condition for rows of a time range, Unix ms, half-open. Rows that came up to an hour before their own time are found. */
export function timeBounds(
  parameters: SqlParameters,
  range: { readonly fromMs: number; readonly toMs: number },
): string {
  const bounds = nanosecondBounds(parameters, nanosecondsOf(range.fromMs), nanosecondsOf(range.toMs));
  return `${bounds} AND ${arrivedSince(parameters, range.fromMs)}`;
}

/** Condition for rows of a time range, Unix ns, half-open. */
export function nanosecondBounds(parameters: SqlParameters, fromNs: bigint, toNs: bigint): string {
  return `ts >= ${nanosecondTime(parameters, fromNs)} AND ts < ${nanosecondTime(parameters, toNs)}`;
}

export function nanosecondTime(parameters: SqlParameters, at: bigint): string {
  return `fromUnixTimestamp64Nano(${parameters.add(String(at), 'Int64')}, 'UTC')`;
}

/** Leaves out the partitions of days before. */
export function arrivedSince(parameters: SqlParameters, fromMs: number): string {
  const second = Math.min(2 ** 32 - 1, Math.max(0, Math.floor((fromMs - ARRIVAL_SLACK_MS) / 1000)));
  return `_in >= toDateTime(${parameters.add(second, 'UInt32')}, 'UTC')`;
}

export function nanosecondsOf(ms: number): bigint {
  const whole = BigInt(Math.floor(ms));
  return (whole > LAST_MS ? LAST_MS : whole) * 1_000_000n;
}
