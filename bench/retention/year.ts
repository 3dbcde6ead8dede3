// A year of telemetry, generated and aged day by day as a real year would be.
import {
  allTables,
  compactRollup,
  createTelemetryReader,
  isCompactable,
  rolledThrough,
} from '../../packages/server/src/features/telemetry/api.ts';
import { createRollupMaker, openRollupTestbed, silent } from '../../packages/server/src/features/telemetry/testing.ts';
import { createAgeing } from '../../packages/server/src/features/storage/ageing.ts';
import { createDayRewriter } from '../../packages/server/src/features/storage/day-rewriter.ts';
import { createStorageStore } from '../../packages/server/src/features/storage/storage-store.ts';
import { readDays } from '../../packages/server/src/features/storage/stored-days.ts';
import { closeDatabase, openDatabase } from '../../packages/server/src/platform/sqlite/database.ts';
import {
  compareQuantiles,
  type Compared,
  compareSums,
  prepareTruth,
  type QuantileErrors,
  rememberDay,
} from './checks.ts';
import { usualPolicy } from './policy.ts';
import { DAY, seriesOfTraffic, trafficOf } from './traffic.ts';

export interface YearOptions {
  readonly days: number;
  /** Of a usual weekday in the first month. */
  readonly spansPerDay: number;
  readonly logsPerDay: number;
}

export interface TableSize {
  readonly table: string;
  /** Bytes of all days as they came in; 0 for what only rollups have. */
  readonly bytesBefore: number;
  readonly rowsBefore: number;
  readonly bytesAfter: number;
  readonly rowsAfter: number;
}

export interface YearResult extends YearOptions {
  readonly seconds: number;
  readonly tables: readonly TableSize[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly saved: number;
  readonly sums: readonly Compared[];
  readonly quantiles: readonly QuantileErrors[];
}

const TODAY = 1_790_000_000 - (1_790_000_000 % DAY);

export async function measureYear(options: YearOptions): Promise<YearResult> {
  const startedAt = performance.now();
  const bed = await openRollupTestbed();
  const db = await openDatabase({ path: ':memory:' });
  const first = TODAY - options.days * DAY;
  let closed = first;
  let now = first * 1000;
  const rollups = createRollupMaker({
    engine: bed.engine,
    log: silent,
    whenPrepared: bed.whenPrepared,
    closedThrough: () => closed,
    // A day at once instead of an hour: the same sums, in a year that takes minutes.
    mostSeconds: DAY,
  });
  const ageing = createAgeing({
    engine: bed.engine,
    store: createStorageStore(db),
    rewriter: createDayRewriter({ engine: bed.engine, compactInto: compactRollup }),
    policy: usualPolicy,
    clock: { now: () => now },
    log: silent,
    defaultDays: (table) => allTables.find(({ name }) => name === table)?.retentionDays ?? 400,
    rolledThrough: (table) => rolledThrough(rollups.marks(), table),
    isCompactable: (table, dayEnd) => isCompactable(rollups.marks(), table, dayEnd),
    missingBytes: async () => 0,
  });
  const before = new Map<string, { rows: number; bytes: number }>();
  try {
    await withoutSync(bed.run);
    await prepareTruth(bed);
    await bed.run(seriesOfTraffic(first));
    for (let index = 0; index < options.days; index += 1) {
      const from = first + index * DAY;
      const day = { from, index, spans: options.spansPerDay, logs: options.logsPerDay };
      for (const statement of trafficOf(day)) await bed.run(statement);
      for (const stored of await readDays(bed.engine)) {
        if (stored.day !== dayName(from) || stored.table.startsWith('truth_')) continue;
        const sum = before.get(stored.table) ?? { rows: 0, bytes: 0 };
        before.set(stored.table, { rows: sum.rows + stored.rows, bytes: sum.bytes + stored.bytes });
      }
      if (index > 0) await rememberDay(bed, from - DAY);
      closed = from + DAY - 1;
      now = (from + DAY + 3600) * 1000;
      await rollups.run();
      const { failure } = await ageing.run();
      if (failure !== null) throw new RangeError(`day ${index} could not be aged: ${failure}`);
      if (index % 30 === 29)
        process.stdout.write(`  ${index + 1} days, ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
    }
    const reader = createTelemetryReader({
      engine: bed.engine,
      log: silent,
      whenPrepared: bed.whenPrepared,
      tables: () => [],
    });
    // The last day's late rows would come tomorrow.
    const range = { from: first, to: first + (options.days - 1) * DAY };
    const tables = await sizes(bed.engine, before);
    const [bytesBefore, bytesAfter] = [total(tables, 'bytesBefore'), total(tables, 'bytesAfter')];
    return {
      ...options,
      seconds: Math.round((performance.now() - startedAt) / 1000),
      tables,
      bytesBefore,
      bytesAfter,
      saved: 1 - bytesAfter / bytesBefore,
      sums: await compareSums(reader, range),
      quantiles: await compareQuantiles(reader, range),
    };
  } finally {
    await bed.close();
    await closeDatabase(db);
  }
}

/** A power cut in the middle of a measurement is no harm, and a year of days is many files. */
async function withoutSync(run: (query: string) => Promise<void>): Promise<void> {
  for (const { name } of allTables) {
    await run(
      `ALTER TABLE ${name} MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0, min_rows_to_fsync_after_merge = 0`,
    );
  }
}

/** Bytes of every table by what was stored first and what is left. */
export async function sizes(
  engine: Parameters<typeof readDays>[0],
  before: ReadonlyMap<string, { readonly rows: number; readonly bytes: number }>,
): Promise<TableSize[]> {
  const after = Map.groupBy(
    (await readDays(engine)).filter(({ table }) => !table.startsWith('truth_')),
    ({ table }) => table,
  );
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.map((table) => ({
    table,
    bytesBefore: before.get(table)?.bytes ?? 0,
    rowsBefore: before.get(table)?.rows ?? 0,
    bytesAfter: total(after.get(table) ?? [], 'bytes'),
    rowsAfter: total(after.get(table) ?? [], 'rows'),
  }));
}

export function total<Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return rows.reduce((sum, row) => sum + row[key], 0);
}

function dayName(second: number): string {
  return new Date(second * 1000).toISOString().slice(0, 10);
}
