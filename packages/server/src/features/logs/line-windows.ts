import type { LogLine } from '@belay/protocol';
import {
  arrivedSince,
  createSqlParameters,
  nanosecondBounds,
  nanosecondTime,
  type TelemetryReader,
} from '../telemetry/api.ts';
import { LINE_KEY, type LogCursor, type LogPlace } from './log-place.ts';
import type { LogQuestion } from './log-question.ts';
import { LINE_COLUMNS, lineOf, type LogRow } from './log-row.ts';

export interface LineRead {
  /** Without its time range. */
  readonly question: LogQuestion;
  readonly fromNs: bigint;
  /** Exclusive. */
  readonly toNs: bigint;
  readonly isNewestFirst: boolean;
  readonly limit: number;
  /** Only lines beyond this one in the order of reading; `equal` lines that look like it are left out. */
  readonly after?: LogCursor;
}

const FIRST_WINDOW_NS = 60_000_000_000n;
/** How much further to look when a window had nothing at all, and at least when it had something. */
const EMPTY_GROWTH = 60n;
const LEAST_GROWTH = 4n;

/**
 * The first lines of a range. Their times are looked for in windows that begin small and grow with what is found, so
 * that frequent lines cost a few minutes of the store and rare ones a few looks into the index; only then are whole
 * lines read, at those times alone.
 */
export async function readLines(reader: TelemetryReader, read: LineRead): Promise<LogLine[]> {
  const times = await firstTimes(reader, read);
  if (times.length === 0) return [];
  const { question, isNewestFirst, limit, after } = read;
  const parameters = createSqlParameters(question.parameters);
  const direction = isNewestFirst ? 'DESC' : 'ASC';
  const [first = 0n, last = first] = [times[0], times.at(-1)];
  const [low, high] = first < last ? [first, last] : [last, first];
  const rows = await reader.rows<LogRow>(
    `SELECT ${LINE_COLUMNS} FROM logs
     WHERE ${nanosecondBounds(parameters, low, high + 1n)} AND ${arrivedSince(parameters, Number(low / 1_000_000n))}
       AND ts IN (${[...new Set(times)].map((at) => nanosecondTime(parameters, at)).join(', ')})
       AND ${question.condition} AND ${beyond(after, read.isNewestFirst, parameters)}
     ORDER BY ts ${direction}, ${LINE_KEY} ${direction} LIMIT ${limit} OFFSET ${after?.equal ?? 0}`,
    { name: 'logs.search', parameters: parameters.values },
  );
  return rows.map((row) => lineOf(row));
}

async function firstTimes(reader: TelemetryReader, read: LineRead): Promise<bigint[]> {
  const { fromNs, toNs, isNewestFirst, after } = read;
  const wanted = read.limit + (after?.sameTime ?? 0);
  const times: bigint[] = [];
  let width = FIRST_WINDOW_NS;
  let edge = isNewestFirst ? toNs : fromNs;
  while (times.length < wanted && (isNewestFirst ? edge > fromNs : edge < toNs)) {
    const next = isNewestFirst ? later(fromNs, edge - width) : earlier(toNs, edge + width);
    const window = isNewestFirst ? { fromNs: next, toNs: edge } : { fromNs: edge, toNs: next };
    const found = await timesIn(reader, read, { ...window, limit: wanted - times.length });
    times.push(...found);
    edge = next;
    const growth = BigInt(Math.ceil((1.5 * (wanted - times.length)) / Math.max(1, found.length)));
    width *= found.length === 0 ? EMPTY_GROWTH : later(LEAST_GROWTH, growth);
  }
  return times;
}

interface Window {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly limit: number;
}

async function timesIn(reader: TelemetryReader, read: LineRead, { fromNs, toNs, limit }: Window): Promise<bigint[]> {
  const { question, isNewestFirst } = read;
  const parameters = createSqlParameters(question.parameters);
  const rows = await reader.rows<{ at: string }>(
    `SELECT toString(toUnixTimestamp64Nano(ts)) AS at FROM logs
     WHERE ${nanosecondBounds(parameters, fromNs, toNs)} AND ${arrivedSince(parameters, Number(fromNs / 1_000_000n))}
       AND ${question.condition}
     ORDER BY ts ${isNewestFirst ? 'DESC' : 'ASC'} LIMIT ${limit}`,
    { name: 'logs.search', parameters: parameters.values },
  );
  return rows.map(({ at }) => BigInt(at));
}

/** Lines with the time of the place go on by their key; the caller has bounded the time already. */
function beyond(place: LogPlace | undefined, isNewestFirst: boolean, parameters: LogQuestion['parameters']): string {
  if (place === undefined) return '1';
  const key = parameters.add(String(place.key), 'UInt64');
  return `(ts != ${nanosecondTime(parameters, place.atNs)} OR ${LINE_KEY} ${isNewestFirst ? '<=' : '>='} ${key})`;
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function earlier(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
