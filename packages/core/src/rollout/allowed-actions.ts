import { BelayError } from '../error.ts';
import type { RolloutAction, RolloutState, RolloutStatus } from './types.ts';

/** What each status allows at all. One table for server, command line and dashboard. */
export const actionsByStatus: Readonly<Record<RolloutStatus, readonly RolloutAction[]>> = {
  draft: ['start', 'cancel'],
  scheduled: ['approve', 'cancel', 'kill'],
  running: ['hold', 'approve', 'promote', 'rollback', 'kill'],
  held: ['resume', 'approve', 'rollback', 'kill'],
  completed: [],
  'rolled-back': ['acknowledge', 'start'],
  cancelled: [],
};

/** What may be done now, in the order in which it is offered. */
export function allowedActions(state: RolloutState): readonly RolloutAction[] {
  return actionsByStatus[state.status].filter((action) => isOpen(state, action));
}

/** Throws `rollout.not-allowed`, naming the state and what it allows, unless the action may be done now. */
export function requireAction(state: RolloutState, action: RolloutAction): void {
  const allowed = allowedActions(state);
  if (allowed.includes(action)) return;
  throw new BelayError('rollout.not-allowed', `A rollout that is ${state.status} does not allow "${action}".`, {
    hint: allowed.length === 0 ? 'It is over: create a new rollout.' : `It allows: ${allowed.join(', ')}.`,
    details: { status: state.status, action, allowed },
  });
}

/** Whether the cause of a rollback has to be named before another try: a person's own decision needs none. */
export function needsAcknowledgement(state: RolloutState): boolean {
  const code = state.ending?.code;
  return (
    state.status === 'rolled-back' && (code === 'harm' || code === 'trip' || code === 'no-data') && state.cause === null
  );
}

function isOpen(state: RolloutState, action: RolloutAction): boolean {
  switch (action) {
    case 'approve':
      return waitsForApproval(state);
    case 'resume':
      // An approval is given by "approve", so that the ledger tells who gave it.
      return state.held?.code !== 'approval';
    case 'acknowledge':
      return needsAcknowledgement(state);
    case 'promote':
      return state.stage < state.plan.stages.length - 1;
    case 'start':
      return state.status === 'draft' || !needsAcknowledgement(state);
    case 'hold':
    case 'rollback':
    case 'cancel':
    case 'kill':
      return true;
  }
}

function waitsForApproval(state: RolloutState): boolean {
  if (state.status === 'held' && state.held?.code !== 'approval') return false;
  const upcoming = state.stage + 1;
  return state.plan.stages[upcoming]?.approve === true && !state.approved.includes(upcoming);
}
