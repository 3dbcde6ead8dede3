import type { AgeingRun, AgeingStep, StoragePlan } from '@belay/protocol';
import type { EngineLog, TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { StorageDayTable } from '../../platform/sqlite/storage-tables.ts';
import { planAgeing, type PlannedStep, type StoredDay } from './ageing-plan.ts';
import type { DayRewriter } from './day-rewriter.ts';
import type { RetentionPolicy } from './retention-policy.ts';
import { rulesInWords } from './retention-words.ts';
import type { StorageStore } from './storage-store.ts';
import { readDays } from './stored-days.ts';

export interface AgeingOptions {
  readonly engine: TelemetryEngine;
  readonly store: StorageStore;
  readonly rewriter: DayRewriter;
  readonly policy: RetentionPolicy;
  readonly clock: { now(): number };
  readonly log: EngineLog;
  readonly defaultDays: (table: string) => number;
  readonly rolledThrough: (table: string) => number;
  readonly isCompactable: (table: string, dayEnd: number) => boolean;
  /** Bytes that must become free for the disk's sake. */
  readonly missingBytes: () => Promise<number>;
}

/** Lets old telemetry give way, day by day. */
export interface Ageing {
  plan(): Promise<StoragePlan>;
  /** Does what is planned; one run at a time, and the days of a run that fails are tried again by the next. */
  run(): Promise<AgeingRun>;
  isRunning(): boolean;
}

export function createAgeing(options: AgeingOptions): Ageing {
  const { store, clock, log, policy } = options;
  const state = { running: undefined as Promise<AgeingRun> | undefined };
  const work = async (): Promise<AgeingRun> => {
    const startedAt = clock.now();
    const { steps } = await stepsNow(options);
    const done: AgeingStep[] = [];
    let failure: string | null = null;
    for (const step of steps) {
      try {
        done.push(await carryOut(options, step));
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        log.error({ err: error, table: step.table, day: step.day }, 'a day of telemetry could not be aged');
        break;
      }
    }
    const bytesFreed = done.reduce((sum, { bytesBefore, bytesAfter }) => sum + bytesBefore - bytesAfter, 0);
    const run: AgeingRun = { startedAt, endedAt: clock.now(), steps: done.slice(0, 500), bytesFreed, failure };
    if (done.length > 0 || failure !== null) {
      await store.saveRun(run);
      log.info({ steps: done.length, bytesFreed, failure }, 'old telemetry was aged');
    }
    return run;
  };
  return {
    async plan() {
      const { steps, days } = await stepsNow(options);
      const bytesBefore = days.reduce((sum, { bytes }) => sum + bytes, 0);
      const saved = steps.reduce((sum, step) => sum + step.bytesBefore - step.bytesAfter, 0);
      return {
        at: clock.now(),
        steps: steps.map(({ target: _target, key: _key, ...step }) => ({ ...step, rowsAfter: null })),
        bytesBefore,
        bytesAfter: Math.max(0, bytesBefore - saved),
        budgetBytes: policy.budgetBytes,
        rules: rulesInWords(policy),
      };
    },
    run() {
      state.running ??= work().finally(() => (state.running = undefined));
      return state.running;
    },
    isRunning: () => state.running !== undefined,
  };
}

async function stepsNow(options: AgeingOptions): Promise<{ steps: PlannedStep[]; days: readonly StoredDay[] }> {
  const states = new Map((await options.store.days()).map((day) => [`${day.table_name}/${day.day}`, day.state]));
  const days = (await readDays(options.engine)).map(({ table, day, rows, bytes }): StoredDay => ({
    table,
    day,
    rows,
    bytes,
    state: states.get(`${table}/${day}`) ?? 'raw',
  }));
  const missingBytes = await options.missingBytes();
  const { policy, defaultDays, rolledThrough, isCompactable } = options;
  const now = options.clock.now();
  const steps = planAgeing({ now, days, policy, defaultDays, rolledThrough, isCompactable, missingBytes });
  // Records are thinned before the spans that tell which of their traces are kept.
  return { steps: steps.toSorted((a, b) => orderOf(a) - orderOf(b)), days };
}

function orderOf({ action, table }: PlannedStep): number {
  if (action === 'drop') return 0;
  if (table === 'logs') return 1;
  return table === 'spans' ? 2 : 3;
}

async function carryOut(options: AgeingOptions, step: PlannedStep): Promise<AgeingStep> {
  const { store, rewriter, policy, engine } = options;
  const { table, day, action, because, rowsBefore, bytesBefore } = step;
  const known = (await store.days()).find((row) => row.table_name === table && row.day === day);
  const first =
    known !== undefined && known.rows_before > 0 ? known : { rows_before: rowsBefore, bytes_before: bytesBefore };
  const row = (facts: Pick<StorageDayTable, 'state' | 'rows_seen' | 'bytes_after'>): StorageDayTable => ({
    table_name: table,
    day,
    rows_before: first.rows_before,
    bytes_before: first.bytes_before,
    ...facts,
  });
  // From here on the day may have fewer rows than were counted, whatever happens to this process.
  await store.saveDay(row({ state: known?.state ?? 'raw', rows_seen: 0, bytes_after: known?.bytes_after ?? 0 }));
  const rowsAfter = await rewriter.carryOut(step, policy);
  const after = (await readDays(engine)).find((stored) => stored.table === table && stored.day === day);
  const bytesAfter = after?.bytes ?? 0;
  await store.saveDay(
    row({ state: rowsAfter === 0 ? 'gone' : step.key, rows_seen: rowsAfter, bytes_after: bytesAfter }),
  );
  return { table, day, action, because, rowsBefore, rowsAfter, bytesBefore, bytesAfter };
}
