import type { EngineReading, GuardReading } from '../../statistics/engine-types.ts';
import type { PlanGuard } from '../types.ts';
import { duration, limitText, magnitude, quantity, units, type WordUnit } from './numbers.ts';

/** Verdict of a guard as screens know it. */
export type ShownVerdict = 'better' | 'not-worse' | 'cant-tell' | 'worse' | 'no-data' | 'cant-trust';

/** New path minus old path in `unit`. */
export interface ShownInterval {
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
}

/** Everything that is said about one guard. */
export interface GuardWords {
  readonly verdict: ShownVerdict;
  /** `Not worse`, `Worse` ... */
  readonly word: string;
  readonly sentence: string;
  readonly unit: WordUnit;
  /** The most it may be worse in `unit`, >= 0. */
  readonly limit: number;
  readonly interval: ShownInterval | null;
  /** The interval where 0 is "same", 1 is the limit, and right is always worse. */
  readonly scaled: ShownInterval | null;
  /** Harm that would matter at this stage is ruled out, whatever can be told beyond that. */
  readonly isSafe: boolean;
}

/** What the words depend on besides the guard itself. */
export interface GuardContext {
  readonly engine: EngineReading;
  readonly plannedShare: number;
  /** Canary units before a guard is judged at all. */
  readonly neededUnits: number;
  /** How long "can't tell yet" will last; null when unknown. */
  readonly etaMs: number | null;
  readonly neverDecides: boolean;
}

/** Words of each verdict; the same on every surface. */
export const verdictWords: Readonly<Record<ShownVerdict, string>> = {
  better: 'Better',
  'not-worse': 'Not worse',
  'cant-tell': "Can't tell yet",
  worse: 'Worse',
  'no-data': 'No data yet',
  'cant-trust': "Can't trust this",
};

/** What is known about one guard, in the words of the screen. */
export function guardWords(guard: PlanGuard, reading: GuardReading, context: GuardContext): GuardWords {
  const unit = unitOf(reading);
  const interval = intervalOf(reading, unit);
  const limit = Math.abs((reading.kind === 'ceiling' ? reading.controlLevel : reading.tolerance) ?? 0) * factorOf(unit);
  const verdict = shownVerdict(guard, reading, { interval, limit, engine: context.engine });
  return {
    verdict,
    word: verdictWords[verdict],
    unit,
    limit,
    interval,
    scaled: interval === null ? null : scaled(interval, limit, guard.worseSign),
    isSafe: verdict !== 'cant-trust' && reading.verdict === 'safe',
    sentence: sentenceOf({ guard, reading, context, unit, interval, limit, verdict }),
  };
}

/** `1.1 to 6.8 points` of a proven harm, `about 4.0 points` where the band does not exclude zero. */
export function harmRange(interval: ShownInterval, unit: WordUnit, worseSign: 1 | -1): string {
  const [near, far] = worseSign === 1 ? [interval.low, interval.high] : [-interval.high, -interval.low];
  return near > 0 ? range(near, far, unit) : `about ${quantity(interval.estimate, unit)}`;
}

interface Told {
  readonly guard: PlanGuard;
  readonly reading: GuardReading;
  readonly context: GuardContext;
  readonly unit: WordUnit;
  readonly interval: ShownInterval | null;
  readonly limit: number;
  readonly verdict: ShownVerdict;
}

function sentenceOf(told: Told): string {
  const { reading, context, verdict, interval, unit, limit } = told;
  if (reading.kind === 'ceiling') return ceilingSentence(told);
  if (verdict === 'cant-trust') return splitSentence(context.engine, context.plannedShare);
  if (verdict === 'worse' && interval === null) return `Past your limit of ${limitText(limit, unit)}.`;
  if (verdict === 'no-data' || interval === null) return noDataSentence(told);
  const { low, high, up, down } = directed(told, interval);
  const bound = `Your limit is ${limitText(limit, unit)}.`;
  switch (verdict) {
    case 'better':
      return `${range(-high, -low, unit)} ${down}.`;
    case 'not-worse':
      return `At most ${quantity(Math.max(0, high), unit)} ${up}. ${bound}`;
    case 'worse':
      return low > 0
        ? `${range(low, high, unit)} ${up}. ${bound}`
        : `About ${quantity(interval.estimate, unit)} ${up}. ${bound}`;
    case 'cant-tell':
      return `${undecided({ low, high, up, down, unit })} Limit ${limitText(limit, unit)}.${reading.verdict === 'safe' ? ' Harm that matters at this share is ruled out.' : wait(context)}`;
  }
}

/** Bounds turned so that positive is worse, with the words for both directions. */
function directed(
  { guard, unit }: Told,
  { low, high }: ShownInterval,
): { readonly low: number; readonly high: number; readonly up: string; readonly down: string } {
  const words = directionWords(guard, unit);
  return guard.worseSign === 1
    ? { low, high, up: words.more, down: words.less }
    : { low: -high, high: -low, up: words.less, down: words.more };
}

