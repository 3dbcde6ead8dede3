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
  verdictBanner,
  verdictSentence,
  type Freeze,
  type RolloutFacts,
  type RolloutState,
} from '@belay/core/rollout';
import { extraFailures, readEngine, type EngineReading, type Harm } from '@belay/core/statistics';
import type { LedgerEntryView, RolloutSummary, RolloutView, StageView } from '@belay/protocol';
import { servedShare } from './carry-out.ts';
import type { ClockTime } from './changes-context.ts';
import { showGuards, type GuardsShown } from './guard-view.ts';
import type { RolloutRecord, Undo } from './rollout-record.ts';

/** What a view needs besides the record. */
export interface ViewFacts {
  readonly now: number;
  readonly clockTime: ClockTime;
  readonly frozen: Freeze | null;
  /** What keeps it from going on: a freeze, or broken data. */
  readonly gate: Freeze | null;
  readonly undo: Undo | null;
  /** Instances connected now. */
  readonly instances: number;
  readonly happened: readonly LedgerEntryView[];
}

/** Everything the rollout page shows. */
export function rolloutView(record: RolloutRecord, facts: ViewFacts): RolloutView {
  const { state } = record;
  const shown = show(record, facts);
  const { reading, guards, words } = shown;
  const harm = harmOf(reading);
  return {
    ...summaryOf(record, shown),
    profile: state.plan.profile,
    verdict: shown.banner,
    next: nextWords(state, words),
    held: heldOf(state, reading),
    leadingGuard: state.ending?.guard ?? reading?.leading ?? null,
    stages: state.plan.stages.map((_, index) => stageView(state, index, facts)),
    guards: [...guards.views],
    tradeOff: tradeOff(state.plan, guards.words),
    soundness: soundness(state, reading),
    harm: { ...harmWords(state, harm, state.plan.stages[state.stage]?.share ?? 0), extraFailures: harm },
    undo: undoView(record, facts),
    happened: [...facts.happened],
    policy: [...planPolicySentences(state.plan)],
    details: detailsOf(record, reading),
    updatedAt: facts.now,
  };
}

/** One line of a list of rollouts. */
export function rolloutSummary(record: RolloutRecord, facts: ViewFacts): RolloutSummary {
  return summaryOf(record, show(record, facts));
}

/** The evidence of a rollout as it stands; null before the first block. */
export function readingOf({ engine }: RolloutRecord): EngineReading | null {
  if (engine === null || engine.state.lastSecond === null) return null;
  return readEngine(engine.config, engine.state);
}

/** Failures beyond what the old path would have had; from the guard on errors, else from the one on slow requests. */
export function harmOf(reading: EngineReading | null): Harm | null {
  const guard =
    reading?.guards.find(({ kind }) => kind === 'errors') ?? reading?.guards.find(({ kind }) => kind === 'slow');
  return guard === undefined ? null : extraFailures(guard);
}

interface Shown {
  readonly reading: EngineReading | null;
  readonly guards: GuardsShown;
  readonly words: RolloutFacts;
  readonly banner: ReturnType<typeof verdictBanner>;
}

function show(record: RolloutRecord, { now, clockTime, gate, undo }: ViewFacts): Shown {
  const reading = readingOf(record);
  const guards = showGuards(record, reading, record.state.plan.stages[record.state.stage]?.share ?? 0);
  const isUndone = record.state.status === 'rolled-back' && undo !== null;
  const words: RolloutFacts = {
    now,
    reading,
    guards: guards.words,
    etaMs: guards.etaMs,
    frozen: gate,
    undoneAt: isUndone ? undo.completedAt : null,
    clockTime,
  };
  return { reading, guards, words, banner: verdictBanner(record.state, words) };
}

function summaryOf(record: RolloutRecord, { banner, reading }: Shown): RolloutSummary {
  const { state } = record;
  const harm = harmOf(reading);
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
    tone: banner.tone,
    share: servedShare(state),
    reached: state.status === 'completed' ? 1 : (state.plan.stages[state.stage]?.share ?? 0),
    attempt: state.attempt,
    startedBy: state.startedBy,
    createdAt: record.createdAt,
    startedAt: state.startedAt,
    endedAt: state.ending?.at ?? null,
    sentence: verdictSentence(banner),
    extraFailures: harm === null ? null : harmWords(state, harm, 0).headline,
    allowed: [...allowedActions(state)],
  };
}

function heldOf(state: RolloutState, reading: EngineReading | null): RolloutView['held'] {
  if (state.held === null) return null;
  return {
    code: state.held.code,
    sentence: heldSentence(state.held.code, state, { reading }),
    since: state.held.since,
  };
}

function stageView(state: RolloutState, index: number, { clockTime }: ViewFacts): StageView {
  const stage = state.plan.stages[index];
  const record = state.stages.find((known) => known.index === index);
  const isApproved = state.approved.includes(index);
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
    approval: stage?.approve === true ? (isApproved ? 'given' : 'needed') : 'none',
    sentence: stageSentence(state, index, (at) => clockTime(at, 'minute')),
  };
}

function stageStatus(state: RolloutState, index: number): StageView['status'] {
  if (index > state.stage) return 'todo';
  if (index < state.stage || state.status === 'completed') return 'done';
  if (state.status === 'rolled-back') return 'failed';
  return state.status === 'held' ? 'held' : 'now';
}

function undoView(record: RolloutRecord, { undo, instances }: ViewFacts): RolloutView['undo'] {
  const { leaseMs } = record.state.plan;
  const isOver = record.state.status === 'rolled-back' && undo !== null;
  const expected = isOver ? undo.expected.length : instances;
  const confirmed = isOver ? Object.keys(undo.confirmed).length : 0;
  const isMeasured = isOver && undo.completedAt !== null && undo.expected.length > 0;
  const ms = isMeasured && undo.completedAt !== null ? undo.completedAt - undo.decidedAt : null;
  return {
    ms,
    instancesConfirmed: confirmed,
    instances: expected,
    measuredAt: isMeasured ? undo.completedAt : null,
    leaseMs,
    sentence: undoSentence({ ms, confirmed, instances: expected }, leaseMs),
  };
}

function detailsOf(record: RolloutRecord, reading: EngineReading | null): RolloutView['details'] {
  const { state, engine, seed } = record;
  const compared = (reading?.srm.canary ?? 0) + (reading?.srm.control ?? 0);
  return {
    seed,
    bucketing: 'flagd-v2',
    alpha: state.plan.alpha,
    wallet: reading?.wallet ?? 1,
    rollbackAt: 1 / state.plan.alpha,
    holdAt: state.plan.warnAt,
    plannedShare: state.plan.stages[state.stage]?.share ?? 0,
    seenShare: reading === null || compared === 0 ? null : reading.srm.canary / compared,
    dispersion: reading?.phi ?? 1,
    sampleRatioE: reading?.srmE ?? 1,
    revision: engine?.sinceRevision ?? 0,
    lastBlock: reading?.lastSecond ?? null,
    blocks: engine === null || reading?.lastSecond == null ? 0 : reading.lastSecond - engine.fromSecond + 1,
  };
}
