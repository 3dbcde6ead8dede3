import type { TelemetryReader } from '../../telemetry/api.ts';

/** Events of one key and release that arrived in some seconds. Times are Unix ms. */
export interface Arrivals {
  readonly key: string;
  /** Keys of the same events under other rules, or without source maps. */
  readonly otherKeys: readonly string[];
  readonly release: string;
  readonly events: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly service: string;
  readonly title: string;
  readonly type: string;
  readonly value: string;
  readonly level: string;
  readonly platform: string;
  readonly groupedBy: string;
  readonly culpritFunction: string;
  readonly culpritFile: string;
  readonly culpritLine: number;
  readonly frames: string;
  /** 0 no, 1 yes, 2 unknown. */
  readonly handled: number;
  /** Whether source maps moved its frames. */
  readonly isMapped: number;
}

const KEY = "leftPad(lower(hex(issue)), 16, '0')";
const newest = (column: string): string => `argMax(${column}, ts)`;

const FACTS = `
SELECT ${KEY} AS key, groupUniqArrayArray(arrayMap(k -> leftPad(lower(hex(k)), 16, '0'), keys)) AS otherKeys,
  toString(release) AS release, sum(weight) AS events, toUnixTimestamp64Milli(min(ts)) AS firstAt,
  toUnixTimestamp64Milli(max(ts)) AS lastAt, ${newest('toString(service)')} AS service, ${newest('title')} AS title,
  ${newest('toString(type)')} AS type, ${newest('value')} AS value, ${newest('toString(level)')} AS level,
  ${newest('toString(platform)')} AS platform, ${newest('toString(grouped_by)')} AS groupedBy,
  ${newest('culprit_function')} AS culpritFunction, ${newest('toString(culprit_file)')} AS culpritFile,
  ${newest('culprit_line')} AS culpritLine, ${newest('frames')} AS frames, ${newest('handled')} AS handled,
  max(notEmpty(keys)) AS isMapped
FROM error_events`;

const ARRIVALS = `${FACTS}
WHERE _in > toDateTime({after:UInt32}, 'UTC') AND _in <= toDateTime({through:UInt32}, 'UTC')
GROUP BY issue, release ORDER BY firstAt LIMIT {limit:UInt32}`;

const OF_KEY = `${FACTS} WHERE issue = {key:UInt64} GROUP BY issue, release ORDER BY firstAt LIMIT 1000`;

/** What arrived in the closed seconds (after, through], oldest first. */
export async function readArrivals(
  reader: TelemetryReader,
  range: { readonly after: number; readonly through: number; readonly limit: number },
): Promise<Arrivals[]> {
  return reader.rows<Arrivals>(ARRIVALS, { name: 'errors.arrivals', parameters: range, deadlineMs: 20_000 });
}

/** Everything that is stored of one key, by release, oldest first. */
export async function readKey(reader: TelemetryReader, key: string): Promise<Arrivals[]> {
  return reader.rows<Arrivals>(OF_KEY, { name: 'errors.key', parameters: { key: decimalKey(key) } });
}

/** Different users of some keys since a time, Unix ms. */
export async function readUsersSince(reader: TelemetryReader, keys: readonly string[], since: number): Promise<number> {
  const rows = await reader.rows<{ users: number }>(
    `SELECT uniqIf(user_hash, user_hash != 0) AS users FROM error_events
     WHERE issue IN {keys:Array(UInt64)} AND ts > fromUnixTimestamp64Milli({since:Int64}, 'UTC')`,
    { name: 'errors.users', parameters: { keys: keys.map(decimalKey), since } },
  );
  return rows[0]?.users ?? 0;
}

/** A key as a parameter of type UInt64; as a text it would be quoted. */
export function decimalKey(key: string): bigint {
  return BigInt(`0x${key}`);
}
