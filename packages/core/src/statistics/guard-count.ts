import type { SideCounts } from '../outcome.ts';
import { CeilingBinary, oneSampleLogE } from './binary-processes.ts';
import { Count } from './count-process.ts';
import type {
  Baseline,
  CeilingConfig,
  CeilingProcessState,
  CountConfig,
  CountProcessState,
  GuardState,
} from './engine-types.ts';
import type { FoldContext } from './guard-fold.ts';

/** A guard on the number of tracked events against the canary's share of units. */
export function startCount(): CountProcessState {
  return { kind: 'count', count: Count.start(), canary: 0, control: 0, expected: 0 };
}

/** Folds one block into a count guard: events against the canary's share of the block's units. */
export function foldCount(guard: CountConfig, state: GuardState, context: FoldContext): void {
  const evidence = state.evidence;
  if (evidence.kind !== 'count') return;
  const { block, eta } = context;
  Count.addMass(evidence.count, context.mass);
  if (context.isNewStage) Count.restartSafe(evidence.count);
  const canaryN = block.canary.n;
  const controlN = block.control.n;
  if (!context.isComparing || canaryN === 0 || controlN === 0) return;
  const canary = eventsOf(block.canary, guard.value);
  const control = eventsOf(block.control, guard.value);
  // Given both sides' units and equal rates per unit, the canary's events are binomial with its share of units.
  const share = canaryN / (canaryN + controlN);
  Count.fold(evidence.count, { canary, control }, { share, harmful: guard.harmful, eta });
  evidence.canary += canary;
  evidence.control += control;
  evidence.expected += (control * canaryN) / controlN;
  state.safeBest = Math.max(state.safeBest, Count.safeE(evidence.count));
  state.stageCanaryN += canaryN;
  state.canary.n += canaryN;
  state.canary.bad += canary;
  state.control.n += controlN;
  state.control.bad += control;
}

/** A guard on the canary alone: its share of bad units against a fixed limit. */
export function startCeiling(): CeilingProcessState {
  return { kind: 'ceiling', harm: CeilingBinary.start(), safeLogE: 0 };
}

/** Folds one block into a ceiling guard, warm-up and silent control included. */
export function foldCeiling(
  guard: CeilingConfig,
  state: GuardState,
  { context, baseline }: { readonly context: FoldContext; readonly baseline: Baseline },
): void {
  const evidence = state.evidence;
  if (evidence.kind !== 'ceiling') return;
  const { canary } = context.block;
  CeilingBinary.addMass(evidence.harm, context.mass);
  if (context.isNewStage) evidence.safeLogE = 0;
  if (canary.n === 0) return;
  const counts = { canaryN: canary.n, canaryBad: canary.errors };
  CeilingBinary.fold(evidence.harm, counts, { limit: guard.limit, eta: context.eta });
  const expected = Math.max(1e-6, Math.min(baseline.errorRate ?? DEFAULT_RATE, guard.limit / 2));
  evidence.safeLogE += context.eta * oneSampleLogE(counts, expected, guard.limit);
  state.safeBest = Math.max(state.safeBest, Math.exp(Math.min(evidence.safeLogE, 600)));
  state.stageCanaryN += canary.n;
  state.canary.n += canary.n;
  state.canary.bad += canary.errors;
}

function eventsOf(side: SideCounts, name: string): number {
  let events = 0;
  for (const count of side.values.get(name)?.values() ?? []) events += count;
  return events;
}

const DEFAULT_RATE = 0.01;
