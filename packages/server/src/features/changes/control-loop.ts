import type { OutcomeBlock } from '@belay/core';
import { type Flow, type Freeze, next, type RolloutState } from '@belay/core/rollout';
import { readEngine } from '@belay/core/statistics';
import { type Database, transaction } from '../../platform/sqlite/database.ts';
import { foldBlocks } from '../guards/api.ts';
import type { BlockQuery } from '../telemetry/api.ts';
import type { ChangesOptions, GuardLoop, LoopStatus } from './api.ts';
import { effectPointOf } from './effect-point.ts';
import { type FlowMemory, flowOf, noteBlocks, startFlow } from './outcome-flow.ts';
import type { RolloutEngine, RolloutRecord } from './rollout-record.ts';
import type { RolloutRegister } from './rollout-register.ts';
import { saveProgress } from './rollout-store.ts';
import { appendPoint, thinPoints } from './rollout-trail.ts';
import type { TransitionWriter } from './transition-writer.ts';

/** A lease is granted only while the loop has looked within this time. */
const ALIVE_MS = 5000;
/** Moments kept of an effect chart. */
const POINTS_KEPT = 400;

export interface ControlLoopOptions extends Pick<ChangesOptions, 'clock' | 'log' | 'telemetry' | 'flags' | 'periodMs'> {
  readonly db: Database;
  readonly register: RolloutRegister;
  readonly writer: TransitionWriter;
  /** The freeze in force at a time. */
  readonly freezeAt: (now: number) => Freeze | null;
}

export interface ControlLoop extends GuardLoop {
  leasesGranted(now: number): readonly string[];
  /** What the last look found of a rollout. */
  flowOf(rolloutId: string): Flow | null;
}

/** Between two looks at one rollout. */
interface Watch {
  readonly attempt: number;
  readonly memory: FlowMemory;
  flow: Flow;
  lookedAt: number;
  points: number;
}

/** Once a second: blocks, evidence, `next`, and what follows, for every rollout that is going out. */
export function createControlLoop(options: ControlLoopOptions): ControlLoop {
  const { clock, register, telemetry, log, periodMs = 1000 } = options;
  const watches = new Map<string, Watch>();
  const seen = { lastTickAt: null as number | null, lastTickMs: 0, newestDataAt: null as number | null };
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let running: Promise<void> = Promise.resolve();

  const tick = async (): Promise<void> => {
    const startedAt = clock.now();
    const records = register.active();
    for (const id of watches.keys()) if (!records.some((record) => record.id === id)) watches.delete(id);
    const through = telemetry.closedThrough();
    const blocks = await readBlocks(options, records, through);
    for (const record of records) {
      const watch = watchOf(watches, record);
      const found = { blocks: blocks?.get(record.id) ?? [], through, isReadable: blocks !== undefined };
      await look(options, { id: record.id, readThrough: record.engine?.readThrough, watch, found }).catch(
        async (error: unknown) => {
          log.error({ err: error, rolloutId: record.id }, 'a look at a rollout failed; it is read again from the file');
          await register.inLane(() => register.reload(record.id));
        },
      );
      if (watch.memory.lastOutcome !== null) {
        seen.newestDataAt = Math.max(seen.newestDataAt ?? 0, watch.memory.lastOutcome * 1000);
      }
    }
    seen.lastTickAt = clock.now();
    seen.lastTickMs = clock.now() - startedAt;
  };
  const tickSafely = (): Promise<void> => {
    running = running.then(tick).catch((error: unknown) => log.error({ err: error }, 'the control loop failed once'));
    return running;
  };
  const schedule = (): void => {
    if (isClosed) return;
    timer = setTimeout(() => void tickSafely().then(schedule), periodMs);
  };
  return {
    async start() {
      await register.load();
      schedule();
    },
    tick: tickSafely,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await running;
    },
    status: (): LoopStatus => ({
      lastTickAt: seen.lastTickAt,
      lastTickMs: seen.lastTickMs,
      lagBlocks: lagOf(register.active(), telemetry.closedThrough()),
      running: register.active().length,
      newestDataAt: seen.newestDataAt,
    }),
    leasesGranted: (now) =>
      register
        .active()
        .filter(({ id }) => isGuarded(watches.get(id), now))
        .map(({ id }) => id),
    flowOf: (id) => watches.get(id)?.flow ?? null,
  };
}

function watchOf(watches: Map<string, Watch>, record: RolloutRecord): Watch {
  const known = watches.get(record.id);
  if (known?.attempt === record.state.attempt) return known;
  const memory = startFlow(record.engine?.readThrough ?? 0);
  const fresh: Watch = { attempt: record.state.attempt, memory, flow: 'flowing', lookedAt: 0, points: POINTS_KEPT };
  watches.set(record.id, fresh);
  return fresh;
}

