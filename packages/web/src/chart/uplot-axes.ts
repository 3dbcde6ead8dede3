import type uPlot from 'uplot';
import { formatClock } from '../format/times.ts';
import { type ChartData, LEFT } from './chart-data.ts';

const DAY_SECONDS = 86_400;
const FONT = '11px Inter, system-ui, sans-serif';

/** Ends of the value axis: all values, bands and limits, with a little room. */
export function rangeOf(data: ChartData, low: number | null, high: number | null): uPlot.Range.MinMax {
  const limits = (data.limits ?? []).map((limit) => limit.value);
  const values = [low, high].filter((value) => value !== null);
  if (values.length === 0 && limits.length === 0) return [0, 1];
  const bottom = data.isBars === true ? 0 : Math.min(...values, ...limits);
  const top = Math.max(...values, ...limits);
  const room = (top - bottom || Math.abs(top) || 1) * 0.08;
  // Small sums and shares start at zero, so that noise does not look like a cliff.
  const floor = bottom >= 0 && bottom < (top - bottom) * 0.6 ? 0 : bottom - room;
  return [floor, top + room];
}

/** Local times below the chart; days where the ticks are days. */
export function timeAxis(): uPlot.Axis {
  return {
    stroke: () => token('--ink3'),
    font: FONT,
    size: 30,
    space: 70,
    grid: { show: false },
    ticks: { stroke: () => token('--line2'), width: 1, size: 4 },
    values: (_plot, splits, ...[, , step]) =>
      splits.map((second) => {
        const at = new Date(second * 1000);
        const isMidnight = at.getHours() === 0 && at.getMinutes() === 0;
        if (step >= DAY_SECONDS || (isMidnight && step >= 3600))
          return at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
        return formatClock(second * 1000, { seconds: step < 60 });
      }),
  };
}

/** Values at the left, in the signal's unit. */
export function valueAxis(format: (value: number) => string): uPlot.Axis {
  return {
    stroke: () => token('--ink3'),
    font: FONT,
    size: LEFT,
    space: 34,
    grid: { stroke: () => token('--line'), width: 1 },
    ticks: { show: false },
    values: (_plot, splits) => splits.map((value) => format(value)),
  };
}

/** The present value of a colour token. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888';
}
