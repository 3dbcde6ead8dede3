import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTelemetryEngine } from '../../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../../platform/clickhouse/telemetry-engine-types.ts';
import { encodeNativeBlock } from '../../../platform/clickhouse/native-block.ts';
import { prepareTables } from './prepare-tables.ts';
import { allTables, requestTables, upkeepTables } from './table-registry.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-tables-'));
let engine: TelemetryEngine;

beforeAll(async () => {
  engine = createTelemetryEngine({ dataDir, clock: { now: () => Date.now() }, log: silent });
  await engine.whenReady(30_000);
  // A store as Belay 0.2 made it, with a row in it.
  await engine.client.command({
    query: `CREATE TABLE spans (_in DateTime('UTC'), _req UInt64, ts DateTime64(9, 'UTC'), service LowCardinality(String),
      name LowCardinality(String)) ENGINE = MergeTree PARTITION BY toDate(_in)
      ORDER BY (toStartOfFiveMinutes(ts), service, name, ts)`,
  });
  await engine.client.command({ query: `INSERT INTO spans SELECT now(), 1, now64(9), 'old', 'GET /'` });
});

afterAll(async () => {
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test('tables of an older store get their new columns and indexes, and keep their rows', async () => {
  await prepareTables(engine.client, { minFreeDiskBytes: 0 });
  await prepareTables(engine.client, { minFreeDiskBytes: 4096 });
  const [table] = await select<{ engine_full: string }>(`SELECT engine_full FROM system.tables WHERE name = 'spans'`);
  expect(table?.engine_full).toContain('min_free_disk_bytes_to_perform_insert = 4096');
  expect(table?.engine_full).toContain('fsync_after_insert = 1');
  const rows = await select(`SELECT service, weight, res_id, environment, link_trace_id FROM spans`);
  expect(rows).toEqual([{ service: 'old', weight: 1, res_id: 0, environment: '', link_trace_id: [] }]);
  for (const table of allTables) {
    const columns = await select<{ name: string }>(
      `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '${table.name}'`,
    );
    expect(new Set(columns.map(({ name }) => name)), table.name).toEqual(new Set(Object.keys(table.columns)));
    const indexes = await select<{ name: string }>(
      `SELECT name FROM system.data_skipping_indices WHERE database = currentDatabase() AND table = '${table.name}'`,
    );
    expect(new Set(indexes.map(({ name }) => name)), table.name).toEqual(new Set(Object.keys(table.indexes ?? {})));
  }
});

test('the columns that are written are columns of the table, with the types that the table has', async () => {
  for (const table of [...requestTables, ...upkeepTables]) {
    for (const [name, column] of Object.entries(table.newBlock())) {
      const declared = table.columns[name] ?? '';
      expect(declared.startsWith(column.type), `${table.name}.${name}: ${column.type} for ${declared}`).toBe(true);
    }
    const block = table.newBlock();
    await engine.insertNative({
      table: table.name,
      columns: Object.keys(block),
      block: encodeNativeBlock(block),
      queryId: `empty-${table.name}`,
    });
  }
});

async function select<Row>(query: string): Promise<Row[]> {
  const result = await engine.client.query({ query, format: 'JSONEachRow' });
  return result.json<Row>();
}
