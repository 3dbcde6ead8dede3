import type { EngineReading, Harm } from '../../statistics/engine-types.ts';
import type { Policy, PlanStage, RolloutPlan, RolloutState } from '../types.ts';
import { profiles } from '../profiles.ts';
import type { GuardWords } from './guard-words.ts';
import type { Banner } from './rollout-words.ts';
import { counted, duration, nameOfShare, undoTime, units } from './numbers.ts';

/** The harm card: what the rollout has cost, and what shipping to everybody would have. */
export interface HarmWords {
  readonly title: string;
  readonly headline: string;
  readonly unit: string;
  readonly sub: string;
  readonly ifShipped: { readonly text: string; readonly value: number } | null;
}

/** Harm so far (an upper bound while watching) or harm done (best guess with its band). */
export function harmWords(state: RolloutState, harm: Harm | null, share: number): HarmWords {
  const isOver = state.status === 'rolled-back' || state.status === 'completed';
  const title = isOver ? 'Harm done' : 'Harm so far';
  const unit = 'failed requests';
  if (harm === null)
    return { title, headline: 'none measured', unit: '', sub: 'no requests compared yet', ifShipped: null };
  const low = Math.max(0, Math.round(harm.low));
  const high = Math.max(0, Math.round(harm.high));
  const best = Math.max(0, Math.round(harm.best));
  const isKnown = state.status === 'rolled-back' && low + best > 0;
  const value = isKnown ? best : high;
  return {
    title,
    headline: isKnown ? `about ${units(best)}` : `at most ${units(high)}`,
    unit,
    sub: isKnown
      ? `between ${units(low)} and ${units(high)} more than the old path`
      : 'more than the old path would have had',
    ifShipped:
      share > 0 && share < 1 && value > 0
        ? { text: 'Shipped to everyone at the start', value: Math.round(value / share) }
        : null,
  };
}

/** The undo card. */
export function undoSentence(
  undo: { readonly ms: number | null; readonly confirmed: number; readonly instances: number },
  leaseMs: number,
): string {
  const lapse = `If Belay goes away, each returns by itself in ${duration(leaseMs)}.`;
  if (undo.ms === null)
    return undo.instances === 0 ? lapse : `${counted(undo.instances, 'instance')} would be told at once. ${lapse}`;
  return `${undo.confirmed} of ${counted(undo.instances, 'instance')} confirmed the old path in ${undoTime(undo.ms)}.`;
}

/** Whether the comparison itself can be trusted. */
export function soundness(
  state: RolloutState,
  reading: EngineReading | null,
): Pick<Banner, 'tone'> & { readonly text: string } {
  const share = state.plan.stages[state.stage]?.share ?? 0;
  const total = (reading?.srm.canary ?? 0) + (reading?.srm.control ?? 0);
  if (reading === null || total === 0) return { tone: 'none', text: 'No users compared yet.' };
  const seen = ((reading.srm.canary / total) * 100).toFixed(1);
  const planned = ((reading.srm.expectedCanary / total) * 100).toFixed(1);
  const split = `split ${planned}% planned, ${seen}% seen`;
  if (reading.srmBroken) return { tone: 'wait', text: `The measurement cannot be trusted: ${split}.` };
  if (state.noData !== null) return { tone: 'wait', text: `There is a gap in what is measured; ${split}.` };
  if (share < 1 && reading.phi > 1.5) {
    return { tone: 'ok', text: `Measurement is sound: ${split}. Users differ much, so more of them are needed.` };
  }
  return { tone: 'ok', text: `Measurement is sound: ${split}. No telemetry gap.` };
}

/** Faster but dearer, and the like; null when no two guards disagree. */
export function tradeOff(
  plan: RolloutPlan,
  words: ReadonlyMap<string, GuardWords>,
): { readonly tone: 'wait'; readonly text: string } | null {
  const better = plan.guards.find(({ id }) => words.get(id)?.verdict === 'better');
  const worse = plan.guards.find(({ id, worseSign }) => {
    const known = words.get(id);
    if (known?.interval == null || known.verdict === 'better') return false;
    return (
      known.verdict === 'worse' ||
      (known.verdict === 'cant-tell' && known.interval.estimate * worseSign > known.limit / 2)
    );
  });
  if (better === undefined || worse === undefined) return null;
  const tail = words.get(worse.id)?.verdict === 'worse' ? 'is worse' : 'may be worse';
  return {
    tone: 'wait',
    text: `${better.title} is better, but ${lower(worse.title)} ${tail}. Past its limit this rolls back even so.`,
  };
}

/** What one stage of the ladder says about itself. */
export function stageSentence(state: RolloutState, index: number, clockTime: (at: number) => string): string {
  const stage = state.plan.stages[index];
  const record = state.stages.find((known) => known.index === index);
  if (stage === undefined) return '';
  if (record === undefined) {
    if (state.ending !== null) return 'not reached';
    if (stage.approve && !state.approved.includes(index)) return 'needs an approval';
    return index === 0
      ? 'not started'
      : state.plan.promote === 'evidence'
        ? 'needs all guards to rule out harm, or time'
        : 'needs all guards to hold';
  }
  if (state.ending?.stage === index && state.status === 'rolled-back') {
    const guard = state.plan.guards.find(({ id }) => id === state.ending?.guard);
    return guard === undefined ? 'taken back here' : `${lower(guard.title)} crossed the limit`;
  }
  const from = clockTime(record.startedAt);
  if (record.endedAt === null) return `since ${from} · ${units(record.units)} requests`;
  return `${from} to ${clockTime(record.endedAt)} · ${units(record.units)} requests`;
}

