// How often harmless signals are in alarm, and how long a shift goes unseen: the tables of statistics 4.2 and 4.3.
import {
  fitBaseline,
  type HourValue,
  hourValueOf,
  learnSeason,
  median,
  placeboTest,
  simulateService,
  slotResiduals,
  type SlotValue,
  startWatch,
  watchHour,
  watchSlot,
  type WatchState,
} from '@belay/core/baseline';
import { publish, quantile, readArguments, type Row } from './statistics/report.ts';

const HOUR = 3_600_000;
const MONDAY = Date.UTC(2026, 0, 5);
const { replications, seed } = readArguments({ replications: 60, seed: 1 });
const rows: Row[] = [];
for (const weeks of [2, 4, 8]) for (const isFast of [false, true]) rows.push(watchRow(weeks, isFast));
rows.push(naiveRow());
for (const shift of [0, 0.05, 0.1, 0.2]) rows.push(placeboRow(shift));
publish({ name: 'drift', rows, seed, replications });

function watchRow(weeks: number, isFast: boolean): Row {
  const harmless = runs(weeks, 0, 28, isFast);
  const delay = (shift: number): number =>
    quantile(
      runs(weeks, shift, 10, isFast).map(({ first }) => first),
      0.5,
    );
  const documented = weeks === 4 ? '0.08; 27, 6, 3 h (fast path: 35 min, +50% 10 min)' : weeks === 2 ? '0.05' : '0.09';
  return {
    rule: `${isFast ? 'CUSUM and fast path' : 'CUSUM'}, ${weeks} weeks`,
    'false episodes / 28 d': harmless.reduce((sum, { episodes }) => sum + episodes, 0) / replications,
    '+5% found after h': delay(0.05),
    '+10% h': delay(0.1),
    '+20% h': delay(0.2),
    '+50% h': delay(0.5),
    document: documented,
  };
}

function runs(weeks: number, shift: number, days: number, isFast: boolean): { episodes: number; first: number }[] {
  return Array.from({ length: replications }, (_, run) => watch({ weeks, shift, days, isFast, run }));
}

interface Run {
  readonly weeks: number;
  readonly shift: number;
  readonly days: number;
  readonly isFast: boolean;
  readonly run: number;
}

function watch({ weeks, shift, days, isFast, run }: Run): { episodes: number; first: number } {
  const learnt = weeks * 168;
  const shiftAt = MONDAY + learnt * HOUR;
  const slots = simulateService({
    seed: seed * 1000 + run,
    from: MONDAY,
    slots: (learnt + days * 24) * 12,
    level: 120,
    shift,
    shiftAt,
  });
  const hours = hoursOf(slots);
  const baseline = fitBaseline({ hours, slots, through: shiftAt / HOUR, counting: 'none' });
  if (baseline === null) return { episodes: 0, first: Infinity };
  let state: WatchState = { ...startWatch(), hours: hours.slice(learnt - 168, learnt) };
  let episodes = 0;
  let first = Infinity;
  const note = (at: number, news: 'started' | 'ended' | null): void => {
    if (news !== 'started') return;
    episodes += 1;
    first = Math.min(first, (at - shiftAt) / HOUR);
  };
  for (let hour = learnt; hour < hours.length; hour += 1) {
    if (shift !== 0 && first < Infinity) break;
    for (const slot of isFast ? slots.slice(hour * 12, hour * 12 + 12) : []) {
      const step = watchSlot(state, slot, { baseline, tolerance: 0.02 });
      ({ state } = step);
      note(slot.at + 300_000, step.news);
    }
    const value = hours[hour];
    if (value === undefined) continue;
    const step = watchHour(state, value, { baseline, tolerance: 0.02 });
    ({ state } = step);
    note((value.hour + 1) * HOUR, step.news);
  }
  return { episodes, first };
}

/** "More than 2% from the same time last week": the share of harmless hours in which that rule is in alarm. */
function naiveRow(): Row {
  const shares = Array.from({ length: replications }, (_, run) => {
    const hours = hoursOf(simulateService({ seed: seed * 1000 + run, from: MONDAY, slots: 5 * 2016, level: 120 }));
    const judged = hours.slice(168);
    const beyond = judged.filter(
      ({ value }, index) => Math.abs(Math.log(value / (hours[index]?.value ?? value))) > Math.log(1.02),
    );
    return beyond.length / judged.length;
  });
  return {
    rule: 'naive: 2% from last week, share of hours in alarm',
    'false episodes / 28 d': median(shares),
    document: '42-64% of the time',
  };
}

function placeboRow(shift: number): Row {
  const at = MONDAY + (4 * 168 + 10) * HOUR;
  const found = { ten: 0, hour: 0 };
  for (let run = 0; run < replications; run += 1) {
    const slots = simulateService({
      seed: seed * 5000 + run,
      from: MONDAY,
      slots: (4 * 168 + 12) * 12,
      level: 120,
      shift,
      shiftAt: at,
    });
    const history = { hours: hoursOf(slots), slots, through: MONDAY / HOUR + 4 * 168, counting: 'none' as const };
    const season = learnSeason(history);
    const residuals = season === null ? [] : slotResiduals(history, season);
    const options = { changedAt: at, tolerance: Math.log(1.02), harmful: 'up' as const };
    const after = (minutes: number) => placeboTest(residuals, { ...options, now: at + minutes * 60_000 }).p ?? 1;
    if (after(10) <= 0.01) found.ten += 1;
    if (after(60) <= 0.01) found.hour += 1;
  }
  const documented = { 0: 'false p<=.01: 0%', 0.05: '10%', 0.1: '73-86% in 10 min', 0.2: '100% in 5 min' }[shift] ?? '';
  return {
    rule: `placebo test, 4 weeks, +${shift * 100}%`,
    'p<=.01 within 10 min': found.ten / replications,
    'p<=.01 within 60 min': found.hour / replications,
    document: documented,
  };
}

function hoursOf(slots: readonly SlotValue[]): HourValue[] {
  return [...Map.groupBy(slots, ({ at }) => Math.floor(at / HOUR))].flatMap(
    ([hour, own]) => hourValueOf(hour, own, 'none') ?? [],
  );
}
