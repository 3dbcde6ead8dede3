import { cusum, type CusumOptions } from '../statistics/cusum.ts';
import type { Baseline } from './fit-baseline.ts';

import { type HourValue, sparseResidual, type SlotValue } from './hour-value.ts';
import { levelOf, type Step, stepped } from './leave-one-week-out.ts';
import { readWindow, type WindowReading } from './minute-window.ts';
import { hourOfWeek, seasonAt, WEEK_HOURS } from './season.ts';
import { fromScale, shareOf, toleranceOn, toScale } from './signal-scale.ts';

/** A stretch of time in which a signal was not as usual. */
export interface Episode {
  readonly direction: 'up' | 'down';
  /** `drift`: a sum over hours; `jump`: medians of minutes. */
  readonly found: 'drift' | 'jump';
  /** When the deviation began as far as can be told, and when it was raised; Unix ms. */
  readonly startedAt: number;
  readonly raisedAt: number;
  /** Relative deviation when it was raised, e.g. 0.05. */
  readonly deviation: number;
}

/** What watching one signal remembers between values. Plain JSON. */
export interface WatchState {
  /** CUSUM sums, and the hours at which they left zero. */
  readonly up: number;
  readonly down: number;
  readonly upSince: number | null;
  readonly downSince: number | null;
  /** Newest hour folded. */
  readonly lastHour: number | null;
  /** Hours of the last two weeks that tell the level; those of an episode are left out. */
  readonly hours: readonly HourValue[];
  /** Values of the last hour. */
  readonly slots: readonly SlotValue[];
  readonly episode: Episode | null;
}

/** What a value is held against. */
export interface WatchOptions {
  readonly baseline: Baseline;
  /** Tolerated deviation as a share, e.g. 0.02. */
  readonly tolerance: number;
  readonly steps?: readonly Step[];
}

/** State after one more value, and what it changed. */
export interface WatchStep {
  readonly state: WatchState;
  readonly news: 'started' | 'ended' | null;
}

/** Before the first value. */
export function startWatch(): WatchState {
  return { up: 0, down: 0, upSince: null, downSince: null, lastHour: null, hours: [], slots: [], episode: null };
}

/**
 * Level around the season, on the scale: the median residual of seven days. Hours since a sum last left zero are not
 * among them: a deviation that is being added up must not become the usual before it is found.
 */
export function watchLevel(state: WatchState, { baseline, steps = [] }: WatchOptions): number {
  const until = (state.up >= state.down ? state.upSince : state.downSince) ?? Infinity;
  const settled = state.hours.filter(({ hour }) => hour < until);
  const end = Math.min(until, (settled.at(-1)?.hour ?? 0) + 1);
  const points = settled.flatMap(({ hour, value }) =>
    hour < end - WEEK_HOURS ? [] : [{ hour, position: stepped(toScale(baseline.scale, value), hour, steps) }],
  );
  return points.length < ENOUGH_HOURS ? baseline.level : (levelOf(points, baseline.season) ?? baseline.level);
}

/**
 * Folds the value of an hour: a two-sided CUSUM with dead band on its residual from season and level (statistics 4.2).
 * `isExcluded` hours (incidents, rollouts that were taken back) change nothing; hours without data are not passed.
 * Values at or before the last one are ignored, so that a replay does not count twice.
 */
