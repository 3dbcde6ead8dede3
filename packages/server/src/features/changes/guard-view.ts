import { guardWords, type GuardWords, type PlanGuard } from '@belay/core/rollout';
import {
  timeToProof,
  waldBound,
  type EngineConfig,
  type EngineReading,
  type GuardReading,
} from '@belay/core/statistics';
import type { GuardView } from '@belay/protocol';
import type { RolloutRecord } from './rollout-record.ts';

/** All guards of a rollout, with the words for them. */
export interface GuardsShown {
  readonly views: readonly GuardView[];
  readonly words: ReadonlyMap<string, GuardWords>;
  /** Longest time until a guard that cannot tell yet will. */
  readonly etaMs: number | null;
}

/** Shows every guard of the plan, also those without a reading yet. */
export function showGuards(record: RolloutRecord, reading: EngineReading | null, share: number): GuardsShown {
  const words = new Map<string, GuardWords>();
  const views = record.state.plan.guards.map((guard) => {
    const known = reading?.guards.find(({ id }) => id === guard.id);
    if (known === undefined || reading === null || record.engine === null) return emptyView(guard);
    const pace = paceOf(record, reading);
    const { etaMs, neverDecides } = etaOf({ config: record.engine.config, guard: known, share, pace });
    const said = guardWords(guard, known, {
      engine: reading,
      plannedShare: share,
      neededUnits: NEEDED,
      etaMs,
      neverDecides,
    });
    words.set(guard.id, said);
    const isOpen = said.verdict === 'cant-tell';
    return viewOf(guard, known, said, isOpen ? { etaMs, neverDecides } : { etaMs: null, neverDecides: false });
  });
  const waits = views.flatMap(({ etaMs, verdict }) => (verdict === 'cant-tell' && etaMs !== null ? [etaMs] : []));
  return { views, words, etaMs: waits.length === 0 ? null : Math.max(...waits) };
}

interface Eta {
  readonly etaMs: number | null;
  readonly neverDecides: boolean;
}

/** Units per second of both sides since the first block of the attempt. */
function paceOf({ engine }: RolloutRecord, reading: EngineReading): number {
  const seconds = (reading.lastSecond ?? 0) - (engine?.fromSecond ?? 0);
  return seconds > 0 ? (reading.seen.canary + reading.seen.control) / seconds : 0;
}

function etaOf({
  config,
  guard,
  share,
  pace,
}: {
  readonly config: EngineConfig;
  readonly guard: GuardReading;
  readonly share: number;
  readonly pace: number;
}): Eta {
  const planned = config.guards.find(({ id }) => id === guard.id);
  if (planned?.kind !== 'errors' && planned?.kind !== 'slow') return { etaMs: null, neverDecides: false };
  if (pace <= 0 || share <= 0 || share >= 1 || guard.controlLevel === null) return { etaMs: null, neverDecides: false };
  const margin = planned.margins[config.stages.findIndex((stage) => stage.share === share)] ?? planned.tolerance;
  const { safeCanaryUnits } = timeToProof({
    ratePerSecond: pace,
    share,
    baselineRate: Math.max(1e-4, guard.controlLevel),
    harmfulRates: [],
    tolerance: planned.tolerance,
    margin,
    alphaSafe: config.alphaSafe,
  });
  if (!Number.isFinite(safeCanaryUnits)) return { etaMs: null, neverDecides: true };
  // What has been shown so far counts: evidence grows in proportion to units.
  const done = Math.min(0.95, Math.log(Math.max(1, guard.safeE)) / Math.log(1 / config.alphaSafe));
  const seconds = (safeCanaryUnits * (1 - done)) / (pace * share);
  return { etaMs: Math.round(seconds) * 1000, neverDecides: seconds > NEVER_SECONDS };
}

function viewOf(guard: PlanGuard, reading: GuardReading, words: GuardWords, { etaMs, neverDecides }: Eta): GuardView {
  return {
    id: guard.id,
    kind: kindOf(guard),
    title: guard.title,
    sentence: words.sentence,
    verdict: words.verdict,
    word: words.word,
    unit: words.unit,
    interval: words.interval,
    limit: words.limit,
    scaled: words.scaled,
    progress: reading.canary.n < NEEDED ? { have: reading.canary.n, need: NEEDED } : null,
    etaMs,
    neverDecides,
    canary: { n: reading.canary.n, bad: Math.round(reading.canary.bad), mean: reading.canaryLevel },
    control: { n: reading.control.n, bad: Math.round(reading.control.bad), mean: reading.controlLevel },
    harmE: reading.harmE,
    safeE: reading.safeE,
  };
}

function emptyView(guard: PlanGuard): GuardView {
  const side = { n: 0, bad: 0, mean: null };
  return {
    id: guard.id,
    kind: kindOf(guard),
    title: guard.title,
    sentence: 'Nothing measured yet.',
    verdict: 'no-data',
    word: 'No data yet',
    unit:
      guard.options.kind === 'latency'
        ? 'ms'
        : guard.options.kind === 'value' || guard.options.kind === 'count'
          ? 'percent'
          : 'points',
    interval: null,
    limit: 0,
    scaled: null,
    progress: { have: 0, need: NEEDED },
    etaMs: null,
    neverDecides: false,
    canary: side,
    control: side,
    harmE: 1,
    safeE: 1,
  };
}

/** Units a perfect test with the same error guarantee would have needed, where the canary's failures were worse. */
export function boundOf(config: EngineConfig, guard: GuardReading): number | null {
  const planned = config.guards.find(({ id }) => id === guard.id);
  if (planned?.kind !== 'errors' && planned?.kind !== 'slow') return null;
  const { canaryLevel: canary, controlLevel: control } = guard;
  if (canary === null || control === null || control <= 0 || canary >= 1 || guard.canary.n === 0) return null;
  const bound = waldBound({
    alpha: config.alpha,
    control,
    canary,
    controlPerCanary: guard.control.n / guard.canary.n,
    tolerance: planned.tolerance,
  });
  return Number.isFinite(bound) ? bound : null;
}

function kindOf({ options }: PlanGuard): GuardView['kind'] {
  return options.kind === 'slow' ? 'latency' : options.kind;
}

/** Canary units before any guard may act. */
const NEEDED = 20;
const NEVER_SECONDS = 30 * 86_400;
