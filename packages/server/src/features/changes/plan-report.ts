import {
  limitText,
  nameOfShare,
  planDuration,
  planSentence,
  proofSentences,
  shortStageSentence,
  units,
  type PlanGuard,
  type PlanStage,
  type RiseProof,
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
  const rises = risesOf({ plan, stage, index, config, history }, unitsPerMinute);
  const warnings: string[] = [];
  const [first] = rises;
  if (first !== undefined && Number.isFinite(first.seconds) && first.seconds * 1000 > stage.soakMs) {
    warnings.push(shortStageSentence(stage, first));
  }
  const minutes = stage.minUnits / (unitsPerMinute * stage.share);
  if (minutes * 60_000 > stage.soakMs) {
    warnings.push(
      `${units(stage.minUnits)} requests at ${nameOfShare(stage.share)} take about ${units(Math.ceil(minutes))} min at this traffic, longer than the stage.`,
    );
  }
  return { report: { ...base, sentences: [...proofSentences(stage, { unitsPerMinute, rises })] }, warnings };
}

/** Asked as multiples of the old path's failures; where even the largest lies within the limit, as shares that fail. */
function risesOf({ plan, stage, index, config }: StageContext, unitsPerMinute: number): readonly RiseProof[] {
  const errors = config.guards.find(({ kind }) => kind === 'errors');
  if (errors?.kind !== 'errors') return [];
  const baselineRate = Math.min(0.2, Math.max(1e-4, config.baseline.errorRate ?? 0.01));
  const ask = (rises: readonly RiseProof['rise'][]): readonly RiseProof[] => {
    const proof = timeToProof({
      ratePerSecond: unitsPerMinute / 60,
      share: stage.share,
      baselineRate,
      harmfulRates: rises.map((rise) => ('fold' in rise ? Math.min(0.99, baselineRate * rise.fold) : rise.rate)),
      tolerance: errors.tolerance,
      margin: errors.margins[index] ?? errors.tolerance,
      alpha: plan.alpha,
      weight: errors.weight,
    });
    return rises.map((rise, at) => ({ rise, seconds: proof.harm[at]?.seconds ?? Infinity }));
  };
  const folds = ask(FOLDS.map((fold) => ({ fold })));
  return Number.isFinite(folds[0]?.seconds) ? folds : ask(RATES.map((rate) => ({ rate })));
}

function guardReport(guard: PlanGuard, config: EngineConfig): PlanReport['guards'][number] {
  const limit = limitOf(guard, config);
  const isCeiling = config.guards.find(({ id }) => id === guard.id)?.kind === 'ceiling';
  const rule = isCeiling ? `at most ${limit}, whatever the old path does` : `worse by at most ${limit}`;
  return { id: guard.id, title: guard.title, limit, sentence: `${guard.title}: ${rule}.` };
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
/** For a path that hardly ever fails: five times next to nothing is nothing that anybody would act on. */
const RATES = [0.05, 0.01] as const;
const UNMEASURED = 'This flag has less than a minute of traffic on record, so no time can be told yet.';
const UNREAD = 'The telemetry store does not answer, so no times can be told and nothing can be started.';
