import {
  allowedActions,
  harmWords,
  heldSentence,
  nextWords,
  planPolicySentences,
  soundness,
  stageSentence,
  statusWord,
  tradeOff,
  undoSentence,
} from '@belay/core/rollout';
import type { LedgerEntryView, RolloutSummary, RolloutView, StageView } from '@belay/protocol';
import { guardViewOf } from './guard-view.ts';
import { type ReadingContext, readRollout, type RolloutReading } from './rollout-reading.ts';
import type { RolloutRecord, Undo } from './rollout-record.ts';

/** What the page shows that is kept elsewhere. */
export interface ViewContext extends ReadingContext {
  readonly undo: Undo | null;
  readonly happened: readonly LedgerEntryView[];
  /** Connected instances of any service now. */
  readonly instances: number;
  /** How long the last change took to reach every instance; null before any. */
  readonly propagationMs: number | null;
  readonly revision: number;
}

/** One line of a list. */
export function summaryOf(record: RolloutRecord, known: RolloutReading): RolloutSummary {
  const { state } = record;
  const harm = harmWords(state, known.harm, shareOf(record));
  return {
    id: record.id,
    number: record.number,
    version: record.version,
    title: state.plan.title,
    flagKey: state.plan.flagKey,
    component: state.plan.component,
    controlVariant: state.plan.controlVariant,
    canaryVariant: state.plan.canaryVariant,
    status: state.status,
    word: statusWord(state),
    tone: known.banner.tone,
    share: shownShare(record),
    attempt: state.attempt,
    startedBy: state.startedBy,
    createdAt: record.createdAt,
    startedAt: state.startedAt,
    endedAt: state.ending?.at ?? null,
    sentence: known.sentence,
    extraFailures: known.harm === null ? null : harm.headline,
    allowed: [...allowedActions(state)],
  };
}

/** Everything the rollout page shows, from one reading of the evidence. */
export function viewOf(record: RolloutRecord, context: ViewContext): RolloutView {
  const known = readRollout(record, context);
  const { state, engine } = record;
  const { clockTime, now } = context;
  const minute = (at: number): string => clockTime(at, 'minute');
  return {
    ...summaryOf(record, known),
    profile: state.plan.profile,
    verdict: known.banner,
    next: nextWords(state, known.facts),
    held:
      state.held === null
        ? null
        : {
            code: state.held.code,
            sentence: heldSentence(state.held.code, state, known.facts),
            since: state.held.since,
          },
    leadingGuard: state.ending?.guard ?? known.engine?.leading ?? null,
    stages: state.plan.stages.map((_, index) => stageViewOf(record, index, minute)),
    guards: state.plan.guards.map((guard) => guardViewOf(guard, known)),
    tradeOff: tradeOff(state.plan, known.words),
    soundness: soundness(state, known.engine),
    harm: { ...harmWords(state, known.harm, shareOf(record)), extraFailures: known.harm },
    undo: undoView(record, context),
    happened: [...context.happened],
    policy: [...planPolicySentences(state.plan)],
    details: detailsOf(record, known, context.revision),
    updatedAt: Math.max(
      record.createdAt,
      engine === null ? 0 : engine.readThrough * 1000,
      state.ending?.at ?? 0,
      Math.min(now, state.lastTickAt ?? 0),
    ),
  };
}

function stageViewOf({ state }: RolloutRecord, index: number, minute: (at: number) => string): StageView {
  const stage = state.plan.stages[index];
  const record = state.stages.find((known) => known.index === index);
  const needsApproval = stage?.approve === true;
  return {
    index,
    share: stage?.share ?? 0,
    status: stageStatus(state, index),
    startedAt: record?.startedAt ?? null,
    endedAt: record?.endedAt ?? null,
    soakMs: stage?.soakMs ?? 0,
    elapsedMs: Math.round(record?.guardedMs ?? 0),
    minUnits: stage?.minUnits ?? 0,
    canaryUnits: record?.units ?? 0,
    approval: !needsApproval ? 'none' : state.approved.includes(index) ? 'given' : 'needed',
    sentence: stageSentence(state, index, minute),
  };
}

function stageStatus(state: RolloutRecord['state'], index: number): StageView['status'] {
  if (index > state.stage) return 'todo';
  if (index < state.stage || state.status === 'completed') return 'done';
  if (state.status === 'rolled-back') return 'failed';
  return state.status === 'held' ? 'held' : 'now';
}

function undoView({ state }: RolloutRecord, { undo, instances, propagationMs, now }: ViewContext): RolloutView['undo'] {
  const confirmed = Object.keys(undo?.confirmed ?? {}).length;
  const measured = undo?.completedAt == null ? null : undo.completedAt - undo.decidedAt;
  const ms = undo === null ? propagationMs : measured;
  const all = undo === null ? instances : undo.expected.length;
  return {
    ms,
    instancesConfirmed: undo === null ? instances : confirmed,
    instances: all,
    measuredAt: undo?.completedAt ?? (propagationMs === null ? null : now),
    leaseMs: state.plan.leaseMs,
    sentence: undoSentence({ ms: measured, confirmed, instances: all }, state.plan.leaseMs),
  };
}

function detailsOf(
  { state, seed, engine }: RolloutRecord,
  { engine: reading }: RolloutReading,
  revision: number,
): RolloutView['details'] {
  const total = (reading?.srm.canary ?? 0) + (reading?.srm.control ?? 0);
  return {
    seed,
    bucketing: 'flagd-v2',
    alpha: state.plan.alpha,
    wallet: Math.min(reading?.wallet ?? 1, 1e300),
    rollbackAt: 1 / state.plan.alpha,
    holdAt: state.plan.warnAt,
    plannedShare: state.plan.stages[state.stage]?.share ?? 0,
    seenShare: total === 0 ? null : (reading?.srm.canary ?? 0) / total,
    dispersion: reading?.phi ?? 1,
    sampleRatioE: Math.min(reading?.srmE ?? 1, 1e300),
    revision: Math.max(revision, engine?.sinceRevision ?? 0),
    lastBlock: engine?.state.lastSecond ?? null,
    blocks: engine === null ? 0 : Math.max(0, engine.readThrough - engine.fromSecond + 1),
  };
}

/** Share that is served now: nothing once it was taken back, everything once it was kept. */
function shownShare({ state }: RolloutRecord): number {
  if (state.status === 'completed') return 1;
  return state.status === 'running' || state.status === 'held' ? (state.plan.stages[state.stage]?.share ?? 0) : 0;
}

/** Share at which it ran last, for what shipping to everybody would have cost. */
function shareOf({ state }: RolloutRecord): number {
  return state.ending?.share ?? state.plan.stages[state.stage]?.share ?? 0;
}
