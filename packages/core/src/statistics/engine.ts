import type { OutcomeBlock } from '../outcome.ts';
import { invariant } from '../invariant.ts';
import type { EngineConfig, EngineState, GuardConfig, GuardState, ProcessState } from './engine-types.ts';
import { foldBinary, startBinary } from './guard-binary.ts';
import { foldCeiling, foldCount, startCeiling, startCount } from './guard-count.ts';
import { type FoldContext, isPossible } from './guard-fold.ts';
import { foldLatency, startLatency } from './guard-latency.ts';
import { foldValue, startValue } from './guard-value.ts';
import { decide, harmEOf } from './engine-reading.ts';
import { phi } from './phi.ts';
import { Srm } from './srm.ts';
import { HarmBinary } from './binary-processes.ts';
import { startedMass } from './start-mass.ts';
import { isWarmingUp } from './warm-up.ts';

/** State of an engine that has seen no block. */
export function createGuardEngine(config: EngineConfig): EngineState {
  return {
    version: 1,
    lastSecond: null,
    lastCanarySecond: null,
    lastControlSecond: null,
    stage: null,
    stageSince: null,
    stages: config.stages.map(() => ({ first: null, exposed: null, mass: 0 })),
    seen: { canary: 0, control: 0 },
    groups: { n: zeros(GROUPS), errors: zeros(GROUPS) },
    guards: config.guards.map((guard) => ({
      canary: { n: 0, bad: 0, distinctBad: 0 },
      control: { n: 0, bad: 0, distinctBad: 0 },
      stageCanaryN: 0,
      safeBest: 1,
      harmBest: [],
      evidence: startProcess(guard, config),
    })),
    srm: Srm.start(),
    decided: null,
    refused: 0,
    ignored: 0,
  };
}

/**
 * Folds one block that was served at `config.stages[stage]` into the state, in place, and returns the state.
 * Blocks must come in ascending order of second: others are counted as ignored, impossible counts as refused, and
 * neither changes anything else. Once a rollback is decided only the counts of seen units go on.
 * Deterministic: equal configs, states and blocks give bit-identical states, whatever the order of histogram rows.
 */
export function foldBlock(config: EngineConfig, state: EngineState, block: OutcomeBlock, stage: number): EngineState {
  const plan = config.stages[stage];
  invariant(plan !== undefined, `stage ${stage} is one of the ${config.stages.length} planned`);
  if (state.lastSecond !== null && block.second <= state.lastSecond) {
    state.ignored += 1;
    return state;
  }
  if (!isPossible(block.canary) || !isPossible(block.control)) {
    state.refused += 1;
    return state;
  }
  const isNewStage = state.stage !== stage;
  observe(state, block, stage);
  if (state.decided !== null) return state;
  const context = contextOf(config, state, { block, stage, isNewStage });
  config.guards.forEach((guard, index) => {
    const guardState = state.guards[index];
    if (guardState === undefined) return;
    foldGuard(config, guard, { state: guardState, context });
    keepBest(guardState);
  });
  if (context.isSettled && plan.share > 0 && plan.share < 1) {
    Srm.fold(state.srm, { canary: block.canary.exposures, control: block.control.exposures, share: plan.share });
  }
  learnGroups(state, block);
  state.decided = decide(config, state);
  return state;
}

interface Arrival {
  readonly block: OutcomeBlock;
  readonly stage: number;
  readonly isNewStage: boolean;
}

function observe(state: EngineState, block: OutcomeBlock, stage: number): void {
  state.lastSecond = block.second;
  if (block.canary.n > 0) state.lastCanarySecond = block.second;
  if (block.control.n > 0) state.lastControlSecond = block.second;
  state.seen.canary += block.canary.n;
  state.seen.control += block.control.n;
  if (state.stage !== stage) state.stageSince = block.second;
  state.stage = stage;
  const known = state.stages[stage];
  if (known === undefined) return;
  known.first ??= block.second;
  if (block.canary.n > 0) known.exposed ??= block.second;
}

function contextOf(config: EngineConfig, state: EngineState, { block, stage, isNewStage }: Arrival): FoldContext {
  const share = config.stages[stage]?.share ?? 0;
  const dispersion = phi(state.groups);
  return {
    block,
    stage,
    share,
    eta: dispersion > 1.5 ? 1 / dispersion : 1,
    mass: massOf(config, state, { block, stage, isNewStage }),
    isComparing: share > 0 && share < 1 && !isWarmingUp(config, state),
    isSettled: isFirstStage(state, stage) || block.second - (state.stageSince ?? 0) >= config.settleSeconds,
    isNewStage,
    mergeSeconds: config.mergeSeconds,
  };
}

/** The first stage has no earlier share that a late SDK could still serve. */
function isFirstStage(state: EngineState, stage: number): boolean {
  return state.stages.every((other, index) => index === stage || other.first === null);
}

function massOf(config: EngineConfig, state: EngineState, { block, stage }: Arrival): number {
  const known = state.stages[stage];
  const plan = config.stages[stage];
  if (known === undefined || plan === undefined || !isCompared(plan.share) || known.exposed === null) return 0;
  const stages = config.stages.filter(({ share }) => isCompared(share)).length;
  const second = block.second - known.exposed;
  const due = startedMass({ stages, plannedMinutes: plan.plannedMinutes, second }) - known.mass;
  known.mass += due;
  return due;
}

function foldGuard(
  config: EngineConfig,
  guard: GuardConfig,
  { state, context }: { readonly state: GuardState; readonly context: FoldContext },
): void {
  if (context.isNewStage) {
    state.stageCanaryN = 0;
    state.safeBest = 1;
  }
  const { baseline } = config;
  switch (guard.kind) {
    case 'errors':
      if (context.isComparing) countDistinct(state, context);
      return foldBinary(guard, state, { context, baseline });
    case 'slow':
      return foldBinary(guard, state, { context, baseline });
    case 'latency':
      return foldLatency(guard, state, context);
    case 'value':
      return foldValue(guard, state, context);
    case 'count':
      return foldCount(guard, state, context);
    case 'ceiling':
      countDistinct(state, context);
      return foldCeiling(guard, state, { context, baseline });
  }
}

function keepBest(state: GuardState): void {
  const { evidence } = state;
  const values =
    evidence.kind === 'latency'
      ? evidence.thresholds.map((threshold) => HarmBinary.eValue(threshold))
      : [harmEOf(state)];
  values.forEach((e, index) => {
    state.harmBest[index] = Math.max(state.harmBest[index] ?? 0, e);
  });
}

function countDistinct(state: GuardState, { block }: FoldContext): void {
  state.canary.distinctBad += block.canary.distinctBad;
  state.control.distinctBad += block.control.distinctBad;
}

function startProcess(guard: GuardConfig, config: EngineConfig): ProcessState {
  switch (guard.kind) {
    case 'errors':
    case 'slow':
      return startBinary(guard, config.baseline);
    case 'latency':
      return startLatency(guard, config.baseline);
    case 'value':
      return startValue(guard, config.baseline);
    case 'count':
      return startCount();
    case 'ceiling':
      return startCeiling();
  }
}

function learnGroups(state: EngineState, { controlGroups }: OutcomeBlock): void {
  for (let g = 0; g < GROUPS; g += 1) {
    state.groups.n[g] = (state.groups.n[g] ?? 0) + (controlGroups.n[g] ?? 0);
    state.groups.errors[g] = (state.groups.errors[g] ?? 0) + (controlGroups.errors[g] ?? 0);
  }
}

function isCompared(share: number): boolean {
  return share > 0 && share < 1;
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

const GROUPS = 32;
