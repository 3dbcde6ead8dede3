import type { StorageDrop, StorageService, StorageSignal, StorageTable, StorageView } from '@belay/protocol';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { RollupMarks, TableDefinition, TelemetryReader } from '../telemetry/api.ts';
import type { Ageing } from './ageing.ts';
import { isThinned, keepingOf, type RetentionPolicy } from './retention-policy.ts';
import type { StorageStore } from './storage-store.ts';
import { type EngineDay, readDays } from './stored-days.ts';

export interface StorageReportOptions {
  readonly engine: TelemetryEngine;
  readonly reader: TelemetryReader;
  readonly tables: readonly TableDefinition[];
  readonly policy: RetentionPolicy;
  readonly store: StorageStore;
  readonly ageing: Pick<Ageing, 'isRunning'>;
  readonly nextAgeingAt: () => number | null;
  readonly marks: () => RollupMarks;
  readonly drops: () => readonly StorageDrop[];
  readonly clock: { now(): number };
}

const DAY_MS = 86_400_000;
const SERVICES_SHOWN = 100;

/** Everything about the space that telemetry takes. */
export async function storageReport(options: StorageReportOptions): Promise<StorageView> {
  const { engine, store, clock, policy } = options;
  const days = await readDays(engine);
  const [tables, services, quarantined, last, saved, disk] = await Promise.all([
    tablesOf(options, days),
    servicesOf(options),
    store.quarantined(),
    store.lastRun(),
    savedOf(store, days),
    engine.disk(),
  ]);
  const usedBytes = days.reduce((sum, { bytes }) => sum + bytes, 0);
  const minFreeBytes = await engine.minFreeDiskBytes();
  return {
    at: clock.now(),
    isRemote: engine.isRemote,
    tables,
    services,
    saved,
    drops: [...options.drops()],
    disk: {
      freeBytes: disk?.freeBytes ?? null,
      totalBytes: disk?.totalBytes ?? null,
      minFreeBytes,
      usedBytes,
      budgetBytes: policy.budgetBytes,
      state: diskState(disk?.freeBytes ?? Number.POSITIVE_INFINITY, minFreeBytes),
    },
    rollups: [...options.marks()].map(([table, through]) => {
      const stored = days.filter((day) => day.table === table);
      return {
        table,
        through: through === 0 ? null : through * 1000,
        rows: sum(stored, 'rows'),
        bytesOnDisk: sum(stored, 'bytes'),
      };
    }),
    ageing: { isRunning: options.ageing.isRunning(), nextAt: options.nextAgeingAt(), last },
    quarantined: quarantined.slice(0, 200),
  };
}

function diskState(free: number, minimum: number): 'fine' | 'low' | 'full' {
  if (free < minimum) return 'full';
  return free < 2 * minimum ? 'low' : 'fine';
}

/** What ageing has saved is what days had before and would still have, but for it. */
async function savedOf(store: StorageStore, days: readonly EngineDay[]): Promise<StorageView['saved']> {
  const aged = await store.days();
  const by = (isGone: boolean): number =>
    aged
      .filter(({ state, bytes_before }) => bytes_before > 0 && (state === 'gone') === isGone)
      .reduce(
        (total, { bytes_before, bytes_after }) => total + Math.max(0, bytes_before - (isGone ? 0 : bytes_after)),
        0,
      );
  const used = sum(days, 'bytes');
  const [bySampling, byRollup] = [by(false), by(true)];
  const all = used + bySampling + byRollup;
  return {
    byCompression: Math.max(0, sum(days, 'bytesUncompressed') - used),
    bySampling,
    byRollup,
    share: all === 0 ? 0 : (bySampling + byRollup) / all,
  };
}

interface ExtentRow {
  readonly table: string;
  readonly rows: number;
  readonly weighted: number;
  readonly oldest: number;
  readonly newest: number;
}

