// What the demo stores by itself while it runs, and what is left of it once it is as old as a month.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import {
  allTables,
  compactRollup,
  createTelemetryReader,
  isCompactable,
  rolledThrough,
} from '../../packages/server/src/features/telemetry/api.ts';
import { createRollupMaker, silent } from '../../packages/server/src/features/telemetry/testing.ts';
import type { RollupTestbed } from '../../packages/server/src/features/telemetry/testing.ts';
import { createAgeing } from '../../packages/server/src/features/storage/ageing.ts';
import { createDayRewriter } from '../../packages/server/src/features/storage/day-rewriter.ts';
import { createStorageStore } from '../../packages/server/src/features/storage/storage-store.ts';
import { readDays } from '../../packages/server/src/features/storage/stored-days.ts';
import { createTelemetryEngine } from '../../packages/server/src/platform/clickhouse/telemetry-engine.ts';
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
import { sizes, type TableSize, total } from './year.ts';

const DAY = 86_400;

export interface DemoMeasured {
  readonly ranSeconds: number;
  readonly requestsPerSecond: number;
  /** How old the data is made; traces and records are samples by then, and sums by minute are still there. */
  readonly daysLater: number;
  readonly tables: readonly TableSize[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly saved: number;
  readonly sums: readonly Compared[];
  readonly quantiles: readonly QuantileErrors[];
}

/** Runs the demo, or takes a folder that `belay demo --keep` has left after so many seconds; the folder goes. */
export async function measureDemo(
  isQuick: boolean,
  kept?: { readonly folder: string; readonly seconds: number },
): Promise<DemoMeasured> {
  const requestsPerSecond = 100;
  const ran = kept ?? (await runDemo(isQuick ? 30 : 180, requestsPerSecond));
  try {
    const measured = await ageStore(storeIn(ran.folder), 29);
    return { ranSeconds: ran.seconds, requestsPerSecond, daysLater: 29, ...measured };
  } finally {
    rmSync(ran.folder, { recursive: true, force: true });
  }
}

function storeIn(folder: string): string {
  const store = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
    (name) => path.basename(name) === 'clickhouse',
  );
  if (store === undefined) throw new RangeError(`the demo has stored nothing in ${folder}`);
  return path.join(folder, path.dirname(store));
}

/** Runs the demo with its shop and its load for so long, and keeps what it has stored. */
async function runDemo(seconds: number, rate: number): Promise<{ readonly folder: string; readonly seconds: number }> {
  const root = path.resolve(import.meta.dirname, '../..');
  // The demo makes its folder in the folder for temporary files.
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-retention-'));
  const flags = ['demo', '--keep', '--no-open', '--json', '--port', '0', '--fault', 'errors', '--rate', String(rate)];
  const child = spawn(process.execPath, [...process.execArgv, path.join(root, 'packages/cli/src/main.ts'), ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await Promise.race([delay(seconds * 1000), ended]);
  child.kill('SIGTERM');
  await ended;
  return { folder, seconds };
}

async function ageStore(
  dataDir: string,
  daysLater: number,
): Promise<Pick<DemoMeasured, 'tables' | 'bytesBefore' | 'bytesAfter' | 'saved' | 'sums' | 'quantiles'>> {
  const engine = createTelemetryEngine({ dataDir, clock: { now: () => Date.now() }, log: silent });
  await engine.whenReady(60_000);
  const db = await openDatabase({ path: ':memory:' });
  const bed = bedOf(engine);
  try {
    const today = Math.floor(Date.now() / 1000 / DAY) * DAY;
    for (const { name } of allTables) await bed.run(`OPTIMIZE TABLE ${name} FINAL`);
    const before = new Map<string, { rows: number; bytes: number }>();
    for (const { table, rows, bytes } of await readDays(engine)) {
      const isRollup = /^(span|log|m|hist|outcome)_\d/.test(table);
      const sum = before.get(table) ?? { rows: 0, bytes: 0 };
      if (!isRollup) before.set(table, { rows: sum.rows + rows, bytes: sum.bytes + bytes });
    }
    await prepareTruth(bed);
    for (const day of [today - DAY, today]) await rememberDay(bed, day);
    const now = (today + DAY * (daysLater + 1)) * 1000;
    const rollups = createRollupMaker({
      engine,
      log: silent,
      whenPrepared: () => engine.whenReady(60_000),
      closedThrough: () => today + 2 * DAY,
    });
    await rollups.run();
    const ageing = createAgeing({
      engine,
      store: createStorageStore(db),
      rewriter: createDayRewriter({ engine, compactInto: compactRollup }),
      policy: usualPolicy,
      clock: { now: () => now },
      log: silent,
      defaultDays: (table) => allTables.find(({ name }) => name === table)?.retentionDays ?? 400,
      rolledThrough: (table) => rolledThrough(rollups.marks(), table),
      isCompactable: (table, dayEnd) => isCompactable(rollups.marks(), table, dayEnd),
      missingBytes: async () => 0,
    });
    const { failure } = await ageing.run();
    if (failure !== null) throw new RangeError(`the demo's data could not be aged: ${failure}`);
    const reader = createTelemetryReader({
      engine,
      log: silent,
      whenPrepared: () => engine.whenReady(60_000),
      tables: () => [],
    });
    const tables = await sizes(engine, before);
    const [bytesBefore, bytesAfter] = [total(tables, 'bytesBefore'), total(tables, 'bytesAfter')];
    const range = { from: today - DAY, to: today + DAY };
    return {
      tables,
      bytesBefore,
      bytesAfter,
      saved: 1 - bytesAfter / bytesBefore,
      sums: await compareSums(reader, range),
      quantiles: await compareQuantiles(reader, range),
    };
  } finally {
    await engine.close();
    await closeDatabase(db);
  }
}

function bedOf(engine: ReturnType<typeof createTelemetryEngine>): Pick<RollupTestbed, 'run'> {
  return { run: async (query) => void (await engine.client.command({ query })) };
}