function isGuarded(watch: Watch | undefined, now: number): boolean {
  if (watch === undefined || now - watch.lookedAt > ALIVE_MS) return false;
  // Where nobody is exposed the lease harms nobody, and without it nobody ever would be.
  return watch.flow === 'flowing' || watch.flow === 'no-exposures';
}

function lagOf(records: readonly RolloutRecord[], closedThrough: number): number {
  const oldest = records.map(({ engine }) => closedThrough - (engine?.readThrough ?? closedThrough));
  return Math.max(0, ...oldest);
}

/** Undefined when the store does not answer: then nothing is judged and nothing goes on. */
async function readBlocks(
  { telemetry, log }: ControlLoopOptions,
  records: readonly RolloutRecord[],
  through: number,
): Promise<ReadonlyMap<string, readonly OutcomeBlock[]> | undefined> {
  const queries = records.flatMap((record) => (record.engine === null ? [] : [queryOf(record, record.engine)]));
  if (queries.length === 0) return new Map();
  try {
    return await telemetry.readBlocksForAll(queries, through);
  } catch (error) {
    log.warn({ err: error }, 'outcomes cannot be read; nothing goes on until they can');
    return undefined;
  }
}

/** The outcomes of an attempt that have not been read. */
export function queryOf({ id, state: { plan } }: RolloutRecord, engine: RolloutEngine): BlockQuery {
  return {
    rolloutId: id,
    flagKey: plan.flagKey,
    canaryVariant: plan.canaryVariant,
    controlVariant: plan.controlVariant,
    fromSecond: engine.readThrough + 1,
    sinceRevision: engine.sinceRevision,
  };
}

interface Look {
  readonly id: string;
  /** Where reading began; somebody may have restarted the attempt meanwhile. */
  readonly readThrough: number | undefined;
  readonly watch: Watch;
  readonly found: { readonly blocks: readonly OutcomeBlock[]; readonly through: number; readonly isReadable: boolean };
}

async function look(options: ControlLoopOptions, { id, readThrough, watch, found }: Look): Promise<void> {
  const { register, clock, freezeAt, writer } = options;
  await register.inLane(async () => {
    const record = register.active().find((candidate) => candidate.id === id);
    if (record?.engine == null || record.engine.readThrough !== readThrough) return;
    const now = clock.now();
    const { engine } = record;
    noteBlocks(watch.memory, found.blocks);
    const fold = foldBlocks(engine, record.state.stages, {
      blocks: found.blocks,
      throughSecond: found.isReadable ? found.through : engine.readThrough,
    });
    const folded: RolloutEngine = { ...engine, readThrough: Math.max(engine.readThrough, fold.readThrough) };
    watch.flow = found.isReadable ? flowNow(options, record, { watch, second: found.through, now }) : 'unreadable';
    watch.lookedAt = now;
    const reading =
      engine.state.lastSecond === null ? null : readEngine(engine.config, engine.state, { second: found.through });
    const judged: RolloutRecord = { ...record, engine: folded };
    const transition = next(record.state, { type: 'tick', reading, flow: watch.flow, frozen: freezeAt(now) }, now);
    if (fold.folded > 0) await savePoint(options, judged, watch);
    if (transition.effects.length > 0) {
      await writer.write(judged, transition, { now });
      return;
    }
    const quiet: RolloutRecord = { ...judged, state: transition.state };
    await transaction(options.db, (trx) => saveProgress(trx, quiet));
    register.put(quiet);
  });
}

function flowNow(
  { flags }: ControlLoopOptions,
  record: RolloutRecord,
  { watch, second, now }: { readonly watch: Watch; readonly second: number; readonly now: number },
): Flow {
  const isHeardOf = flags
    .instances()
    .some(({ lastOutcomeAt }) => lastOutcomeAt !== null && now - lastOutcomeAt < 30_000);
  return flowOf(watch.memory, { second, share: shareOf(record.state), isHeardOf });
}

function shareOf({ plan, stage }: RolloutState): number {
  return plan.stages[stage]?.share ?? 0;
}

async function savePoint({ db }: ControlLoopOptions, record: RolloutRecord, watch: Watch): Promise<void> {
  const { engine, state } = record;
  if (engine === null) return;
  const point = effectPointOf(engine, shareOf(state));
  if (point === null) return;
  const key = { rolloutId: record.id, attempt: state.attempt };
  watch.points += 1;
  await transaction(db, async (trx) => {
    await appendPoint(trx, key, point);
    if (watch.points < POINTS_KEPT * 1.25) return;
    await thinPoints(trx, key, POINTS_KEPT);
    watch.points = POINTS_KEPT / 2;
  });
}
