import type { ClickHouseClient } from '@clickhouse/client';

export interface StoredRequest {
  readonly table: string;
  readonly hash: bigint;
  /** Block of its rows, Unix seconds. */
  readonly second: number;
}

/** Requests found in tables since a second, oldest first; all or a single one. */
export async function loadRequests(
  client: ClickHouseClient,
  options: { readonly tables: readonly string[]; readonly sinceSecond: number; readonly hash?: bigint },
): Promise<readonly StoredRequest[]> {
  const { tables, sinceSecond, hash } = options;
  const queries = tables.map(
    (table) => `SELECT '${table}' AS table, toString(_req) AS hash, toUnixTimestamp(max(_in)) AS second FROM ${table}
      WHERE _in >= toDateTime({since:UInt32}, 'UTC') ${hash === undefined ? '' : 'AND _req = {hash:UInt64}'}
      GROUP BY _req`,
  );
  const result = await client.query({
    query: `SELECT * FROM (${queries.join(' UNION ALL ')}) ORDER BY second`,
    query_params: { since: Math.max(0, sinceSecond), ...(hash === undefined ? {} : { hash: hash.toString() }) },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ table: string; hash: string; second: number }>();
  return rows.map((row) => ({ table: row.table, hash: BigInt(row.hash), second: row.second }));
}

/** Newest block of some tables, Unix seconds; 0 when they are empty. */
export async function loadLastBlock(client: ClickHouseClient, tables: readonly string[]): Promise<number> {
  const queries = tables.map((table) => `SELECT toUnixTimestamp(max(_in)) AS second FROM ${table}`);
  const result = await client.query({
    query: `SELECT max(second) AS second FROM (${queries.join(' UNION ALL ')})`,
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ second: number }>();
  return row?.second ?? 0;
}
