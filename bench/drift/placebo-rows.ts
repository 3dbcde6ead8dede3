import { learnSeason, median, placeboTest, slotResiduals } from '@belay/core/baseline';
import type { Row } from '../statistics/report.ts';
import { HOUR, MONDAY, tell } from './history.ts';

const DOCUMENTED: Readonly<Record<string, string>> = {
  '1 0': 'false p<=.01: 4.7%',
  '2 0': '0%',
  '4 0': '0%',
  '4 0.05': '10% in 10 min',
  '4 0.1': '73-86% in 10 min',
  '4 0.2': '100% in 5 min',
};

/** Statistics 4.3: how often a change at a known time is called harmful, by what it did and the history there is. */
export function placeboRows(seed: number, replications: number): Row[] {
  return [1, 2, 4].flatMap((weeks) =>
    [0, 0.05, 0.1, 0.2].map((shift) => placeboRow({ weeks, shift, seed, replications })),
  );
}

interface Wanted {
  readonly weeks: number;
  readonly shift: number;
  readonly seed: number;
  readonly replications: number;
}

function placeboRow({ weeks, shift, seed, replications }: Wanted): Row {
  const results = Array.from({ length: replications }, (_, run) => testedBy(seed * 5000 + run, weeks, shift));
  const share = (isIn: (result: Tested) => boolean): number => results.filter(isIn).length / replications;
  return {
    rule: `placebo test, ${weeks} week${weeks === 1 ? '' : 's'}, +${shift * 100}%`,
    'p<=.01 in 5 min': share(({ five }) => five <= 0.01),
    'p<=.01 in 10 min': share(({ ten }) => ten <= 0.01),
    'p<=.01 in 60 min': share(({ sixty }) => sixty <= 0.01),
    'p<=.005 in 60 min': share(({ sixty }) => sixty <= 0.005),
    'smallest p': 1 / (1 + median(results.map(({ placebos }) => placebos))),
    document: DOCUMENTED[`${weeks} ${shift}`] ?? '',
  };
}

interface Tested {
  readonly five: number;
  readonly ten: number;
  readonly sixty: number;
  readonly placebos: number;
}

function testedBy(seed: number, weeks: number, shift: number): Tested {
  const { slots, hours, learntHours, shiftAt } = tell({ seed, weeks, hoursAfter: 12, shift, shiftAfter: 10 });
  const history = { hours, slots, through: MONDAY / HOUR + learntHours, counting: 'none' as const };
  const season = learnSeason(history);
  const residuals = season === null ? [] : slotResiduals(history, season);
  const after = (minutes: number) =>
    placeboTest(residuals, {
      changedAt: shiftAt,
      tolerance: Math.log(1.02),
      harmful: 'up',
      now: shiftAt + minutes * 60_000,
    });
  const last = after(60);
  return { five: after(5).p ?? 1, ten: after(10).p ?? 1, sixty: last.p ?? 1, placebos: last.placebos };
}
