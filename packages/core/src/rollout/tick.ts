import type { EngineReading } from '../statistics/engine-types.ts';
import { complete, decided, hold, promote, resume, rollBack } from './moves.ts';
import { ledger } from './rollout-ledger.ts';
import type {
  Actor,
  Flow,
  HoldCode,
  RolloutEffect,
  RolloutState,
  StageRecord,
  TickEvent,
  Transition,
} from './types.ts';

/**
 * One look of the control loop: harm first, then whether there is anything to judge, then whether to go on. At most
 * one stage per tick, and only on blocks of the present stage, so lateness never skips a guarded stage.
 */
export function tick(state: RolloutState, event: TickEvent, now: number): Transition {
  if (state.status !== 'running' && state.status !== 'held') return { state, effects: [] };
  const counted = countTime(state, event, now);
  const harm = actOnHarm(counted, event.reading, now);
  if (harm !== null) return harm;
  const watched = watchFlow(counted, event, now);
  if (watched.state.status !== 'running' || watched.effects.length > 0) return watched;
  return goOn(watched.state, event, now);
}

/** Canary units compared towards the minimum of the present stage. */
export function stageUnits(state: RolloutState, reading: EngineReading | null): number {
  const record = state.stages.at(-1);
  if (record === undefined) return 0;
  if (reading === null || reading.stage !== state.stage) return record.units;
  return Math.max(record.units, reading.seen.canary - record.unitsBefore);
}

/** Only time in which outcomes flowed counts; a gap of the loop counts as one period. */
function countTime(state: RolloutState, { reading, flow }: TickEvent, now: number): RolloutState {
  const record = state.stages.at(-1);
  if (record === undefined) return { ...state, lastTickAt: now };
  const elapsed = Math.max(0, now - (state.lastTickAt ?? now));
  const isGuarded = flow === 'flowing' && reading !== null && reading.stage === state.stage;
  const counted: StageRecord = {
    ...record,
    guardedMs: record.guardedMs + (isGuarded ? Math.min(elapsed, LONGEST_TICK_MS) : 0),
    units: stageUnits(state, reading),
    ...unitsBeforeOf(state, record, reading),
  };
  return { ...state, lastTickAt: now, stages: [...state.stages.slice(0, -1), counted] };
}

/** Until the first block of a stage arrives, late blocks of the stage before still add to the units before it. */
function unitsBeforeOf(
  state: RolloutState,
  record: StageRecord,
  reading: EngineReading | null,
): { readonly unitsBefore: number } {
  const isLate = reading !== null && reading.stage !== state.stage;
  return { unitsBefore: isLate ? reading.seen.canary : record.unitsBefore };
}

function actOnHarm(state: RolloutState, reading: EngineReading | null, now: number): Transition | null {
  if (reading?.rollbackNow !== true) return null;
  const { leading: guard } = reading;
  const second = reading.decided?.second ?? reading.lastSecond;
  if (state.plan.onHarm === 'rollback') {
    return rollBack(state, { code: 'harm', at: now, actor: GUARD, reason: null, guard, second, trip: null });
  }
  if (state.held?.code === 'harm') return { state, effects: [] };
  return holdByPolicy(state, { code: 'harm', now, second, guards: guard === null ? [] : [guard] });
}

function watchFlow(state: RolloutState, event: TickEvent, now: number): Transition {
  if (event.flow === 'flowing') return flowing(state, event, now);
  const cause: Exclude<Flow, 'flowing'> = event.flow;
  const since = state.noData?.since ?? now;
  const blind: RolloutState = { ...state, noData: { since, cause } };
  if (now - since < state.plan.noData.graceMs || isHeldForGood(state)) return { state: blind, effects: [] };
  if (state.plan.noData.then === 'rollback') {
    return rollBack(blind, {
      code: 'no-data',
      at: now,
      actor: POLICY,
      reason: cause,
      guard: null,
      second: null,
      trip: null,
    });
  }
  const code = cause === 'no-exposures' ? 'no-exposures' : 'no-telemetry';
  if (state.held?.code === code) return { state: blind, effects: [] };
  return holdByPolicy(blind, { code, now, second: event.reading?.lastSecond ?? null, guards: [] });
}

function flowing(state: RolloutState, { reading }: TickEvent, now: number): Transition {
  const seeing: RolloutState = state.noData === null ? state : { ...state, noData: null };
  if (seeing.held?.code === 'no-exposures') return resume(seeing, { now, actor: POLICY, reason: null });
  if (reading?.srmBroken === true && !seeing.isSplitAccepted && seeing.held?.code !== 'split' && isCompared(seeing)) {
    return holdByPolicy(seeing, { code: 'split', now, second: reading.lastSecond, guards: [] });
  }
  return { state: seeing, effects: [] };
}

