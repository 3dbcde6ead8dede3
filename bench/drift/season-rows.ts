import { learnSeason, robustDeviation, hourOfWeek, median, toScale } from '@belay/core/baseline';
import type { Row } from '../statistics/report.ts';
import { HOUR, MONDAY, tell, WEEK_HOURS } from './history.ts';

/**
 * Statistics 4.1: how well the weeks learnt from tell the noise of the week that follows. 1 is right; below it a
 * threshold in sigmas would be too tight, and harmless hours would raise alarms.
 */
export function seasonRows(seed: number, replications: number): Row[] {
  return [2, 4, 8].map((weeks) => {
    const ratios = Array.from({ length: replications }, (_, run) => noiseOf(seed * 3000 + run, weeks));
    return {
      rule: `season of ${weeks} weeks: noise told / noise of the next week`,
      'leave one week out': median(ratios.map(({ leftOut }) => leftOut)),
      'its own weeks': median(ratios.map(({ own }) => own)),
      document: 'own weeks are too optimistic at K<=4',
    };
  });
}

function noiseOf(seed: number, weeks: number): { readonly leftOut: number; readonly own: number } {
  const { slots, hours, learntHours } = tell({ seed, weeks, hoursAfter: WEEK_HOURS });
  const learnt = learnSeason({ hours, slots, through: MONDAY / HOUR + learntHours, counting: 'none' });
  if (learnt === null) return { leftOut: NaN, own: NaN };
  const seasonOf = (hour: number): number => learnt.season.slots[hourOfWeek(hour)] ?? 0;
  const next = robustDeviation(
    hours.slice(learntHours).map(({ hour, value }) => toScale(learnt.scale, value) - seasonOf(hour)),
  );
  const own = learnt.points.map(({ hour, position }) => position - seasonOf(hour));
  return {
    leftOut: robustDeviation(learnt.residuals.map(({ position }) => position)) / next,
    own: robustDeviation(own) / next,
  };
}
