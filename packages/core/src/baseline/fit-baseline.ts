import { countingNoise, type CountingKind, type HourValue } from './hour-value.ts';
import { type History, learnSeason, MOST_WEEKS, slotResiduals, type SlotResidual } from './leave-one-week-out.ts';
import { longRunDeviation } from './noise.ts';
import { median, robustDeviation } from './robust.ts';
import { type Season, WEEK_HOURS } from './season.ts';
import type { SignalScale } from './signal-scale.ts';

/** What is usual for a signal, and how far it strays. Plain JSON. */
export interface Baseline {
  readonly scale: SignalScale;
  readonly counting: CountingKind;
  readonly season: Season;
  /** Level of the last seven days at the time of the fit, on the scale. */
  readonly level: number;
  /** Long-run standard deviation of an hour, for sums of hours. */
  readonly sigma: number;
  /** Standard deviations of the median of 15 minutes and of an hour, and of five minutes, around the usual. */
  readonly quarterSigma: number;
  readonly hourSigma: number;
  readonly slotSigma: number;
  /** How much noisier hours are than counting alone makes them, at least 1. */
  readonly dispersion: number;
  /** Events of an hour per unit of the value, of rates; 0 when unknown. */
  readonly eventsPerUnit: number;
  /** Hours that were learnt from, and how long ago the first of them was, in weeks (at most eight). */
  readonly hours: number;
  readonly weeks: number;
  /** Hours since the epoch at which it was fitted; nothing from then on was learnt from. */
  readonly fittedAt: number;
}

/** Weeks before which nothing raises an alarm: less history has missed the noise of whole days. */
export const LEAST_WEEKS = 2;

/** Learns what is usual (statistics 4.1); null without any hour. The same history in another order gives the same. */
export function fitBaseline(history: History): Baseline | null {
  const { through, counting } = history;
  const learnt = learnSeason(history);
  if (learnt === null) return null;
  const { scale, season, level, firstHour, points, residuals } = learnt;
  const known = history.hours.filter(({ hour }) => hour >= firstHour && hour < through);
  const counted = median(known.map((hour) => countingNoise(hour, counting)));
  const least = Math.max(LEAST_SIGMA, counted);
  const slots = slotResiduals(history, learnt).filter(({ at }) => at < through * HOUR_MS);
  const sigma = Math.max(least, longRunDeviation(residuals));
  return {
    scale,
    counting,
    season,
    level,
    sigma,
    dispersion: counted > 0 ? Math.max(1, sigma / counted) : 1,
    ...minuteNoise(slots, { hourly: robustDeviation(residuals.map(({ position }) => position)), least }),
    eventsPerUnit: eventsPerUnit(known),
    hours: points.length,
    weeks: Math.min(MOST_WEEKS, (through - firstHour) / WEEK_HOURS),
    fittedAt: through,
  };
}

function eventsPerUnit(hours: readonly HourValue[]): number {
  const known = hours.flatMap(({ value, count }) => (count !== null && count > 0 && value > 0 ? [count / value] : []));
  return known.length === 0 ? 0 : median(known);
}

/** Noise of the medians of 3 and 12 slots; without slots that of hours stands for all. */
function minuteNoise(
  slots: readonly SlotResidual[],
  { hourly, least }: { readonly hourly: number; readonly least: number },
): Pick<Baseline, 'quarterSigma' | 'hourSigma' | 'slotSigma'> {
  const ofMedians = (length: number): number => robustDeviation(mediansOf(slots, length));
  const hourSigma = Math.max(least, hourly, ofMedians(12));
  // Counting noise of a quarter of the events is twice as large.
  const quarterSigma = Math.max(hourSigma, 2 * least, ofMedians(3));
  return {
    hourSigma,
    quarterSigma,
    slotSigma: Math.max(quarterSigma, robustDeviation(slots.map(({ residual }) => residual))),
  };
}

/** Medians of every run of `length` slots that follow each other, one run after the other. */
function mediansOf(slots: readonly SlotResidual[], length: number): number[] {
  const medians: number[] = [];
  for (let start = 0; start + length <= slots.length; start += length) {
    const first = slots[start]?.at ?? 0;
    const last = slots[start + length - 1]?.at ?? 0;
    if (last - first !== (length - 1) * SLOT_MS) continue;
    medians.push(median(slots.slice(start, start + length).map(({ residual }) => residual)));
  }
  return medians;
}

const HOUR_MS = 3_600_000;
const SLOT_MS = 300_000;
/** Nothing that people run is steadier than half a percent from hour to hour. */
const LEAST_SIGMA = 0.005;
