import type { OutcomeBlock } from '@belay/core';
import { next, type Freeze } from '@belay/core/rollout';
import { readEngine, type EngineReading } from '@belay/core/statistics';
import { repeat, type Repetition } from '../../platform/scheduler/scheduler.ts';
import type { DatabaseTransaction } from '../../platform/sqlite/database.ts';
import { foldBlocks } from '../guards/api.ts';
import type { BlockQuery } from '../telemetry/api.ts';
import type { GuardLoop, LoopStatus } from './api.ts';
import { carryOut, servedShare } from './carry-out.ts';
import type { AfterCommit, ChangesContext } from './changes-context.ts';
import { effectPointOf } from './effect-point.ts';
import { withOutsideGuards } from './outside-guards.ts';
import { flowOf, rememberBlocks, startFlow, type FlowMemory } from './rollout-flow.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { rolloutsIn } from './rollout-store.ts';
import { appendPoint, readOpenUndos, thinPoints } from './rollout-trail.ts';
import { closeLapsedUndos } from './undo-watch.ts';

/** The control loop with what the leases follow from. */
export interface ControlLoop extends GuardLoop {
  leasesGranted(now: number): readonly string[];
}

interface LoopMemory {
  readonly flows: Map<string, FlowMemory>;
  /** Rollouts whose canary may be served, as of the last round. */
  leases: readonly string[];
  status: LoopStatus;
  /** Second of the last effect point by rollout. */
  readonly points: Map<string, number>;
}

/** Once a second: closed blocks -> evidence -> next -> one transaction -> streams. Never two rounds at once. */
export function createControlLoop(context: ChangesContext): ControlLoop {
  const memory: LoopMemory = {
    flows: new Map(),
    leases: [],
    points: new Map(),
    status: { lastTickAt: null, lastTickMs: 0, lagBlocks: 0, running: 0, newestDataAt: null },
  };
  let repetition: Repetition | undefined;
  let round: Promise<void> = Promise.resolve();
  const tick = (): Promise<void> => {
    round = round.then(
      () => runRound(context, memory),
      () => runRound(context, memory),
    );
    return round;
  };
  return {
    tick,
    status: () => memory.status,
    async start() {
      for (const { key } of await readOpenUndos(context.db)) context.undos.add(key.rolloutId);
      repetition = repeat({
        everyMs: context.periodMs ?? 1000,
        run: tick,
        onError: (err) => context.log.error({ err }, 'a round of the control loop failed'),
      });
    },
    async close() {
      await repetition?.close();
      await round.catch((err: unknown) => context.log.debug({ err }, 'the last round of the control loop failed'));
    },
    leasesGranted(now) {
      const { lastTickAt } = memory.status;
      return lastTickAt !== null && now - lastTickAt <= LOOP_ALIVE_MS ? memory.leases : [];
    },
  };
}

interface Round {
  readonly startedAt: number;
  readonly through: number;
  /** Null where the telemetry store does not answer. */
  readonly blocks: ReadonlyMap<string, readonly OutcomeBlock[]> | null;
}

async function runRound(context: ChangesContext, memory: LoopMemory): Promise<void> {
  const startedAt = context.clock.now();
  const open = await rolloutsIn(context.db, ['running', 'held']);
  forgetEnded(memory, open);
  const through = context.telemetry.closedThrough();
  const blocks = await readBlocks(context, open, through);
  const leases = open.length === 0 ? [] : await writeRound(context, memory, { startedAt, through, blocks });
  if (context.undos.size > 0) await closeLapsedUndos(context);
  const endedAt = context.clock.now();
  memory.leases = leases;
  memory.status = {
    lastTickAt: endedAt,
    lastTickMs: endedAt - startedAt,
    lagBlocks: Math.max(0, Math.floor(endedAt / 1000) - through),
    running: open.length,
    newestDataAt: newestOf(memory),
  };
}

async function readBlocks(
  context: ChangesContext,
  open: readonly RolloutRecord[],
  through: number,
): Promise<Round['blocks']> {
  const queries = open.flatMap((record) => queryOf(record, through));
  if (queries.length === 0) return new Map();
  try {
    return await context.telemetry.readBlocksForAll(queries, through);
  } catch (err) {
    context.log.warn({ err, rollouts: queries.length }, 'outcomes could not be read; nothing is promoted');
    return null;
  }
}

function queryOf({ id, engine, state }: RolloutRecord, through: number): readonly BlockQuery[] {
  if (engine === null || engine.readThrough >= through) return [];
  return [blockQueryOf({ id, engine, state }, engine.readThrough + 1)];
}

/** Which outcomes belong to the present attempt of a rollout. */
export function blockQueryOf(
  { id, engine, state }: Pick<RolloutRecord, 'id' | 'engine' | 'state'>,
  fromSecond: number,
): BlockQuery {
  const { flagKey, canaryVariant, controlVariant } = state.plan;
  return {
    rolloutId: id,
    flagKey,
    canaryVariant,
    controlVariant,
    fromSecond,
    sinceRevision: engine?.sinceRevision ?? 0,
  };
}