async function tablesOf(
  { engine, reader, tables, policy }: StorageReportOptions,
  days: readonly EngineDay[],
): Promise<StorageTable[]> {
  const dated = tables.filter(({ partitionBy }) => partitionBy === undefined);
  const selects = dated.map(
    ({
      name,
      columns,
    }) => `SELECT '${name}' AS table, count() AS rows, ${'weight' in columns ? 'sum(weight)' : 'toFloat64(count())'} AS weighted,
      toUnixTimestamp(min(_in)) AS oldest, toUnixTimestamp(max(_in)) AS newest FROM ${name}`,
  );
  const rows = await reader.rows<ExtentRow>(selects.join(' UNION ALL '), {
    name: 'storage.tables',
    deadlineMs: 20_000,
  });
  const undated = await sizesOfUndated(engine, tables);
  const fromDays = rows.map((row): StorageTable => {
    const table = dated.find(({ name }) => name === row.table);
    const keeping = keepingOf(policy, row.table, table?.retentionDays ?? 0);
    const stored = days.filter((day) => day.table === row.table);
    return {
      table: row.table,
      signal: signalOf(row.table),
      rows: row.rows,
      weighted: row.weighted,
      bytesOnDisk: sum(stored, 'bytes'),
      bytesUncompressed: sum(stored, 'bytesUncompressed'),
      oldest: row.rows === 0 ? null : row.oldest * 1000,
      newest: row.rows === 0 ? null : row.newest * 1000,
      rawFor: keeping.rawDays * DAY_MS,
      keptFor: keeping.keepDays * DAY_MS,
    };
  });
  return [...fromDays, ...undated].toSorted((a, b) => b.bytesOnDisk - a.bytesOnDisk);
}

async function sizesOfUndated(engine: TelemetryEngine, tables: readonly TableDefinition[]): Promise<StorageTable[]> {
  const undated = tables.filter(({ partitionBy }) => partitionBy !== undefined);
  const result = await engine.client.query({
    query: `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, sum(data_uncompressed_bytes) AS raw FROM system.parts
      WHERE active AND database = currentDatabase() AND table IN {names:Array(String)} GROUP BY table`,
    query_params: { names: undated.map(({ name }) => name) },
    format: 'JSONEachRow',
  });
  const sizes = await result.json<{ table: string } & Record<'rows' | 'bytes' | 'raw', number | string>>();
  return undated.map(({ name, retentionDays }) => {
    const size = sizes.find(({ table }) => table === name);
    return {
      table: name,
      signal: signalOf(name),
      rows: Number(size?.rows ?? 0),
      weighted: Number(size?.rows ?? 0),
      bytesOnDisk: Number(size?.bytes ?? 0),
      bytesUncompressed: Number(size?.raw ?? 0),
      oldest: null,
      newest: null,
      rawFor: retentionDays * DAY_MS,
      keptFor: retentionDays * DAY_MS,
    };
  });
}

interface ServiceRow extends ExtentRow {
  readonly service: string;
  readonly share: number;
}

async function servicesOf({ reader, engine, policy }: StorageReportOptions): Promise<StorageService[]> {
  const one = (
    table: string,
  ): string => `SELECT '${table}' AS table, toString(service) AS service, count() AS rows, sum(weight) AS weighted,
    toUnixTimestamp(min(_in)) AS oldest, toUnixTimestamp(max(_in)) AS newest, count() / (SELECT greatest(count(), 1) FROM ${table}) AS share
    FROM ${table} GROUP BY service`;
  const query = `SELECT * FROM (${one('spans')} UNION ALL ${one('logs')}) ORDER BY rows DESC LIMIT ${SERVICES_SHOWN}`;
  const rows = await reader.rows<ServiceRow>(query, { name: 'storage.services', deadlineMs: 20_000 });
  const days = await readDays(engine);
  return rows.map((row): StorageService => {
    const signal = row.table === 'spans' ? 'traces' : 'logs';
    const keeping = isThinned(row.table)
      ? { ...policy[signal], ...policy.services[row.service]?.[signal] }
      : policy.traces;
    const bytes = sum(
      days.filter(({ table }) => table === row.table),
      'bytes',
    );
    return {
      service: row.service,
      table: row.table,
      signal,
      rows: row.rows,
      weighted: row.weighted,
      bytesOnDisk: Math.round(bytes * row.share),
      oldest: row.oldest * 1000,
      newest: row.newest * 1000,
      rawFor: keeping.rawDays * DAY_MS,
      keptFor: keeping.keepDays * DAY_MS,
    };
  });
}

function sum<Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return rows.reduce((total, row) => total + row[key], 0);
}

function signalOf(table: string): StorageSignal {
  if (table === 'spans') return 'traces';
  if (table === 'logs') return 'logs';
  if (/^(span|log|m|hist|outcome)_\d/.test(table)) return 'rollups';
  if (table.startsWith('m_') || table === 'series' || table === 'exemplars') return 'metrics';
  if (['error_events', 'sentry_sessions', 'check_ins'].includes(table)) return 'errors';
  return table === 'outcomes' || table === 'evaluations' ? 'outcomes' : 'other';
}
