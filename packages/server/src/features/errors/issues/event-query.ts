import { BelayError } from '@belay/core';
import { decimalKey } from './arrivals.ts';

/** Which events a question is about. Times are Unix ms, half-open. */
export interface EventFilter {
  readonly from: number;
  readonly to: number;
  readonly service?: string | undefined;
  readonly environment?: string | undefined;
  readonly release?: string | undefined;
  readonly level?: string | undefined;
  readonly keys?: readonly string[] | undefined;
}

/** Condition and parameters of a filter. */
export interface EventCondition {
  readonly where: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

const HOUR_MS = 3_600_000;

/** The sort key begins with the hour, partitions follow arrival: both are bounded so that little is read. */
export function conditionOf(filter: EventFilter): EventCondition {
  const names = ['service', 'environment', 'release', 'level'] as const;
  const used = names.filter((name) => filter[name] !== undefined);
  const parts = [
    `toStartOfHour(ts) >= toDateTime(intDiv({from:Int64} - ${HOUR_MS}, 1000), 'UTC')`,
    `ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')`,
    // An event is stored after it happened; clocks that run ahead are set right at the door.
    `_in >= toDateTime(intDiv({from:Int64} - ${HOUR_MS}, 1000), 'UTC')`,
    ...used.map((name) => `${name} = {${name}:String}`),
    ...(filter.keys === undefined ? [] : ['issue IN {keys:Array(UInt64)}']),
  ];
  const texts = Object.fromEntries(used.map((name) => [name, filter[name]]));
  return {
    where: parts.join(' AND '),
    parameters: { from: filter.from, to: filter.to, ...texts, keys: (filter.keys ?? []).map(decimalKey) },
  };
}

const DAY_MS = 86_400_000;
/** Longest range of a question. */
export const LONGEST_MS: number = 400 * DAY_MS;

/** The last 24 hours unless told otherwise. */
export function rangeOf(query: { readonly from?: number | undefined; readonly to?: number | undefined }, now: number) {
  const to = query.to ?? now + 1;
  const from = query.from ?? Math.max(0, to - DAY_MS);
  if (from < to && to - from <= LONGEST_MS) return { from, to };
  throw new BelayError('request.invalid', 'The time range is not one.', {
    issues: [
      {
        path: 'from',
        message: from >= to ? 'must be before "to"' : 'is more than 400 days before "to"',
        seen: String(from),
        mend: 'give "from" and "to" as Unix milliseconds, "from" first',
      },
    ],
  });
}

/** Steps of a small chart: 24 of them, each at least a minute. */
export function sparkStep({ from, to }: { readonly from: number; readonly to: number }): number {
  return Math.max(60_000, Math.ceil((to - from) / 24 / 60_000) * 60_000);
}
