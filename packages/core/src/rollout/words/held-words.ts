import type { EngineReading } from '../../statistics/engine-types.ts';
import type { HoldCode, RolloutState } from '../types.ts';
import { nameOfShare } from './numbers.ts';

/** Why a rollout stands still and what ends that, in one sentence or two. */
export function heldSentence(
  code: HoldCode,
  state: RolloutState,
  { reading }: { readonly reading: EngineReading | null },
): string {
  const upcoming = state.plan.stages[state.stage + 1];
  const next = upcoming === undefined ? 'the next stage' : nameOfShare(upcoming.share);
  switch (code) {
    case 'person':
      return state.held?.reason == null
        ? `${state.held?.actor.name ?? 'Somebody'} stopped it here; guards keep watching.`
        : `${state.held.actor.name}: ${state.held.reason}`;
    case 'approval':
      return `Every guard holds; ${next} waits for an approval.`;
    case 'harm':
      return 'A guard crossed its limit, and the plan says to hold then. Roll it back, or go on with a reason.';
    case 'split':
      return splitHeld(reading);
    case 'no-exposures':
      return 'No requests reach the new path now. It goes on by itself when they do.';
    case 'no-telemetry':
      return 'No outcomes arrive, so nothing can be judged; instances return to the old path by themselves. Resume when they arrive again.';
    case 'no-measurements':
      return `${measureless(state)} has nothing to measure, so it can neither hold nor pass.`;
  }
}

function splitHeld(reading: EngineReading | null): string {
  const total = (reading?.srm.canary ?? 0) + (reading?.srm.control ?? 0);
  if (reading === null || total === 0) return 'Users are not split as planned, so no comparison can be trusted.';
  const seen = ((reading.srm.canary / total) * 100).toFixed(1);
  const planned = ((reading.srm.expectedCanary / total) * 100).toFixed(1);
  return `Split is ${seen}%, should be ${planned}%: no comparison can be trusted until that is explained.`;
}

function measureless(state: RolloutState): string {
  const titles = state.plan.guards.filter(({ id }) => state.held?.guards.includes(id)).map(({ title }) => title);
  return titles.length === 0 ? 'A guard' : titles.join(' and ');
}
