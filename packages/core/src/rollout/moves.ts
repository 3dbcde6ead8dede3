import { invariant } from '../invariant.ts';
import { ledger } from './rollout-ledger.ts';
import type { Actor, Decision, Ending, Held, RolloutEffect, RolloutState, StageRecord, Transition } from './types.ts';

/** How the next stage came to begin. */
export interface Promotion {
  readonly now: number;
  /** Newest folded block; null before the first, and where a person decides. */
  readonly second: number | null;
  readonly because: 'start' | 'evidence' | 'clock' | 'person';
  readonly actor: Actor;
  readonly reason: string | null;
}

/** Begins the next stage, or completes the rollout where everybody has the new path and nothing is left to wait for. */
export function promote(state: RolloutState, promotion: Promotion): Transition {
  const { now, actor, reason, because } = promotion;
  const index = state.stage + 1;
  const stage = state.plan.stages[index];
  invariant(stage !== undefined, 'a rollout is promoted only while a stage is left');
  const begun: RolloutState = {
    ...state,
    status: 'running',
    stage: index,
    stages: [...closeLast(state.stages, now), newStage(state, index, now)],
    held: null,
    unmeasuredSince: null,
    isWarned: false,
    lastTickAt: now,
  };
  const effects: RolloutEffect[] = [{ type: 'set-share', share: stage.share }];
  if (because !== 'start') effects.push(ledger.promoted(begun, { actor, reason, because }));
  if (because === 'evidence' || because === 'clock')
    effects.push(decided(promotion.second, { kind: 'promote', stage: index, because }));
  if (index < state.plan.stages.length - 1 || stage.soakMs > 0) return { state: begun, effects };
  const done = complete(begun, promotion);
  // The overlay goes in the same step, so a share for it would never be served.
  return { state: done.state, effects: [...effects.filter(({ type }) => type !== 'set-share'), ...done.effects] };
}

/** Ends the rollout with the new path for everybody. */
export function complete(state: RolloutState, promotion: Promotion): Transition {
  const { now, actor, reason, because, second } = promotion;
  const ending = endingOf(state, { code: 'kept', at: now, actor, reason, guard: null, second, trip: null });
  const ended: RolloutState = {
    ...state,
    status: 'completed',
    held: null,
    ending,
    stages: closeLast(state.stages, now),
  };
  const effects: RolloutEffect[] = [{ type: 'remove-overlay', serve: 'canary' }, ledger.kept(ended, { actor, reason })];
  if (because === 'evidence' || because === 'clock')
    effects.push(decided(second, { kind: 'complete', stage: state.stage, because }));
  return { state: ended, effects };
}

/** Ends the rollout with the old path for everybody. */
export function rollBack(state: RolloutState, cause: Omit<Ending, 'stage' | 'share'>): Transition {
  const ending = endingOf(state, cause);
  const ended: RolloutState = {
    ...state,
    status: 'rolled-back',
    failures: state.failures + (cause.code === 'harm' || cause.code === 'trip' ? 1 : 0),
    held: null,
    noData: null,
    ending,
    stages: closeLast(state.stages, cause.at),
  };
  const entry = ledger.rolledBack(ended);
  const effects: RolloutEffect[] = [{ type: 'remove-overlay', serve: 'control' }, entry];
  if (cause.code !== 'person' && cause.code !== 'kill') {
    effects.push({ type: 'alert', tone: 'bad', sentence: entry.sentence });
  }
  if (cause.code === 'harm') {
    effects.push(decided(cause.second, { kind: 'rollback', stage: state.stage, because: cause.guard ?? 'harm' }));
  }
  return { state: ended, effects };
}

/** Stops going on at the present share; guards keep watching. */
export function hold(state: RolloutState, held: Held): Transition {
  const next: RolloutState = { ...state, status: 'held', held };
  const entry = ledger.held(next);
  const isByHand = held.code === 'person';
  return {
    state: next,
    effects: isByHand ? [entry] : [entry, { type: 'alert', tone: 'wait', sentence: entry.sentence }],
  };
}

/** How a hold ended. */
export interface Resumption {
  readonly now: number;
  readonly actor: Actor;
  readonly reason: string | null;
  /** No entry of its own: another one tells it. */
  readonly isSilent?: boolean;
}

/** Goes on watching towards the next stage after a hold. */
export function resume(state: RolloutState, { now, actor, reason, isSilent = false }: Resumption): Transition {
  const next: RolloutState = {
    ...state,
    status: 'running',
    held: null,
    noData: null,
    unmeasuredSince: null,
    lastTickAt: now,
  };
  return { state: next, effects: isSilent ? [] : [ledger.resumed(next, { actor, reason })] };
}

/** A decision that a replay must find again; nothing where no block was folded yet. */
export function decided(second: number | null, decision: Omit<Decision, 'second'>): RolloutEffect {
  return { type: 'decision', decision: { ...decision, second: second ?? 0 } };
}

function endingOf(state: RolloutState, cause: Omit<Ending, 'stage' | 'share'>): Ending {
  return { ...cause, stage: state.stage, share: state.plan.stages[state.stage]?.share ?? 0 };
}

function closeLast(stages: readonly StageRecord[], now: number): readonly StageRecord[] {
  const last = stages.at(-1);
  if (last === undefined || last.endedAt !== null) return stages;
  return [...stages.slice(0, -1), { ...last, endedAt: now }];
}

function newStage(state: RolloutState, index: number, now: number): StageRecord {
  const last = state.stages.at(-1);
  return {
    index,
    startedAt: now,
    // Instances serve the new share before this second is over. The check of the split must not see that as a fault
    // of the old share; just after a change of stage it does not look.
    fromSecond: Math.floor(now / 1000),
    endedAt: null,
    guardedMs: 0,
    unitsBefore: (last?.unitsBefore ?? 0) + (last?.units ?? 0),
    units: 0,
  };
}
