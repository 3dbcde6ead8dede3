import { placeboP } from '../statistics/placebo-p.ts';
import type { SlotResidual } from './leave-one-week-out.ts';
import { median, robustDeviation } from './robust.ts';

/** The change that is tested, and what counts as harm. */
export interface PlaceboOptions {
  /** When the change took place, Unix ms. */
  readonly changedAt: number;
  /** Time of the newest complete slot's end, Unix ms: horizons that reach further are not told yet. */
  readonly now: number;
  /** Tolerated change on the scale, e.g. ln 1.02. */
  readonly tolerance: number;
  /** Which way hurts; `both` where either does. */
  readonly harmful: 'up' | 'down' | 'both';
}

/** What a change did, held against moments at which nothing was changed. */
export interface PlaceboResult {
  /** Share of placebos that look at least like this; null when there is not enough history or nothing to compare. */
  readonly p: number | null;
  readonly placebos: number;
  /** Longest horizon that is complete, minutes; 0 before the first. */
  readonly minutes: number;
  /** Distance from the hour before at the horizon where it is largest against its noise; null without data. */
  readonly distance: number | null;
  /** That horizon, minutes. */
  readonly at: number | null;
}

/** Horizons after a change, in minutes. */
export const PLACEBO_HORIZONS = [5, 10, 15, 30, 60] as const;
/** Placebos below which nothing is said: a week of half hours. */
export const LEAST_PLACEBOS = 330;

/**
 * Before/after test at a known time (statistics 4.3): D_h is the median residual of the h minutes after the change minus
 * that of the hour before, s_h its spread over past moments every half hour, M the largest (D_h - tolerance)/s_h, and p
 * the share of those moments with an M as large. Only slots that lie wholly before or after the change count; past
 * moments are told by the same horizons. `history` holds residuals without incidents, any order, before and after.
 */
export function placeboTest(history: readonly SlotResidual[], options: PlaceboOptions): PlaceboResult {
  const bySlot = new Map(history.map(({ at, residual }) => [Math.floor(at / SLOT_MS), residual]));
  const before = Math.floor(options.changedAt / SLOT_MS);
  const after = Math.ceil(options.changedAt / SLOT_MS);
  const complete = PLACEBO_HORIZONS.filter((minutes) => (after + minutes / 5) * SLOT_MS <= options.now);
  const seen = differencesAt(bySlot, { before, after }, complete);
  const horizons = complete.filter((_, index) => seen[index] !== null);
  const nothing = { p: null, placebos: 0, minutes: complete.at(-1) ?? 0, distance: null, at: null };
  if (horizons.length === 0) return nothing;
  const past = pastDifferences(bySlot, before, horizons);
  const spreads = horizons.map((_, index) => spreadOf(past.map((differences) => differences[index] ?? 0)));
  const own = largest(
    seen.filter((difference) => difference !== null),
    spreads,
    options,
  );
  const placebos = past.map((differences) => largest(differences, spreads, options).statistic);
  const isEnough = placebos.length >= LEAST_PLACEBOS;
  return {
    p: isEnough ? placeboP(own.statistic, placebos) : null,
    placebos: placebos.length,
    minutes: complete.at(-1) ?? 0,
    distance: own.difference,
    at: horizons[own.index] ?? null,
  };
}

type Edges = { readonly before: number; readonly after: number };

/** Per horizon the difference to the hour before; null without at least half of the slots on each side. */
function differencesAt(
  bySlot: ReadonlyMap<number, number>,
  { before, after }: Edges,
  horizons: readonly number[],
): (number | null)[] {
  const reference = medianOf(bySlot, before - 12, before);
  return horizons.map((minutes) => {
    const value = medianOf(bySlot, after, after + minutes / 5);
    return reference === null || value === null ? null : value - reference;
  });
}

function medianOf(bySlot: ReadonlyMap<number, number>, from: number, to: number): number | null {
  const values: number[] = [];
  for (let slot = from; slot < to; slot += 1) {
    const value = bySlot.get(slot);
    if (value !== undefined) values.push(value);
  }
  return values.length * 2 < to - from ? null : median(values);
}

/** Past moments every half hour over four weeks, each with all horizons; none of them reaches the change. */
function pastDifferences(
  bySlot: ReadonlyMap<number, number>,
  change: number,
  horizons: readonly number[],
): (readonly number[])[] {
  const rows: number[][] = [];
  const longest = (horizons.at(-1) ?? 0) / 5;
  for (let slot = change - longest; slot >= change - FOUR_WEEKS; slot -= HALF_HOUR) {
    const row = differencesAt(bySlot, { before: slot, after: slot }, horizons);
    if (row.every((difference) => difference !== null)) rows.push(row);
  }
  return rows;
}

function spreadOf(differences: readonly number[]): number {
  return Math.max(LEAST_SPREAD, robustDeviation(differences));
}

function largest(
  differences: readonly number[],
  spreads: readonly number[],
  { tolerance, harmful }: PlaceboOptions,
): { readonly statistic: number; readonly difference: number; readonly index: number } {
  let best = { statistic: -Infinity, difference: 0, index: 0 };
  for (const [index, difference] of differences.entries()) {
    const size = harmful === 'up' ? difference : harmful === 'down' ? -difference : Math.abs(difference);
    const statistic = (size - tolerance) / (spreads[index] ?? LEAST_SPREAD);
    if (statistic > best.statistic) best = { statistic, difference, index };
  }
  return best;
}

const SLOT_MS = 300_000;
const HALF_HOUR = 6;
const FOUR_WEEKS = 28 * 288;
const LEAST_SPREAD = 1e-6;
