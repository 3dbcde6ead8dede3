import type { ClickHouseClient } from '@clickhouse/client';
import type { TableDefinition } from './table-definition.ts';
import { allTables } from './table-registry.ts';

export interface PrepareOptions {
  readonly minFreeDiskBytes: number;
}

/** Creates what is missing and brings tables, columns, indexes and settings of older stores up to date. */
export async function prepareTables(client: ClickHouseClient, options: PrepareOptions): Promise<void> {
  const settings = tableSettings(options.minFreeDiskBytes);
  const before = await loadLayout(client);
  for (const table of allTables) {
    const layout = before.get(table.name);
    const commands =
      layout === undefined
        ? [`${createStatement(table)} SETTINGS ${settings.join(', ')}`]
        : changes(table, layout, settings);
    for (const query of commands) await client.command({ query });
  }
}

/** Columns and indexes that a table has, and its engine with its settings. */
interface Layout {
  engine: string;
  readonly columns: Set<string>;
  readonly indexes: Set<string>;
}

async function loadLayout(client: ClickHouseClient): Promise<ReadonlyMap<string, Layout>> {
  const result = await client.query({
    query: `SELECT table, name, 'column' AS what FROM system.columns WHERE database = currentDatabase()
      UNION ALL SELECT table, name, 'index' FROM system.data_skipping_indices WHERE database = currentDatabase()
      UNION ALL SELECT name, engine_full, 'engine' FROM system.tables WHERE database = currentDatabase()`,
    format: 'JSONEachRow',
  });
  const tables = new Map<string, Layout>();
  for (const row of await result.json<{ table: string; name: string; what: string }>()) {
    const layout = tables.get(row.table) ?? { engine: '', columns: new Set(), indexes: new Set() };
    tables.set(row.table, layout);
    if (row.what === 'engine') layout.engine = row.name;
    else (row.what === 'column' ? layout.columns : layout.indexes).add(row.name);
  }
  return tables;
}

function createStatement(table: TableDefinition): string {
  const { name, engine = 'MergeTree', partitionBy = 'toDate(_in)', orderBy, agesBy = '_in', retentionDays } = table;
  const columns = Object.entries(table.columns).map(([column, type]) => `${column} ${type}`);
  const indexes = Object.entries(table.indexes ?? {}).map(([index, type]) => `INDEX ${index} ${type}`);
  return `CREATE TABLE IF NOT EXISTS ${name} (${[...columns, ...indexes].join(', ')}) ENGINE = ${engine}
    ${partitionBy === '' ? '' : `PARTITION BY ${partitionBy}`} ORDER BY ${orderBy}
    ${isAged(table) ? '' : `TTL ${agesBy} + INTERVAL ${retentionDays} DAY`}`;
}

function changes(table: TableDefinition, layout: Layout, settings: readonly string[]): string[] {
  const current = new Set(/ SETTINGS (.*)$/.exec(layout.engine)?.[1]?.split(', '));
  const other = settings.filter((setting) => !current.has(setting));
  const columns = Object.entries(table.columns).filter(([column]) => !layout.columns.has(column));
  const indexes = Object.entries(table.indexes ?? {}).filter(([index]) => !layout.indexes.has(index));
  return [
    ...(isAged(table) && / TTL /.test(layout.engine) ? [`ALTER TABLE ${table.name} REMOVE TTL`] : []),
    ...columns.map(([column, type]) => `ALTER TABLE ${table.name} ADD COLUMN IF NOT EXISTS ${column} ${type}`),
    ...indexes.map(([index, type]) => `ALTER TABLE ${table.name} ADD INDEX IF NOT EXISTS ${index} ${type}`),
    ...(other.length === 0 ? [] : [`ALTER TABLE ${table.name} MODIFY SETTING ${other.join(', ')}`]),
  ];
}

/** Days of arrival are thinned and dropped by ageing, which knows what must be summed up before. */
function isAged({ partitionBy }: TableDefinition): boolean {
  return partitionBy === undefined;
}

function tableSettings(minFreeDiskBytes: number): string[] {
  const settings = {
    // A 200 must survive a power cut: file, part folder, and what merges make of them.
    fsync_after_insert: 1,
    fsync_part_directory: 1,
    min_rows_to_fsync_after_merge: 1,
    // The engine's own deduplication loses acknowledged rows after a crash; requests are known by `_req`.
    non_replicated_deduplication_window: 0,
    min_free_disk_bytes_to_perform_insert: minFreeDiskBytes,
    ttl_only_drop_parts: 1,
    // Parts that cannot be opened are set aside and told; however many there are, the engine must come up.
    max_suspicious_broken_parts: 1_000_000,
    max_suspicious_broken_parts_bytes: 2 ** 50,
    // Each row is merged fewer times, which is most of what storing it costs.
    min_parts_to_merge_at_once: 8,
    // A commit as one file instead of one a column halves what storing it costs; large parts are wide all the same.
    min_bytes_for_wide_part: 64 * 2 ** 20,
  };
  return Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
}