function goOn(state: RolloutState, event: TickEvent, now: number): Transition {
  const { reading } = event;
  if (event.flow !== 'flowing' || reading === null || reading.stage !== state.stage) return { state, effects: [] };
  const warned = warn(state, reading);
  if (warned.effects.length > 0) return warned;
  const because = ripeness(state, reading);
  if (because === null || event.frozen !== null || isWarning(state, reading))
    return { state: measured(state), effects: [] };
  const unmeasured = isCompared(state) ? reading.guards.filter(({ verdict }) => verdict === 'no-data') : [];
  if (unmeasured.length > 0)
    return awaitMeasurements(state, { now, second: reading.lastSecond, guards: unmeasured.map(({ id }) => id) });
  if (isLastStage(state))
    return complete(state, { now, second: reading.lastSecond, because, actor: GUARD, reason: null });
  const upcoming = state.stage + 1;
  if (state.plan.stages[upcoming]?.approve === true && !state.approved.includes(upcoming)) {
    return holdByPolicy(state, { code: 'approval', now, second: reading.lastSecond, guards: [] });
  }
  return promote(measured(state), { now, second: reading.lastSecond, because, actor: GUARD, reason: null });
}

/** Whether the stage may end, and by what; null while it may not. */
function ripeness(state: RolloutState, reading: EngineReading): 'evidence' | 'clock' | null {
  const record = state.stages.at(-1);
  const stage = state.plan.stages[state.stage];
  if (record === undefined || stage === undefined || reading.isWarmingUp) return null;
  // An accepted split leaves the comparison without proof: only people go on then.
  if (state.isSplitAccepted) return null;
  if (isLastStage(state)) return record.guardedMs >= stage.soakMs ? 'clock' : null;
  const isEarly =
    state.plan.promote === 'evidence' &&
    reading.stageSafe &&
    record.units >= EARLY_UNITS &&
    record.guardedMs >= state.plan.dwellMs;
  if (isEarly) return 'evidence';
  return record.guardedMs >= stage.soakMs && record.units >= Math.max(1, stage.minUnits) ? 'clock' : null;
}

function warn(state: RolloutState, reading: EngineReading): Transition {
  if (reading.wallet < state.plan.warnAt || state.isWarned) return { state, effects: [] };
  const warned: RolloutState = { ...state, isWarned: true };
  const entry = ledger.warned(warned, reading.leading);
  return {
    state: warned,
    effects: [
      entry,
      { type: 'alert', tone: 'wait', sentence: entry.sentence },
      decided(reading.lastSecond, { kind: 'warn', stage: state.stage, because: reading.leading ?? 'wallet' }),
    ],
  };
}

/** Evidence of harm, or a side that has fallen silent: no promotion now. At 100% there is no other side. */
function isWarning(state: RolloutState, reading: EngineReading): boolean {
  if (reading.wallet >= state.plan.warnAt) return true;
  return reading.holdReasons.some((reason) => isCompared(state) || reason === 'canary-silent');
}

function awaitMeasurements(
  state: RolloutState,
  seen: { readonly now: number; readonly second: number | null; readonly guards: readonly string[] },
): Transition {
  const since = state.unmeasuredSince ?? seen.now;
  const waiting: RolloutState = { ...state, unmeasuredSince: since };
  if (seen.now - since < state.plan.noData.graceMs) return { state: waiting, effects: [] };
  return holdByPolicy(waiting, { code: 'no-measurements', ...seen });
}

interface PolicyHold {
  readonly code: HoldCode;
  readonly now: number;
  readonly second: number | null;
  readonly guards: readonly string[];
}

function holdByPolicy(state: RolloutState, { code, now, second, guards }: PolicyHold): Transition {
  const held = hold(state, { code, since: now, actor: code === 'harm' ? GUARD : POLICY, reason: null, guards });
  const isFromBlocks = code === 'harm' || code === 'split' || code === 'approval';
  const effects: readonly RolloutEffect[] = isFromBlocks
    ? [...held.effects, decided(second, { kind: 'hold', stage: state.stage, because: code })]
    : held.effects;
  return { state: held.state, effects };
}

function measured(state: RolloutState): RolloutState {
  return state.unmeasuredSince === null ? state : { ...state, unmeasuredSince: null };
}

/** Held for a reason that silence does not change. */
function isHeldForGood(state: RolloutState): boolean {
  return state.status === 'held' && state.held?.code !== 'no-exposures' && state.held?.code !== 'approval';
}

function isLastStage(state: RolloutState): boolean {
  return state.stage === state.plan.stages.length - 1;
}

function isCompared(state: RolloutState): boolean {
  return (state.plan.stages[state.stage]?.share ?? 1) < 1;
}

const GUARD: Actor = { kind: 'machine', name: 'Belay', via: 'guard' };
const POLICY: Actor = { kind: 'machine', name: 'Belay', via: 'policy' };
/** Twice the period of the control loop: a longer gap was not watched. */
const LONGEST_TICK_MS = 2000;
const EARLY_UNITS = 50;
