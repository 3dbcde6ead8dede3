import type { LogFilter, LogLine } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { nanosecondsOf, type TelemetryReader } from '../telemetry/api.ts';
import { readLines } from './line-windows.ts';
import { cursorText, type LogCursor, readCursor, readLineId } from './log-place.ts';
import { logQuestion } from './log-question.ts';

interface Search {
  readonly filter: LogFilter;
  readonly range: TimeRange;
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** A page of the lines that fit, newest first; the next page goes on where this one ends, whatever is stored meanwhile. */
export async function searchLogs(
  reader: TelemetryReader,
  { filter, range, cursor, limit }: Search,
): Promise<{ items: LogLine[]; next: string | null }> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const question = logQuestion(filter);
  const fromNs = nanosecondsOf(range.fromMs);
  const toNs = after === undefined ? nanosecondsOf(range.toMs) : min(nanosecondsOf(range.toMs), after.atNs + 1n);
  const lines = await readLines(reader, {
    question,
    fromNs,
    toNs,
    isNewestFirst: true,
    limit: limit + 1,
    ...(after === undefined ? {} : { after }),
  });
  const items = lines.slice(0, limit);
  return { items, next: lines.length > limit ? cursorText(cursorAfter(items, after)) : null };
}

function cursorAfter(items: readonly LogLine[], before: LogCursor | undefined): LogCursor {
  const last = items.at(-1);
  const place = readLineId(last?.id ?? '', 'cursor');
  const sameTime = items.filter(({ atNs }) => atNs === last?.atNs).length;
  const equal = items.filter(({ id }) => id === last?.id).length;
  return {
    ...place,
    sameTime: sameTime + (before?.atNs === place.atNs ? before.sameTime : 0),
    equal: equal + (before?.atNs === place.atNs && before.key === place.key ? before.equal : 0),
  };
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
