import {
  limitText,
  nameOfShare,
  planDuration,
  planSentence,
  proofSentence,
  units,
  type PlanGuard,
  type PlanStage,
  type RolloutPlan,
  type StartConflict,
} from '@belay/core/rollout';
import { createEngineConfig, timeToProof, type EngineConfig } from '@belay/core/statistics';
import { engineOptionsOf } from '@belay/core/rollout';
import type { PlanReport } from '@belay/protocol';
import type { History } from './start-attempt.ts';

/** What a plan would do, with the time it needs at present traffic. */
export function planReport(
  plan: RolloutPlan,
  history: History | null,
  conflicts: readonly StartConflict[],
): PlanReport {
  const config = createEngineConfig(engineOptionsOf(plan, history?.baseline ?? {}));
  const stages = plan.stages.map((stage, index) => stageReport({ plan, stage, index, config, history }));
  return {
    sentence: planSentence(plan),
    flagKey: plan.flagKey,
    component: plan.component,
    controlVariant: plan.controlVariant,
    canaryVariant: plan.canaryVariant,
    profile: plan.profile,
    durationMs: planDuration(plan),
    stages: stages.map(({ report }) => report),
    guards: plan.guards.map((guard) => guardReport(guard, config)),
    reach: reachOf(plan),
    warnings: [...(history === null ? [UNREAD] : []), ...stages.flatMap(({ warnings }) => warnings)],
    conflicts: conflicts.map(({ code, sentence }) => ({ code, sentence })),
  };
}

interface StageContext {
  readonly plan: RolloutPlan;
  readonly stage: PlanStage;
  readonly index: number;
  readonly config: EngineConfig;
  readonly history: History | null;
}

function stageReport({ plan, stage, index, config, history }: StageContext): {
  readonly report: PlanReport['stages'][number];
  readonly warnings: readonly string[];
} {
  const unitsPerMinute = history?.unitsPerMinute ?? null;
  const base = {
    share: stage.share,
    soakMs: stage.soakMs,
    minUnits: stage.minUnits,
    approve: stage.approve,
    unitsPerMinute,
  };
  if (stage.share >= 1) return { report: { ...base, sentences: ['Everybody has the new path.'] }, warnings: [] };
  if (unitsPerMinute === null) return { report: { ...base, sentences: [UNMEASURED] }, warnings: [] };
  const errors = config.guards.find(({ kind }) => kind === 'errors');
  const sentences: string[] = [];
  const warnings: string[] = [];
  if (errors?.kind === 'errors') {
    const baselineRate = Math.min(0.2, Math.max(1e-4, config.baseline.errorRate ?? 0.01));
    const proof = timeToProof({
      ratePerSecond: unitsPerMinute / 60,
      share: stage.share,
      baselineRate,
      harmfulRates: FOLDS.map((fold) => Math.min(0.99, baselineRate * fold)),
      tolerance: errors.tolerance,
      margin: errors.margins[index] ?? errors.tolerance,
      alpha: plan.alpha,
      weight: errors.weight,
    });
    FOLDS.forEach((fold, at) => {
      const seconds = proof.harm[at]?.seconds ?? Infinity;
      sentences.push(proofSentence(stage, { unitsPerMinute, fold, seconds }));
    });
    const slowest = (proof.harm[0]?.seconds ?? Infinity) * 1000;
    if (slowest > stage.soakMs) {
      warnings.push(
        `${nameOfShare(stage.share)} is shorter than the proof of a five-fold rise of failures takes at this traffic; hold it longer or start larger.`,
      );
    }
  }
  const minutes = stage.minUnits / (unitsPerMinute * stage.share);
  if (minutes * 60_000 > stage.soakMs) {
    warnings.push(
      `${units(stage.minUnits)} requests at ${nameOfShare(stage.share)} take about ${units(Math.ceil(minutes))} min at this traffic, longer than the stage.`,
    );
  }
  return { report: { ...base, sentences }, warnings };
}

function guardReport(guard: PlanGuard, config: EngineConfig): PlanReport['guards'][number] {
  const limit = limitOf(guard, config);
  return { id: guard.id, title: guard.title, limit, sentence: `${guard.title}: worse by at most ${limit}.` };
}

function limitOf(guard: PlanGuard, config: EngineConfig): string {
  const planned = config.guards.find(({ id }) => id === guard.id);
  switch (planned?.kind) {
    case 'errors':
    case 'slow': {
      const rate = planned.kind === 'errors' ? (config.baseline.errorRate ?? 0.01) : 1 - planned.quantile;
      const points = (planned.tolerance.points + (planned.tolerance.ratio - 1) * rate) * 100;
      return `${limitText(points, 'points')} points`;
    }
    case 'latency':
      return limitText((2 ** (planned.toleranceBuckets / 16) - 1) * 100, 'percent');
    case 'value':
      return limitText(planned.tolerance * 100, 'percent');
    case 'ceiling':
      return `${limitText(planned.limit * 100, 'points')}% of requests`;
    case 'count':
    case undefined:
      return 'nothing';
  }
}

function reachOf(plan: RolloutPlan): string {
  const guarded = plan.stages.filter(({ share }) => share < 1);
  const [first] = guarded;
  const last = guarded.at(-1);
  if (first === undefined || last === undefined) return 'Everybody at once.';
  return first === last
    ? `${nameOfShare(first.share)} of users, then everybody.`
    : `${nameOfShare(first.share)} of users at first, ${nameOfShare(last.share)} before everybody.`;
}

/** Sizes of a rise of failures that a plan is asked about; the first decides the warning. */
const FOLDS = [5, 2] as const;
const UNMEASURED = 'This flag has no traffic on record yet, so no time can be told.';
const UNREAD = 'The telemetry store does not answer, so no times can be told and nothing can be started.';
