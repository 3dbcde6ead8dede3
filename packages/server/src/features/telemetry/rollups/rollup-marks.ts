import type { ClickHouseClient } from '@clickhouse/client';
import { marksTable, rollupTables, type RollupTableName } from '../tables/rollup-tables.ts';

/** How far each rollup has come, Unix seconds. */
export async function loadMarks(client: ClickHouseClient): Promise<ReadonlyMap<RollupTableName, number>> {
  const result = await client.query({
    query: `SELECT name, toUnixTimestamp(max(through)) AS through FROM ${marksTable.name} GROUP BY name`,
    format: 'JSONEachRow',
  });
  const found = new Map((await result.json<{ name: string; through: number }>()).map((row) => [row.name, row.through]));
  return new Map(rollupTables.map(({ name }) => [name, found.get(name) ?? 0]));
}

/** Says that everything that arrived before is in the rollup. */
export async function saveMark(client: ClickHouseClient, name: RollupTableName, through: number): Promise<void> {
  await client.command({
    query: `INSERT INTO ${marksTable.name} SELECT {name:String}, toDateTime({through:UInt32}, 'UTC'), now64(3)`,
    query_params: { name, through },
  });
}
