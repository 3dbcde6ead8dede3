import { statfs } from 'node:fs/promises';
import type { QuarantinedPart, StorageDrop, StorageView } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import type { EngineLog, TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { defineRoutes } from '../../platform/http/route.ts';
import { repeat } from '../../platform/scheduler/scheduler.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { allTables, compactRollup, isCompactable, rolledThrough, type TelemetryStore } from '../telemetry/api.ts';
import { type Ageing, createAgeing } from './ageing.ts';
import { createDayRewriter } from './day-rewriter.ts';
import { checkParts, countRows } from './part-check.ts';
import { createPartScrub } from './part-scrub.ts';
import type { RetentionPolicy } from './retention-policy.ts';
import { storageReport } from './storage-report.ts';
import { createStorageStore, type StorageStore } from './storage-store.ts';

export type { Keeping, RetentionPolicy } from './retention-policy.ts';

/** Parts that were damaged and set aside, or are gone, for those who tell of Belay's own health. */
export function quarantinedParts(db: Database): Promise<readonly QuarantinedPart[]> {
  return createStorageStore(db).quarantined();
}

export interface StorageOptions {
  readonly db: Database;
  readonly engine: TelemetryEngine;
  readonly telemetry: TelemetryStore;
  readonly policy: RetentionPolicy;
  readonly clock: { now(): number };
  readonly log: EngineLog;
  /** What was sent and not stored. */
  readonly drops: () => readonly StorageDrop[];
  /** Folder of the embedded engine. */
  readonly folder: string;
}

/** Keeps old telemetry small: sums it up, thins it, drops it, and tells what it takes. */
export interface Storage {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  readonly ageing: Ageing;
  report(): Promise<StorageView>;
  /** Checks what the engine has lost, then works in the background. */
  start(): void;
  close(): Promise<void>;
}

const ROLLUP_MS = 20_000;
const AGEING_MS = 3_600_000;
const COUNT_MS = 60_000;
const FRESH_MS = 5_000;
/** Read again each minute to find damage: about 20 GB a day. */
const SCRUB_BYTES = 16 * 2 ** 20;

export function createStorage(options: StorageOptions): Storage {
  const { engine, telemetry, policy, clock, log } = options;
  const store = createStorageStore(options.db);
  const marks = telemetry.rollups.marks;
  const ageing = createAgeing({
    engine,
    store,
    policy,
    clock,
    log,
    rewriter: createDayRewriter({ engine, compactInto: compactRollup }),
    defaultDays: (table) => allTables.find(({ name }) => name === table)?.retentionDays ?? 400,
    rolledThrough: (table) => rolledThrough(marks(), table),
    isCompactable: (table, dayEnd) => isCompactable(marks(), table, dayEnd),
    missingBytes: () => missingBytes(options),
  });
  const work = createUpkeepWork({ ...options, store, ageing });
  let cached: { readonly at: number; readonly view: Promise<StorageView> } | undefined;
  const report = (): Promise<StorageView> =>
    storageReport({
      engine,
      reader: telemetry.reader,
      tables: allTables,
      policy,
      store,
      ageing,
      nextAgeingAt: work.nextAgeingAt,
      marks,
      drops: options.drops,
      clock,
    });
  return {
    ageing,
    report,
    start: work.start,
    close: work.close,
    routes: async (app) =>
      defineRoutes(app, {
        storageGet: async () => {
          if (cached === undefined || clock.now() - cached.at > FRESH_MS) cached = { at: clock.now(), view: report() };
          // What was dropped is at hand, so it is never old.
          return { ...(await cached.view), drops: [...options.drops()] };
        },
        storagePlan: () => ageing.plan(),
        storageAge: async () => {
          await telemetry.rollups.run();
          return ageing.run();
        },
      }),
  };
}

interface UpkeepWorkOptions extends StorageOptions {
  readonly store: StorageStore;
  readonly ageing: Ageing;
}

/** What is done again and again: summing up, counting rows, ageing. */
function createUpkeepWork({ engine, telemetry, clock, log, store, ageing }: UpkeepWorkOptions) {
  let nextAgeingAt: number | null = null;
  let damageKnown = 0;
  const scrub = createPartScrub({ engine, store, clock });
  const closers: (() => Promise<void>)[] = [];
  const every = (everyMs: number, what: string, run: () => Promise<unknown>): void => {
    const onError = (err: unknown): void => log.warn({ err }, `${what} failed and is tried again`);
    closers.push(repeat({ everyMs, run: async () => void (await run()), onError }).close);
  };
  return {
    nextAgeingAt: () => nextAgeingAt,
    start() {
      every(ROLLUP_MS, 'summing up telemetry', telemetry.rollups.run);
      every(COUNT_MS, 'counting rows', async () => {
        // Ageing changes counts and says so itself.
        if (ageing.isRunning()) return;
        // A part may be set aside at any start of the engine, so one look at ours is not enough.
        const damageSeen = telemetry.reader.stats().damageSeen;
        // A question that met damage fails until it is gone; otherwise everything is read again within days.
        const budget = damageSeen > damageKnown ? Number.MAX_SAFE_INTEGER : SCRUB_BYTES;
        const lost = [...(await checkParts({ engine, store, clock })), ...(await scrub.run(budget))];
        damageKnown = damageSeen;
        if (lost.length > 0) log.error({ lost }, 'parts of the telemetry store are lost');
        await countRows({ engine, store, clock });
      });
      nextAgeingAt = clock.now() + AGEING_MS;
      every(AGEING_MS, 'ageing', async () => {
        nextAgeingAt = clock.now() + AGEING_MS;
        await telemetry.rollups.run();
        await ageing.run();
      });
    },
    async close() {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

/** Twice the least that must be free, so that ageing comes before refusing. */
async function missingBytes({ engine, folder }: StorageOptions): Promise<number> {
  if (engine.isRemote) return 0;
  const disk = await statfs(folder);
  return 2 * (await engine.minFreeDiskBytes()) - disk.bavail * disk.bsize;
}
