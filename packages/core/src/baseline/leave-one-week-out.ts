import { countingNoise, type CountingKind, type HourValue, type SlotValue } from './hour-value.ts';
import { median } from './robust.ts';
import { fitSeason, hourOfWeek, type HourPoint, type Season, seasonAt, seasonKindFor, WEEK_HOURS } from './season.ts';
import { chooseScale, type SignalScale, toScale } from './signal-scale.ts';

/** A step that somebody accepted as the new usual: positions before `hour` are moved by `by`. */
export interface Step {
  readonly hour: number;
  readonly by: number;
}

/** What a baseline is learnt from. */
export interface History {
  /** Values of hours without those of incidents; any order, one an hour. */
  readonly hours: readonly HourValue[];
  /** Values of five minutes of the same time; they tell the noise of minutes. May be empty. */
  readonly slots: readonly SlotValue[];
  /** Hour (since the epoch) before which everything is learnt from. */
  readonly through: number;
  readonly counting: CountingKind;
  readonly steps?: readonly Step[];
}

/** A residual of five minutes: the distance of a value from its usual, on the signal's scale. */
export interface SlotResidual {
  /** Start of the slot, Unix ms. */
  readonly at: number;
  readonly residual: number;
}

/** A history as a season, and as each week is seen by the others. */
export interface Learnt {
  readonly scale: SignalScale;
  readonly points: readonly HourPoint[];
  readonly season: Season;
  /** Level of the last seven days. */
  readonly level: number;
  readonly firstHour: number;
  /** Hourly residuals, each from a season that its own week had no part in. */
  readonly residuals: readonly HourPoint[];
  readonly folds: Folds;
}

/** The season and level of each week (day, before there are weeks) as the others tell it. */
interface Folds {
  readonly foldOf: (hour: number) => number;
  readonly byFold: ReadonlyMap<number, { readonly season: Season; readonly level: number }>;
}

/** Weeks that a baseline learns from: longer ago is another service. */
export const MOST_WEEKS = 8;

/** Learns the season of the last eight weeks, and the residuals of each week around the others; null without hours. */
export function learnSeason(history: History): Learnt | null {
  const { through, steps = [] } = history;
  const hours = history.hours
    .filter(({ hour }) => hour >= through - MOST_WEEKS * WEEK_HOURS && hour < through)
    .toSorted((a, b) => a.hour - b.hour);
  const [first] = hours;
  if (first === undefined) return null;
  const scale = scaleOf(hours, history.counting);
  const points = hours.map(({ hour, value }) => ({ hour, position: stepped(toScale(scale, value), hour, steps) }));
  const kind = seasonFor(hours, through - first.hour, history.counting);
  const season = fitCentred(points, kind, through);
  const folds = foldsOf(points, kind, through);
  const recent = points.filter(({ hour }) => hour >= through - WEEK_HOURS);
  return {
    scale,
    points,
    season,
    level: levelOf(recent.length === 0 ? points : recent, season) ?? 0,
    firstHour: first.hour,
    residuals: points.map(({ hour, position }) => {
      const fold = folds.byFold.get(folds.foldOf(hour));
      return {
        hour,
        position: fold === undefined ? 0 : position - (fold.season.slots[hourOfWeek(hour)] ?? 0) - fold.level,
      };
    }),
    folds,
  };
}

/**
 * Residuals of five-minute values, oldest first: those of the history leave their own week out, because a season that
 * has seen a week flatters it; later ones are told by the whole season. Slots before the history are left out.
 */
export function slotResiduals({ slots, through, steps = [] }: History, learnt: Learnt): SlotResidual[] {
  const { scale, folds, season, level, firstHour } = learnt;
  const residuals: SlotResidual[] = [];
  for (const { at, value } of slots) {
    const hour = Math.floor(at / HOUR_MS);
    const around = hour >= through ? { season, level } : folds.byFold.get(folds.foldOf(hour));
    if (hour < firstHour || around === undefined) continue;
    const usual = seasonAt(around.season, at + SLOT_MS / 2) + around.level;
    residuals.push({ at, residual: stepped(toScale(scale, value), hour, steps) - usual });
  }
  return residuals.sort((a, b) => a.at - b.at);
}

/** Level of some hours around a season: the median of their residuals; null without hours. */
export function levelOf(points: readonly HourPoint[], season: Season): number | null {
  if (points.length === 0) return null;
  return median(points.map(({ hour, position }) => position - (season.slots[hourOfWeek(hour)] ?? 0)));
}

/** A position with the accepted steps that came after it. */
export function stepped(position: number, hour: number, steps: readonly Step[]): number {
  let sum = position;
  for (const step of steps) if (hour < step.hour) sum += step.by;
  return sum;
}

/** Hours of the week with a few events each say less than hours of the day together. */
function seasonFor(hours: readonly HourValue[], spanHours: number, counting: CountingKind): Season['kind'] {
  const kind = seasonKindFor(spanHours);
  const noise = median(hours.map((hour) => countingNoise(hour, counting)));
  return kind === 'hour-of-week' && noise > SPARSE_NOISE ? 'hour-of-day' : kind;
}

function scaleOf(hours: readonly HourValue[], counting: CountingKind): SignalScale {
  const counts = hours.flatMap(({ count }) => (count === null ? [] : [count]));
  const values = hours.map(({ value }) => value);
  return chooseScale({
    isRatio: counting === 'ratio',
    values,
    typicalCount: counts.length === 0 ? null : median(counts),
  });
}

/** Weeks of their own level are brought to a common one first, so that growth is not taken for noise. */
function fitCentred(points: readonly HourPoint[], kind: Season['kind'], through: number): Season {
  const rough = fitSeason(points, kind);
  if (kind !== 'hour-of-week') return rough;
  const centred: HourPoint[] = [];
  for (const own of Map.groupBy(points, ({ hour }) => weekOf(hour, through)).values()) {
    const level = levelOf(own, rough) ?? 0;
    for (const { hour, position } of own) centred.push({ hour, position: position - level });
  }
  return fitSeason(centred, kind);
}

function foldsOf(points: readonly HourPoint[], kind: Season['kind'], through: number): Folds {
  const foldOf = (hour: number): number =>
    kind === 'hour-of-week' ? weekOf(hour, through) : Math.floor((through - 1 - hour) / 24);
  const byFold = new Map<number, { season: Season; level: number }>();
  for (const [fold, own] of Map.groupBy(points, ({ hour }) => foldOf(hour))) {
    const others = points.filter(({ hour }) => foldOf(hour) !== fold);
    const season = fitCentred(others, kind, through);
    byFold.set(fold, { season, level: levelOf(own, season) ?? 0 });
  }
  return { foldOf, byFold };
}

/** Weeks back from the fit, 0 = the last seven days. */
function weekOf(hour: number, through: number): number {
  return Math.floor((through - 1 - hour) / WEEK_HOURS);
}

/** Under 25 events an hour. */
const SPARSE_NOISE = 0.2;
const HOUR_MS = 3_600_000;
const SLOT_MS = 300_000;
