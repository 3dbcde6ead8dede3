import {
  median,
  resolvableDeviation,
  startWatch,
  watchHour,
  watchSlot,
  type WatchState,
  type WatchStep,
} from '@belay/core/baseline';
import { mean, quantile, type Row } from '../statistics/report.ts';
import { baselineOf, HOUR, MONDAY, tell, WEEK_HOURS } from './history.ts';

/** `drift`: sums of hours; `jump`: medians of minutes; `both`: what Belay does; `h=4`: sums with a lower limit. */
type Rule = 'drift' | 'jump' | 'both' | 'h=4';

interface Watched {
  readonly episodes: number;
  /** Hours from the shift to the first episode; Infinity without one. */
  readonly first: number;
}

const RULES: Readonly<Record<Rule, string>> = {
  drift: 'CUSUM k=.25 h=5',
  'h=4': 'CUSUM k=.25 h=4',
  jump: 'fast path alone',
  both: 'CUSUM h=5 and fast path (Belay)',
};
const DOCUMENTED: Readonly<Record<string, string>> = {
  'drift 2': 'false .05',
  'drift 4': 'false .08; 27, 6, 3 h',
  'drift 8': 'false .09',
  'h=4 4': 'false .13; 24, 5, 3 h',
  'jump 4': 'false .01; +20% 35 min, +50% 10 min',
};
const TOLERANCE = 0.02;

/** Statistics 4.2: false episodes in 28 harmless days, and hours until a shift is found (median over the runs). */
export function watchRows(seed: number, replications: number): Row[] {
  return [2, 4, 8].flatMap((weeks) =>
    (['drift', 'h=4', 'jump', 'both'] as const).map((rule) => {
      const runs = (shift: number, days: number): Watched[] =>
        Array.from({ length: replications }, (_, run) => watch({ rule, weeks, shift, days, seed: seed * 1000 + run }));
      const delay = (shift: number): number =>
        quantile(
          runs(shift, 10).map(({ first }) => first),
          0.5,
        );
      return {
        rule: `${RULES[rule]}, ${weeks} weeks`,
        'false episodes / 28 d': mean(runs(0, 28).map(({ episodes }) => episodes)),
        '+5% found after h': delay(0.05),
        '+10% h': delay(0.1),
        '+20% h': delay(0.2),
        '+50% h': delay(0.5),
        document: DOCUMENTED[`${rule} ${weeks}`] ?? '',
      };
    }),
  );
}

/** What is promised beside "2%": a shift as large as said to be resolved within a time, and how many are found in it. */
export function resolvableRows(seed: number, replications: number): Row[] {
  return [24, 6].map((hours) => {
    const told: number[] = [];
    const found: number[] = [];
    for (let run = 0; run < replications; run += 1) {
      const baseline = baselineOf(tell({ seed: seed * 1000 + run, weeks: 4, hoursAfter: 0 }));
      if (baseline === null) continue;
      const shift = resolvableDeviation(baseline, TOLERANCE, hours);
      told.push(shift);
      const { first } = watch({ rule: 'drift', weeks: 4, shift, days: 10, seed: seed * 1000 + run });
      found.push(first / hours);
    }
    return {
      rule: `deviation said to be resolved within ${hours} h`,
      deviation: median(told),
      'found after, in parts of that time': quantile(found, 0.5),
      document: hours === 24 ? '5.2%; 27 h' : '10.0%; 6 h',
    };
  });
}

/** "More than 2% from the same time last week": the share of the harmless time in which that rule is in alarm. */
export function naiveRows(seed: number, replications: number): Row[] {
  const shareOf = (values: readonly { readonly value: number }[], week: number): number => {
    const judged = values.slice(week);
    const beyond = judged.filter(
      ({ value }, index) => Math.abs(Math.log(value / (values[index]?.value ?? value))) > Math.log(1 + TOLERANCE),
    );
    return beyond.length / judged.length;
  };
  const stories = Array.from({ length: replications }, (_, run) =>
    tell({ seed: seed * 1000 + run, weeks: 4, hoursAfter: WEEK_HOURS }),
  );
  return [
    {
      rule: 'naive: five minutes 2% from last week, share of time in alarm',
      'share in alarm': median(stories.map(({ slots }) => shareOf(slots, WEEK_HOURS * 12))),
      document: '64%',
    },
    {
      rule: 'naive: an hour 2% from last week, share of time in alarm',
      'share in alarm': median(stories.map(({ hours }) => shareOf(hours, WEEK_HOURS))),
      document: '42%',
    },
  ];
}

interface Run {
  readonly rule: Rule;
  readonly weeks: number;
  readonly shift: number;
  readonly days: number;
  readonly seed: number;
}

function watch({ rule, weeks, shift, days, seed }: Run): Watched {
  const told = tell({ seed, weeks, hoursAfter: days * 24, shift });
  const { slots, hours, learntHours, shiftAt } = told;
  const baseline = baselineOf(told);
  if (baseline === null) return { episodes: 0, first: Infinity };
  const options = { baseline, tolerance: TOLERANCE };
  const seen = new Noted(shiftAt);
  let state: WatchState = { ...startWatch(), hours: hours.slice(learntHours - WEEK_HOURS, learntHours) };
  for (let hour = learntHours; hour < hours.length; hour += 1) {
    if (shift !== 0 && seen.first < Infinity) break;
    for (const slot of rule === 'jump' || rule === 'both' ? slots.slice(hour * 12, hour * 12 + 12) : []) {
      const step = watchSlot(state, slot, options);
      ({ state } = step);
      seen.note(slot.at + 300_000, step.news);
    }
    const value = hours[hour];
    if (value === undefined) continue;
    const step = watchHour(state, value, options);
    const at = MONDAY + (hour + 1) * HOUR;
    if (rule === 'jump') state = withoutSums(step, state);
    else ({ state } = step);
    if (rule === 'h=4') seen.noteSum(at, Math.max(state.up, state.down), 4);
    else if (rule !== 'jump') seen.note(at, step.news);
  }
  return seen;
}

/** The level goes on, the sums do not: what the fast path finds by itself. */
function withoutSums({ state }: WatchStep, before: WatchState): WatchState {
  return { ...state, up: 0, down: 0, upSince: null, downSince: null, episode: before.episode };
}

/** Counts episodes and keeps the first. */
class Noted implements Watched {
  episodes = 0;
  first = Infinity;
  #isOpen = false;
  readonly #shiftAt: number;

  constructor(shiftAt: number) {
    this.#shiftAt = shiftAt;
  }

  note(at: number, news: WatchStep['news']): void {
    if (news !== 'started') return;
    this.episodes += 1;
    this.first = Math.min(this.first, (at - this.#shiftAt) / HOUR);
  }

  /** An episode begins above the limit and ends below half of it. */
  noteSum(at: number, sum: number, limit: number): void {
    if (sum > limit && !this.#isOpen) this.note(at, 'started');
    this.#isOpen = this.#isOpen ? sum >= limit / 2 : sum > limit;
  }
}
