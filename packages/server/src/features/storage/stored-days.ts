import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';

/** A day of arrival of one table as the engine has it. */
export interface EngineDay {
  readonly table: string;
  readonly day: string;
  readonly rows: number;
  readonly bytes: number;
  readonly bytesUncompressed: number;
}

/** Days of all tables whose partitions are days; from the list of parts, so cheap. */
export async function readDays(engine: TelemetryEngine): Promise<readonly EngineDay[]> {
  const result = await engine.client.query({
    query: `SELECT table, concat(substring(partition_id, 1, 4), '-', substring(partition_id, 5, 2), '-', substring(partition_id, 7, 2)) AS day,
        sum(rows) AS rows, sum(bytes_on_disk) AS bytes, sum(data_uncompressed_bytes) AS bytesUncompressed
      FROM system.parts WHERE active AND database = currentDatabase() AND match(partition_id, '^[0-9]{8}$') AND NOT startsWith(table, 'ageing_')
      GROUP BY table, day ORDER BY day, table`,
    format: 'JSONEachRow',
  });
  const rows = await result.json<
    Record<'rows' | 'bytes' | 'bytesUncompressed', number | string> & { table: string; day: string }
  >();
  return rows.map(({ table, day, rows: count, bytes, bytesUncompressed }) => ({
    table,
    day,
    rows: Number(count),
    bytes: Number(bytes),
    bytesUncompressed: Number(bytesUncompressed),
  }));
}
