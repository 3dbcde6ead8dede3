import {
  type Freeze,
  type GuardWords,
  guardWords,
  type PlanGuard,
  type RolloutFacts,
  verdictBanner,
  verdictSentence,
  type Banner,
} from '@belay/core/rollout';
import { type EngineReading, type GuardReading, type Harm, extraFailures, readEngine } from '@belay/core/statistics';
import type { RolloutRecord } from './rollout-record.ts';

/** Canary units that a guard needs before it is judged at all. */
const NEEDED_UNITS = 20;

/** What a view depends on besides the record. */
export interface ReadingContext {
  readonly now: number;
  readonly freeze: Freeze | null;
  readonly undoneAt: number | null;
  readonly clockTime: RolloutFacts['clockTime'];
}

/** Everything that is known of a rollout, in numbers and in words. */
export interface RolloutReading {
  readonly engine: EngineReading | null;
  readonly words: ReadonlyMap<string, GuardWords>;
  readonly etas: ReadonlyMap<string, number | null>;
  readonly facts: RolloutFacts;
  readonly banner: Banner;
  readonly sentence: string;
  readonly harm: Harm | null;
}

/** Reads the evidence of a rollout once; every surface is written from the result. */
export function readRollout(record: RolloutRecord, context: ReadingContext): RolloutReading {
  const { state, engine: kept } = record;
  const engine = kept === null || kept.state.lastSecond === null ? null : readEngine(kept.config, kept.state);
  const etas = new Map<string, number | null>();
  const words = new Map<string, GuardWords>();
  for (const guard of state.plan.guards) {
    const reading = engine?.guards.find(({ id }) => id === guard.id);
    if (reading === undefined || engine === null) continue;
    const etaMs = etaOf(record, reading);
    etas.set(guard.id, etaMs);
    words.set(guard.id, wordsOf(record, { guard, reading, engine, etaMs }));
  }
  const known = [...etas.values()].filter((eta): eta is number => eta !== null && Number.isFinite(eta));
  const facts: RolloutFacts = {
    now: context.now,
    reading: engine,
    guards: words,
    etaMs: known.length === 0 ? null : Math.max(...known),
    frozen: context.freeze,
    undoneAt: context.undoneAt,
    clockTime: context.clockTime,
  };
  const banner = verdictBanner(state, facts);
  const errors = engine?.guards.find(({ kind }) => kind === 'errors');
  const harm = errors === undefined ? null : extraFailures(errors);
  return { engine, words, etas, facts, banner, sentence: verdictSentence(banner), harm };
}

interface GuardNow {
  readonly guard: PlanGuard;
  readonly reading: GuardReading;
  readonly engine: EngineReading;
  readonly etaMs: number | null;
}

function wordsOf({ state }: RolloutRecord, { guard, reading, engine, etaMs }: GuardNow): GuardWords {
  return guardWords(guard, reading, {
    engine,
    plannedShare: state.plan.stages[state.stage]?.share ?? 0,
    neededUnits: NEEDED_UNITS,
    etaMs: etaMs !== null && Number.isFinite(etaMs) ? etaMs : null,
    neverDecides: etaMs === Number.POSITIVE_INFINITY,
  });
}

/**
 * How long an undecided guard will need at present traffic. The log of the safe e-value grows in proportion to the
 * units compared, so the rest follows from the pace so far; null before there is a pace.
 */
function etaOf({ state, engine }: RolloutRecord, reading: GuardReading): number | null {
  const stage = state.stages.at(-1);
  if (reading.verdict !== 'undecided' || stage === undefined || engine === null) return null;
  const gained = Math.log(Math.max(reading.safeE, 1e-300));
  const wanted = Math.log(1 / engine.config.alphaSafe);
  if (gained <= 0.1 || stage.guardedMs < 5000) return null;
  return Math.round(((wanted - gained) / gained) * stage.guardedMs);
}