/**
 * One transaction for all rollouts. Where that fails, each gets its own, so that one that cannot be written does not
 * keep the others from being rolled back.
 */
async function writeRound(context: ChangesContext, memory: LoopMemory, round: Round): Promise<readonly string[]> {
  try {
    return await writeSome(context, memory, { round, only: null });
  } catch (err) {
    context.log.error({ err }, 'a round could not be written as a whole; rollouts are written one by one');
  }
  const leases: string[] = [];
  for (const { id } of await rolloutsIn(context.db, ['running', 'held'])) {
    try {
      leases.push(...(await writeSome(context, memory, { round, only: id })));
    } catch (err) {
      context.log.error({ err, rolloutId: id }, 'a rollout could not be written');
    }
  }
  return leases;
}

async function writeSome(
  context: ChangesContext,
  memory: LoopMemory,
  { round, only }: { readonly round: Round; readonly only: string | null },
): Promise<readonly string[]> {
  return context.write(async (trx, after) => {
    const now = context.clock.now();
    const frozen = await context.gate(trx, now);
    const leases: string[] = [];
    // Read again: people may have acted while the blocks were on their way.
    for (const record of await rolloutsIn(trx, ['running', 'held'])) {
      if (only !== null && record.id !== only) continue;
      if (await writeOne({ context, trx, after, memory }, record, { round, now, frozen })) leases.push(record.id);
    }
    return leases;
  });
}

interface Writing {
  readonly context: ChangesContext;
  readonly trx: DatabaseTransaction;
  readonly after: AfterCommit;
  readonly memory: LoopMemory;
}

interface Moment {
  readonly round: Round;
  readonly now: number;
  readonly frozen: Freeze | null;
}

/** Whether the canary may be served on. */
async function writeOne(writing: Writing, before: RolloutRecord, { round, now, frozen }: Moment): Promise<boolean> {
  const { memory } = writing;
  const { record, reading, blocks } = fold(before, round);
  const flow = memory.flows.get(record.id) ?? startFlow(now);
  memory.flows.set(record.id, flow);
  rememberBlocks(flow, blocks);
  const cause = round.blocks === null ? 'unreadable' : flowOf(record, flow, now);
  const guards = writing.context.outsideGuards?.(record.state.plan.flagKey) ?? [];
  const tick = { type: 'tick', reading, flow: cause, frozen } as const;
  const transition = next(record.state, withOutsideGuards(tick, { guards, state: record.state, now }), now);
  const written = await carryOut({ ...writing, record, now }, transition);
  if (reading !== null && blocks.length > 0) await keepPoint(writing, written, reading);
  const { status, held } = written.state;
  const isOpen = status === 'running' || status === 'held';
  return isOpen && held?.code !== 'no-telemetry' && cause !== 'no-telemetry' && cause !== 'unreadable';
}

function fold(
  record: RolloutRecord,
  round: Round,
): {
  readonly record: RolloutRecord;
  readonly reading: EngineReading | null;
  readonly blocks: readonly OutcomeBlock[];
} {
  const { engine, state } = record;
  if (engine === null) return { record, reading: null, blocks: [] };
  const blocks = (round.blocks?.get(record.id) ?? []).filter(({ second }) => second > engine.readThrough);
  const throughSecond = round.blocks === null ? engine.readThrough : Math.max(engine.readThrough, round.through);
  const { readThrough } = foldBlocks(engine, state.stages, { blocks, throughSecond });
  const reading =
    engine.state.lastSecond === null ? null : readEngine(engine.config, engine.state, { second: round.through });
  return { record: { ...record, engine: { ...engine, readThrough } }, reading, blocks };
}

async function keepPoint({ trx, memory }: Writing, record: RolloutRecord, reading: EngineReading): Promise<void> {
  const second = reading.lastSecond ?? 0;
  if (memory.points.get(record.id) === second) return;
  memory.points.set(record.id, second);
  const key = { rolloutId: record.id, attempt: record.state.attempt };
  const share = record.state.status === 'rolled-back' ? (record.state.ending?.share ?? 0) : servedShare(record.state);
  await appendPoint(trx, key, effectPointOf(record.state.plan, reading, { second, share }));
  if (second % THIN_EVERY === 0) await thinPoints(trx, key, POINTS_KEPT);
}

function forgetEnded(memory: LoopMemory, open: readonly RolloutRecord[]): void {
  const ids = new Set(open.map(({ id }) => id));
  for (const id of memory.flows.keys()) if (!ids.has(id)) memory.flows.delete(id);
  for (const id of memory.points.keys()) if (!ids.has(id)) memory.points.delete(id);
}

function newestOf({ flows }: LoopMemory): number | null {
  let newest: number | null = null;
  for (const { lastUnitsAt } of flows.values()) newest = Math.max(newest ?? 0, lastUnitsAt);
  return newest;
}

/** Leases are withdrawn when no round has ended for so long. */
const LOOP_ALIVE_MS = 5000;
const POINTS_KEPT = 400;
const THIN_EVERY = 20;