function directionWords(guard: PlanGuard, unit: WordUnit): { readonly more: string; readonly less: string } {
  if (unit === 'ms') return { more: 'slower', less: 'faster' };
  if (unit === 'percent' && /cost|price|spend/i.test(guard.signal)) return { more: 'dearer', less: 'cheaper' };
  return { more: 'higher', less: 'lower' };
}

interface Undecided {
  readonly low: number;
  readonly high: number;
  readonly up: string;
  readonly down: string;
  readonly unit: WordUnit;
}

function undecided({ low, high, up, down, unit }: Undecided): string {
  if (low >= 0) return `Between ${quantity(low, unit)} and ${quantity(high, unit)} ${up}.`;
  if (high <= 0) return `Between ${quantity(-high, unit)} and ${quantity(-low, unit)} ${down}.`;
  return `Between ${quantity(low, unit)} ${down} and ${quantity(high, unit)} ${up}.`;
}

function wait({ etaMs, neverDecides }: GuardContext): string {
  if (neverDecides) return ' This traffic will not tell.';
  return etaMs === null ? '' : ` About ${duration(etaMs)} more.`;
}

function noDataSentence({ guard, reading, context }: Told): string {
  const what = guard.options.kind === 'value' || guard.options.kind === 'count' ? 'measurements' : 'requests';
  const have = reading.canary.n;
  const learns = reading.kind === 'latency' || reading.kind === 'slow';
  if (have === 0 && learns && context.engine.seen.control > 0) return 'Still learning what is usual on the old path.';
  if (have < context.neededUnits) {
    return `${units(have)} of ${units(context.neededUnits)} ${what} needed before judging.`;
  }
  return `Too few ${what} to compare yet.`;
}

function ceilingSentence({ reading, limit, verdict }: Told): string {
  if (reading.canary.n === 0) return 'No requests yet.';
  const level = (reading.canary.bad / reading.canary.n) * 100;
  const bound = ` The ceiling is ${limitText(limit, 'points')}%.`;
  return `${magnitude(level, 'points')}% of requests fail${verdict === 'worse' ? ', above the ceiling' : ''}.${bound}`;
}

function splitSentence({ srm }: EngineReading, plannedShare: number): string {
  const total = srm.canary + srm.control;
  const seen = total === 0 ? 0 : srm.canary / total;
  const expected = total === 0 ? plannedShare : srm.expectedCanary / total;
  return `Split is ${percent(seen)}, should be ${percent(expected)}. Held until it is explained.`;
}

function shownVerdict(
  guard: PlanGuard,
  reading: GuardReading,
  {
    interval,
    limit,
    engine,
  }: { readonly interval: ShownInterval | null; readonly limit: number; readonly engine: EngineReading },
): ShownVerdict {
  if (reading.verdict === 'harmful') return 'worse';
  if (engine.srmBroken) return 'cant-trust';
  if (reading.verdict === 'no-data') return 'no-data';
  if (reading.kind === 'ceiling') return reading.verdict === 'safe' ? 'not-worse' : 'cant-tell';
  if (interval === null) return 'no-data';
  const worst = guard.worseSign === 1 ? interval.high : -interval.low;
  if (worst < 0) return 'better';
  // Safe at the stage's margin, which may be wider than the limit, is not yet "not worse".
  return worst <= limit ? 'not-worse' : 'cant-tell';
}

function intervalOf(reading: GuardReading, unit: WordUnit): ShownInterval | null {
  const { interval, estimate } = reading;
  if (interval === null || estimate === null || interval.low === null || interval.high === null) return null;
  const factor = factorOf(unit);
  return { low: interval.low * factor, high: interval.high * factor, estimate: estimate * factor };
}

function scaled({ low, high, estimate }: ShownInterval, limit: number, worseSign: 1 | -1): ShownInterval {
  // Without a tolerance the whole band counts as one limit wide, so that the picture stays readable.
  const unitLength = limit > 0 ? limit : Math.max(Math.abs(low), Math.abs(high), 1e-9);
  const at = (value: number): number => (worseSign * value) / unitLength;
  return { low: Math.min(at(low), at(high)), high: Math.max(at(low), at(high)), estimate: at(estimate) };
}

function unitOf({ unit }: GuardReading): WordUnit {
  return unit === 'points' ? 'points' : unit === 'milliseconds' ? 'ms' : 'percent';
}

function factorOf(unit: WordUnit): number {
  return unit === 'ms' ? 1 : 100;
}

function range(low: number, high: number, unit: WordUnit): string {
  if (unit === 'percent') return `${magnitude(low, unit)}% to ${magnitude(high, unit)}%`;
  return `${magnitude(low, unit)} to ${magnitude(high, unit)} ${unit}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))}%`;
}
