import type { RolloutEvidence, RolloutSeries } from '@belay/protocol';
import { statusWord, type RolloutState } from '@belay/core/rollout';
import { stateHash } from '../guards/api.ts';
import { boundOf } from './guard-view.ts';
import type { EffectPoint, RolloutRecord } from './rollout-record.ts';
import { harmOf, readingOf, rolloutView, type ViewFacts } from './rollout-view.ts';

/** The numbers behind the verdict, enough to check it by hand. */
export function rolloutEvidence(record: RolloutRecord, facts: ViewFacts): RolloutEvidence {
  const view = rolloutView(record, facts);
  const reading = readingOf(record);
  const { engine, state } = record;
  const leading = reading?.guards.find(({ id }) => id === view.leadingGuard);
  const errors = reading?.guards.find(({ kind }) => kind === 'errors') ?? leading;
  const bound =
    state.status === 'rolled-back' && engine !== null && leading !== undefined ? boundOf(engine.config, leading) : null;
  const canaryUnits = reading?.seen.canary ?? 0;
  return {
    rolloutId: record.id,
    attempt: state.attempt,
    at: state.ending?.at ?? facts.now,
    sentence: view.sentence,
    verdict: statusWord(state),
    leadingGuard: view.leadingGuard,
    wallet: view.details.wallet,
    alpha: view.details.alpha,
    firstBlock: engine?.fromSecond ?? null,
    lastBlock: view.details.lastBlock,
    blocks: view.details.blocks,
    canaryUnits,
    controlUnits: reading?.seen.control ?? 0,
    canaryFailed: Math.round(errors?.canary.bad ?? 0),
    controlFailed: Math.round(errors?.control.bad ?? 0),
    extraFailures: harmOf(reading),
    waldBound: bound,
    waldRatio: bound === null || bound === 0 ? null : (leading?.canary.n ?? 0) / bound,
    guards: view.guards,
    revision: view.details.revision,
    stateHash: engine === null ? '' : stateHash(engine.state),
    query: queryText(record),
  };
}

/** Effect chart of one guard. */
export function rolloutSeries(
  record: RolloutRecord,
  guardId: string,
  points: readonly EffectPoint[],
): RolloutSeries | null {
  const guard = record.state.plan.guards.find(({ id }) => id === guardId);
  if (guard === undefined) return null;
  const reading = readingOf(record)?.guards.find(({ id }) => id === guardId);
  const unit = reading?.unit === 'milliseconds' ? 'ms' : reading?.unit === 'relative' ? 'percent' : 'points';
  return {
    guard: guardId,
    unit,
    limit: Math.abs(reading?.tolerance ?? 0) * (unit === 'ms' ? 1 : 100),
    worseSign: guard.worseSign,
    points: points.map(({ second, share, guards }) => {
      const [low, high, estimate] = guards[guardId] ?? [null, null, null];
      return { at: second * 1000, low, high, estimate, share };
    }),
    marks: marksOf(record.state),
  };
}

function marksOf(state: RolloutState): RolloutSeries['marks'] {
  const marks: RolloutSeries['marks'] = state.stages.map(({ index, startedAt }) => ({
    at: startedAt,
    label: `${Number(((state.plan.stages[index]?.share ?? 0) * 100).toPrecision(6))}%`,
    kind: 'stage',
  }));
  if (state.held !== null) marks.push({ at: state.held.since, label: 'Held', kind: 'held' });
  if (state.ending !== null && state.startedAt !== null) {
    const isKept = state.ending.code === 'kept';
    marks.push({
      at: state.ending.at,
      label: isKept ? 'Everybody' : '0%, old path for everyone',
      kind: isKept ? 'kept' : 'rolled-back',
    });
  }
  return marks;
}

/** The rows that were judged, as anybody with access to the store can count them. */
function queryText({ id, engine, state }: RolloutRecord): string {
  const from = engine?.fromSecond ?? 0;
  const through = engine?.readThrough ?? 0;
  return `outcomes of rollout ${id} (flag ${state.plan.flagKey}), attempt ${state.attempt}, flag revision >= ${engine?.sinceRevision ?? 0}, blocks ${from} to ${through}`;
}
