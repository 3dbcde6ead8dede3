import type { ReplayReport, RolloutEvidence, RolloutView } from '@belay/protocol';
import type { DemoFaultName, DemoOutcome } from './demo-fault.ts';
import type { LoadTotals } from './load/load-message.ts';

/** The one document of `belay demo --exit --json`. Everything in it is measured. */
export interface DemoResult {
  readonly fault: DemoFaultName;
  readonly outcome: DemoOutcome;
  /** The guard that took it back; null when none did. */
  readonly guard: string | null;
  /** Share of users on the new path when the verdict fell. */
  readonly share: number;
  readonly secondsToVerdict: number | null;
  readonly canaryRequests: number;
  readonly failedCanaryRequests: number;
  readonly extraFailures: { readonly low: number; readonly best: number; readonly high: number } | null;
  /** Decision until the last instance confirmed the old path. */
  readonly undoSeconds: number | null;
  readonly instancesConfirmed: number;
  readonly instances: number;
  /** Requests sent after that, and still answered by the new path; null where nothing was undone. */
  readonly exposuresAfterUndo: number | null;
  readonly waldBound: number | null;
  readonly waldRatio: number | null;
  readonly appRequests: number;
  readonly appFailuresCausedByBelay: number;
  readonly sentence: string;
  readonly replayAgrees: boolean;
}

export interface Measured {
  readonly fault: DemoFaultName;
  readonly view: RolloutView;
  readonly evidence: RolloutEvidence;
  readonly replay: ReplayReport;
  readonly totals: LoadTotals;
  readonly exposuresAfterUndo: number | null;
}

/** Puts the document together from what the server stored and what the users saw. */
export function demoResult({ fault, view, evidence, replay, totals, exposuresAfterUndo }: Measured): DemoResult {
  const outcome = outcomeOf(view.status);
  return {
    fault,
    outcome,
    guard: outcome === 'rolled-back' ? (evidence.leadingGuard ?? view.leadingGuard) : null,
    share: shareAtVerdict(view),
    secondsToVerdict: secondsToVerdict(view),
    ...canaryCounts(evidence, totals),
    extraFailures: evidence.extraFailures,
    undoSeconds: view.undo.ms === null ? null : view.undo.ms / 1000,
    instancesConfirmed: view.undo.instancesConfirmed,
    instances: view.undo.instances,
    exposuresAfterUndo,
    waldBound: evidence.waldBound,
    waldRatio: evidence.waldRatio,
    appRequests: totals.answered,
    appFailuresCausedByBelay: totals.failedOtherwise,
    sentence: view.sentence,
    replayAgrees: replay.agrees,
  };
}

/**
 * What was judged; a path that a process cut off by itself was gone before a second of it was judged, and then it is
 * what the users saw.
 */
function canaryCounts(evidence: RolloutEvidence, totals: LoadTotals) {
  return evidence.canaryUnits > 0
    ? { canaryRequests: evidence.canaryUnits, failedCanaryRequests: evidence.canaryFailed }
    : { canaryRequests: totals.newPath, failedCanaryRequests: totals.newPathFailed };
}

/** How the demo words a status. */
export function outcomeOf(status: RolloutView['status']): DemoOutcome {
  if (status === 'completed') return 'kept';
  if (status === 'rolled-back') return 'rolled-back';
  return status === 'held' ? 'held' : 'undecided';
}

/** A rolled-back change has a share of 0 now; what counts is the stage at which it was caught. */
function shareAtVerdict(view: RolloutView): number {
  const caught = view.stages.find(({ status }) => status === 'failed' || status === 'held');
  return caught?.share ?? view.share;
}

function secondsToVerdict(view: RolloutView): number | null {
  const end = view.endedAt ?? view.held?.since ?? null;
  return end === null || view.startedAt === null ? null : (end - view.startedAt) / 1000;
}
