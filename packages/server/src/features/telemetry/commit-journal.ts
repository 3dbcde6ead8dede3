import type { ClickHouseClient } from '@clickhouse/client';
import type { TableName } from './telemetry-tables.ts';

export interface StoredRequest {
  readonly hash: bigint;
  /** Block of its rows, Unix seconds. */
  readonly second: number;
}

/** Requests found in a table since a second, oldest first; all or a single one. */
export async function loadRequests(
  client: ClickHouseClient,
  options: { readonly table: TableName; readonly sinceSecond: number; readonly hash?: bigint },
): Promise<readonly StoredRequest[]> {
  const { table, sinceSecond, hash } = options;
  const result = await client.query({
    query: `SELECT toString(_req) AS hash, toUnixTimestamp(max(_in)) AS second FROM ${table}
      WHERE _in >= toDateTime({since:UInt32}, 'UTC') ${hash === undefined ? '' : 'AND _req = {hash:UInt64}'}
      GROUP BY _req ORDER BY second`,
    query_params: { since: Math.max(0, sinceSecond), ...(hash === undefined ? {} : { hash: hash.toString() }) },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ hash: string; second: number }>();
  return rows.map((row) => ({ hash: BigInt(row.hash), second: row.second }));
}

/** Newest block of a table, Unix seconds; 0 when it is empty. */
export async function loadLastBlock(client: ClickHouseClient, table: TableName): Promise<number> {
  const result = await client.query({
    query: `SELECT toUnixTimestamp(max(_in)) AS second FROM ${table}`,
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ second: number }>();
  return row?.second ?? 0;
}