export function watchHour(
  state: WatchState,
  value: HourValue,
  options: WatchOptions & { readonly isExcluded?: boolean },
): WatchStep {
  if (options.isExcluded === true || (state.lastHour !== null && value.hour <= state.lastHour)) {
    return { state, news: null };
  }
  const { baseline } = options;
  const usual = (baseline.season.slots[hourOfWeek(value.hour)] ?? 0) + watchLevel(state, options);
  const residual = toScale(baseline.scale, value.value) - usual;
  const sums = cusum(state, ...judged(value, { usual, residual }, options));
  const up = boundedSum(state, 'up', sums.up);
  const down = boundedSum(state, 'down', sums.down);
  const stepped: WatchState = {
    ...state,
    lastHour: value.hour,
    up,
    down,
    upSince: up === 0 ? null : (state.upSince ?? value.hour),
    downSince: down === 0 ? null : (state.downSince ?? value.hour),
    hours:
      state.episode === null
        ? [...state.hours.filter(({ hour }) => hour > value.hour - 2 * WEEK_HOURS), value]
        : state.hours,
  };
  const at = (value.hour + 1) * HOUR_MS;
  if (sums.alarm !== null && state.episode?.direction !== sums.alarm) return raise(stepped, { at, residual }, options);
  if (state.episode === null || !isCalm(stepped, { at, residual }, options)) return { state: stepped, news: null };
  return { state: calmed(stepped), news: 'ended' };
}

/** Folds a value of five minutes: medians of 15 minutes and of an hour find what is too large to wait for hours. */
export function watchSlot(state: WatchState, slot: SlotValue, options: WatchOptions): WatchStep {
  const last = state.slots.at(-1);
  if (last !== undefined && slot.at <= last.at) return { state, news: null };
  const slots = [...state.slots.filter(({ at }) => at > slot.at - HOUR_MS), slot];
  const next: WatchState = { ...state, slots };
  const at = slot.at + SLOT_MS;
  const { quarter, hour } = readMinutes(next, at, options);
  const { scale } = options.baseline;
  const found = [quarter, hour].find((reading) => reading !== null && reading.size > FAST_Z * FAST_FACTOR);
  if (found != null) {
    const direction = found.residual > 0 ? 'up' : 'down';
    if (state.episode?.direction === direction) return { state: next, news: null };
    const deviation = shareOf(scale, found.residual);
    return startEpisode(next, { direction, found: 'jump', startedAt: at - 3 * SLOT_MS, raisedAt: at, deviation });
  }
  const isOver = state.episode !== null && hour !== null && isCalm(next, { at, residual: hour.residual }, options);
  return isOver ? { state: calmed(next), news: 'ended' } : { state: next, news: null };
}

/** The state once somebody has said that the present is the new usual: no episode, and what it was about forgotten. */
export function acceptEpisode(state: WatchState): WatchState {
  return calmed(state);
}

/** Usual band of a moment (Unix ms) in the signal's unit; 19 of 20 values of five minutes lie in it. */
export function usualAt(
  baseline: Baseline,
  level: number,
  atMs: number,
): { readonly low: number; readonly expected: number; readonly high: number } {
  const centre = seasonAt(baseline.season, atMs) + level;
  const reach = NINETEEN_OF_TWENTY * baseline.slotSigma;
  const { scale } = baseline;
  return {
    low: fromScale(scale, centre - reach),
    expected: fromScale(scale, centre),
    high: fromScale(scale, centre + reach),
  };
}

/**
 * Smallest relative deviation that is found within a time: `tolerance + sigma (k + h/T)` with T in hours (statistics
 * 4.2). What is requested below that is tolerated noise, not a promise.
 */
export function resolvableDeviation(baseline: Baseline, tolerance: number, withinHours: number): number {
  const distance = toleranceOn(baseline.scale, tolerance) + baseline.sigma * (SLACK + LIMIT / withinHours);
  return shareOf(baseline.scale, distance);
}

/** Residual and noise of an hour as the CUSUM takes them; counts where few events are expected. */
function judged(
  value: HourValue,
  { usual, residual }: { readonly usual: number; readonly residual: number },
  { baseline, tolerance }: WatchOptions,
): [residual: number, options: CusumOptions] {
  const { scale, counting, eventsPerUnit, dispersion, sigma } = baseline;
  const sparse = sparseResidual(value, { value: fromScale(scale, usual), eventsPerUnit }, counting);
  if (sparse === null)
    return [residual, { sigma, tolerance: toleranceOn(scale, tolerance), slack: SLACK, limit: LIMIT }];
  const noise = { sigma: dispersion * SPARSE_SIGMA, slack: SPARSE_SLACK, limit: LIMIT };
  return [sparse.residual, { ...noise, tolerance: tolerance * sparse.root }];
}