/** The plan in one sentence: `1% -> 10% -> 50% -> 100%, about 1 h 10, five guards`. */
export function planSentence(plan: RolloutPlan): string {
  const shares = plan.stages.map(({ share }) => nameOfShare(share)).join(' -> ');
  return `${shares}, about ${duration(planDuration(plan))}, ${counted(plan.guards.length, 'guard')}`;
}

/** Time of all stages together in ms, if each takes its whole soak. */
export function planDuration(plan: RolloutPlan): number {
  return plan.stages.reduce((sum, { soakMs }) => sum + soakMs, 0);
}

/** The plan's rules, one sentence each. */
export function planPolicySentences(plan: RolloutPlan): readonly string[] {
  return [
    `One change at a time on ${plan.component}.`,
    plan.promote === 'evidence'
      ? 'A stage ends early once every guard has ruled out harm, otherwise after its time.'
      : 'Every stage lasts its whole time.',
    plan.onHarm === 'rollback'
      ? 'A guard past its limit rolls back at once.'
      : 'A guard past its limit holds the rollout.',
    `A harmless change is taken back by mistake in at most ${nameOfShare(plan.alpha)} of attempts.`,
    `Without data for ${duration(plan.noData.graceMs)} it is ${plan.noData.then === 'hold' ? 'held' : 'rolled back'}, never promoted.`,
    `After a rollback it cools down for ${duration(plan.cooldown.firstMs)}, ${plan.cooldown.factor} times longer after each further one; ${counted(plan.maxAttempts, 'attempt')} at most.`,
    `If Belay goes away, instances return to the old path in ${duration(plan.leaseMs)}.`,
  ];
}

/** The configured policy in words, for the settings page. */
export function policySentences(policy: Policy): readonly string[] {
  const cooldown = policy.cooldown ?? profiles[policy.profile].cooldown;
  return [
    `Profile ${policy.profile}: ${profiles[policy.profile].sentence}`,
    'One change at a time per component.',
    `A harmless change is taken back by mistake in at most ${nameOfShare(policy.falseRollback)} of attempts.`,
    ...(policy.minimumSoakMs > 0
      ? [`No stage is shorter than ${duration(policy.minimumSoakMs)} in ${policy.environment}.`]
      : []),
    `After a rollback a change cools down for ${duration(cooldown.firstMs)}, then ${cooldown.factor} times longer; ${counted(policy.maxAttempts, 'attempt')} at most.`,
    policy.freeze.length === 0
      ? 'No freeze windows.'
      : `${counted(policy.freeze.length, 'freeze window')}: ${policy.freeze.map(({ name }) => name).join(', ')}.`,
  ];
}

/** A rise of failures that a plan is asked about, and how long its proof takes; Infinity within the guard's limit. */
export interface RiseProof {
  /** Times the failures of the old path, or the share of requests that fail then, 0..1. */
  readonly rise: { readonly fold: number } | { readonly rate: number };
  readonly seconds: number;
}

/** What a stage of a plan can prove with the traffic there is, one sentence for each rise. */
export function proofSentences(
  stage: PlanStage,
  proof: { readonly unitsPerMinute: number; readonly rises: readonly RiseProof[] },
): readonly string[] {
  const traffic = `At your ${units(proof.unitsPerMinute)} requests/min`;
  return proof.rises.map(({ rise, seconds }, index) => {
    const name = riseName(rise);
    const start = index === 0 ? `${traffic} ${name}` : upper(name);
    if (!Number.isFinite(seconds)) return `${start} lies within the limit, so it is let through.`;
    const time = `about ${duration(seconds * 1000)}`;
    return index === 0 ? `${start} is provable in ${time} at ${nameOfShare(stage.share)}.` : `${start} takes ${time}.`;
  });
}

/** Why a stage is too short for its proof, and how long it would have to be. */
export function shortStageSentence(stage: PlanStage, { rise, seconds }: RiseProof): string {
  const share = nameOfShare(stage.share);
  return `${share} lasts ${duration(stage.soakMs)}, but the proof of ${riseName(rise)} takes about ${duration(seconds * 1000)}; hold ${share} at least that long, or start larger.`;
}

function riseName(rise: RiseProof['rise']): string {
  if ('fold' in rise) return `a ${FOLDS[rise.fold] ?? `${rise.fold}-fold`} rise of failures`;
  return `a rise to ${nameOfShare(rise.rate)} of requests failing`;
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

const FOLDS: Readonly<Record<number, string>> = { 2: 'two-fold', 3: 'three-fold', 5: 'five-fold', 10: 'ten-fold' };
