import { BelayError } from '../error.ts';
import { requireAction } from './allowed-actions.ts';
import { draftOf } from './draft.ts';
import { hold, promote, resume, rollBack } from './moves.ts';
import { ledger } from './rollout-ledger.ts';
import { tick } from './tick.ts';
import type { Actor, Freeze, RolloutEvent, RolloutState, Transition, Trip } from './types.ts';

/**
 * The one transition function of a rollout: the state after an event at `now` (Unix ms), and what has to be done.
 * Pure and total over the table of allowed actions; throws `rollout.not-allowed` for an action outside it, and
 * `rollout.frozen`, `rollout.reason-needed` or `rollout.approval-needed` where policy stands in the way.
 */
export function next(state: RolloutState, event: RolloutEvent, now: number): Transition {
  switch (event.type) {
    case 'tick':
      return tick(state, event, now);
    case 'trip':
      return trip(state, event.trip, now);
    case 'start':
      requireAction(state, 'start');
      return start(state, event, now);
    case 'hold':
      requireAction(state, 'hold');
      return hold(state, { code: 'person', since: now, actor: event.actor, reason: event.reason, guards: [] });
    case 'resume':
      requireAction(state, 'resume');
      return resumeByHand(state, event, now);
    case 'approve':
      requireAction(state, 'approve');
      return approve(state, event, now);
    case 'promote':
      requireAction(state, 'promote');
      return promoteByHand(state, event, now);
    case 'rollback':
    case 'kill':
      requireAction(state, event.type);
      return takeBack(state, event, now);
    case 'cancel':
      requireAction(state, 'cancel');
      return cancel(state, event, now);
    case 'acknowledge':
      requireAction(state, 'acknowledge');
      return acknowledge(state, event);
  }
}

interface ByHand {
  readonly actor: Actor;
  readonly reason: string | null;
}

function start(
  state: RolloutState,
  { actor, frozen }: { readonly actor: Actor; readonly frozen: Freeze | null },
  now: number,
): Transition {
  refuseFrozen(frozen, 'start');
  const isRetry = state.status === 'rolled-back';
  const fresh = isRetry ? draftOf(state.plan, { attempt: state.attempt + 1, failures: state.failures }) : state;
  const started: RolloutState = { ...fresh, startedAt: now, startedBy: actor };
  if (state.plan.stages[0]?.approve === true && !state.approved.includes(0)) {
    return {
      state: { ...started, status: 'scheduled' },
      effects: [ledger.scheduled(started, { actor, reason: null })],
    };
  }
  const begun = promote(
    { ...started, status: 'running' },
    { now, second: null, because: 'start', actor, reason: null },
  );
  return { state: begun.state, effects: [ledger.started(begun.state, { actor, reason: null }), ...begun.effects] };
}

function trip(state: RolloutState, seen: Trip, now: number): Transition {
  if (state.status !== 'running' && state.status !== 'held') return { state, effects: [] };
  const actor: Actor = { kind: 'machine', name: seen.instance, via: 'guard' };
  if (state.plan.onHarm === 'hold') {
    if (state.held?.code === 'harm') return { state, effects: [] };
    return hold(state, { code: 'harm', since: now, actor, reason: seen.reason, guards: [] });
  }
  return rollBack(state, { code: 'trip', at: now, actor, reason: seen.reason, guard: null, second: null, trip: seen });
}

function resumeByHand(state: RolloutState, { actor, reason }: ByHand, now: number): Transition {
  const code = state.held?.code;
  if ((code === 'split' || code === 'harm') && reason === null) {
    throw reasonNeeded('Going on against what was measured needs a reason.');
  }
  return resume({ ...state, isSplitAccepted: state.isSplitAccepted || code === 'split' }, { now, actor, reason });
}

function approve(state: RolloutState, { actor, reason }: ByHand, now: number): Transition {
  const stage = state.stage + 1;
  const approved: RolloutState = { ...state, approved: [...state.approved, stage] };
  const entry = ledger.approved(approved, { actor, reason, stage });
  if (state.status === 'scheduled') {
    const begun = promote({ ...approved, status: 'running' }, { now, second: null, because: 'start', actor, reason });
    return { state: begun.state, effects: [entry, ...begun.effects] };
  }
  // The next tick goes on: everything else still has to hold at that moment.
  const state_ =
    state.status === 'held' ? resume(approved, { now, actor, reason: null, isSilent: true }).state : approved;
  return { state: state_, effects: [entry] };
}

function promoteByHand(
  state: RolloutState,
  { actor, reason, frozen }: ByHand & { readonly frozen: Freeze | null },
  now: number,
): Transition {
  if (reason === null) throw reasonNeeded('Going on before the guards agree needs a reason.');
  refuseFrozen(frozen, 'go on');
  const upcoming = state.stage + 1;
  if (state.noData !== null) {
    throw new BelayError('rollout.not-allowed', 'Nothing is measured now, so nothing can go on.', {
      hint: 'Mend the telemetry first; "belay doctor" tells what is missing.',
      details: { cause: state.noData.cause, since: state.noData.since },
    });
  }
  if (state.plan.stages[upcoming]?.approve === true && !state.approved.includes(upcoming)) {
    throw new BelayError('rollout.approval-needed', 'The next stage needs an approval.', {
      hint: 'Approve it first; then go on.',
      details: { stage: upcoming },
    });
  }
  return promote(state, { now, second: null, because: 'person', actor, reason });
}

function takeBack(
  state: RolloutState,
  { type, actor, reason }: ByHand & { readonly type: 'rollback' | 'kill' },
  now: number,
): Transition {
  if (state.status === 'scheduled') return cancel(state, { actor, reason }, now);
  const code = type === 'kill' ? 'kill' : 'person';
  return rollBack(state, { code, at: now, actor, reason, guard: null, second: null, trip: null });
}

function cancel(state: RolloutState, { actor, reason }: ByHand, now: number): Transition {
  const ending = {
    code: 'cancelled',
    at: now,
    actor,
    reason,
    stage: -1,
    share: 0,
    guard: null,
    second: null,
    trip: null,
  } as const;
  const ended: RolloutState = { ...state, status: 'cancelled', ending };
  return { state: ended, effects: [ledger.cancelled(ended, { actor, reason })] };
}

function acknowledge(state: RolloutState, { actor, reason }: ByHand): Transition {
  if (reason === null) throw reasonNeeded('Say what caused the rollback.');
  const acknowledged: RolloutState = { ...state, cause: reason };
  return { state: acknowledged, effects: [ledger.acknowledged(acknowledged, { actor, reason })] };
}

function refuseFrozen(frozen: Freeze | null, what: string): void {
  if (frozen === null) return;
  if (frozen.kind === 'broken-invariant') {
    throw new BelayError('rollout.frozen', `Data is not as it must be (${frozen.name}): nothing may ${what} now.`, {
      hint: 'See "belay invariant list"; mend the data, then run "belay invariant check". Rolling back is always possible.',
      details: { name: frozen.name },
    });
  }
  throw new BelayError('rollout.frozen', `Changes are frozen (${frozen.name}): nothing may ${what} now.`, {
    hint: 'Wait for the end of the freeze, or end it first. Rolling back is always possible.',
    details: { name: frozen.name, until: frozen.until },
  });
}

function reasonNeeded(message: string): BelayError {
  return new BelayError('rollout.reason-needed', message, {
    hint: 'Send {"reason": "..."}; it is kept in the ledger.',
    issues: [{ path: 'reason', message: 'is missing', mend: 'say why, in a sentence' }],
  });
}