/** A sum as it is kept: a long deviation stops counting, and a single odd hour does not end an episode. */
function boundedSum(state: WatchState, direction: 'up' | 'down', sum: number): number {
  const least = state.episode?.direction === direction ? state[direction] - MOST_FALL : 0;
  return Math.min(CAP, Math.max(sum, least));
}

interface Moment {
  readonly at: number;
  readonly residual: number;
}

function raise(state: WatchState, { at, residual }: Moment, { baseline }: WatchOptions): WatchStep {
  const direction = state.up >= state.down ? 'up' : 'down';
  const since = direction === 'up' ? state.upSince : state.downSince;
  return startEpisode(state, {
    direction,
    found: 'drift',
    startedAt: (since ?? at / HOUR_MS - 1) * HOUR_MS,
    raisedAt: at,
    deviation: shareOf(baseline.scale, residual),
  });
}

/** The hours since the deviation began tell nothing about what is usual. */
function startEpisode(state: WatchState, episode: Episode): WatchStep {
  const hours = state.hours.filter(({ hour }) => (hour + 1) * HOUR_MS <= episode.startedAt);
  return { state: { ...state, episode, hours: hours.length < ENOUGH_HOURS ? state.hours : hours }, news: 'started' };
}

function calmed(state: WatchState): WatchState {
  return { ...state, episode: null, up: 0, down: 0, upSince: null, downSince: null };
}

/** An hour after it was raised at the earliest, when the sum has gone half-way back and the last hour is within noise. */
function isCalm(state: WatchState, { at, residual }: Moment, { baseline, tolerance }: WatchOptions): boolean {
  const { episode } = state;
  if (episode === null || at < episode.raisedAt + HOUR_MS) return false;
  const isUp = episode.direction === 'up';
  if ((isUp ? state.up : state.down) > LIMIT / 2) return false;
  const near = toleranceOn(baseline.scale, tolerance) + 2 * baseline.hourSigma;
  return (isUp ? residual : -residual) <= near;
}

/** The last quarter of an hour and the last hour; null without two thirds of their values. */
function readMinutes(
  state: WatchState,
  at: number,
  options: WatchOptions,
): { readonly quarter: WindowReading | null; readonly hour: WindowReading | null } {
  const { baseline, tolerance } = options;
  const level = watchLevel(state, options);
  const read = (since: number, least: number, sigma: number): WindowReading | null => {
    const slots = state.slots.filter((slot) => slot.at >= since);
    if (slots.length < least) return null;
    const usual = slots.map((slot) => seasonAt(baseline.season, slot.at + SLOT_MS / 2) + level);
    return readWindow({ slots, usual, sigma }, baseline, tolerance);
  };
  return { quarter: read(at - 3 * SLOT_MS, 2, baseline.quarterSigma), hour: read(at - HOUR_MS, 8, baseline.hourSigma) };
}

const HOUR_MS = 3_600_000;
const SLOT_MS = 300_000;
/** Slack and limit of the CUSUM in sigmas (statistics 4.2), and the sum at which a long deviation stops counting. */
const SLACK = 0.25;
const LIMIT = 5;
const CAP = LIMIT + 1;
/** A sum falls by at most this much an hour while an episode is open, so that it takes three hours to end one. */
const MOST_FALL = LIMIT / 4;
/**
 * Counts have no memory to widen their sigma, so slack 1/2 and limit 8 of their own noise, here as parts of the same limit:
 * a run length of some 40,000 hours to each side (Siegmund's approximation).
 */
const SPARSE_SIGMA = 8 / LIMIT;
const SPARSE_SLACK = 0.5 / SPARSE_SIGMA;
/** A level needs a day. */
const ENOUGH_HOURS = 24;
/** Two-sided normal quantile at which two horizons, looked at every five minutes, err .25 times in 28 days, and its safety factor. */
const FAST_Z = 4.32;
const FAST_FACTOR = 1.3;
const NINETEEN_OF_TWENTY = 1.96;
