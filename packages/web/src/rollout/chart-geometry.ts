import type { RolloutSeries } from '@belay/protocol';

type Point = RolloutSeries['points'][number];

/** A point whose interval is known. */
export interface KnownPoint {
  readonly at: number;
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
  readonly share: number;
}

export interface Plot {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

export interface ChartGeometry {
  readonly width: number;
  readonly height: number;
  readonly plot: Plot;
  readonly points: readonly KnownPoint[];
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
  /** The limit with its sign: below zero where lower is worse. */
  readonly limit: number;
  readonly decimals: number;
  readonly valueTicks: readonly number[];
  readonly timeTicks: readonly number[];
  readonly withSeconds: boolean;
  readonly stages: readonly {
    readonly from: number;
    readonly to: number;
    readonly label: string;
    readonly isShaded: boolean;
  }[];
  readonly takenBackAt: number | null;
}

export interface ChartSize {
  readonly width: number;
  readonly isSmall: boolean;
}

const MINUTE = 60_000;
const steps = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400].map(
  (s) => s * 1000,
);

/** Lays out the effect chart; `null` while no point has an interval. */
export function layOutChart(series: RolloutSeries, size: ChartSize): ChartGeometry | null {
  const points = series.points.filter(isKnown);
  const last = points.at(-1);
  if (last === undefined) return null;
  const height = size.isSmall ? 230 : 214;
  const plot: Plot = { x0: 46, x1: size.width - (size.isSmall ? 58 : 106), y0: 22, y1: height - 24 };
  const range = timeRange(series, points);
  const limit = series.limit * series.worseSign;
  const domain = valueDomain(
    points.filter((point) => point.at >= range.from),
    limit,
  );
  const step = niceStep((domain.high - domain.low) / 6);
  const low = Math.floor(domain.low / step) * step;
  const high = Math.ceil(domain.high / step) * step;
  const x = (at: number): number => plot.x0 + ((plot.x1 - plot.x0) * (at - range.from)) / (range.to - range.from);
  const timeTicks = ticksBetween(range, size.isSmall ? 3 : 6);
  return {
    width: size.width,
    height,
    plot,
    points,
    x,
    y: (value) => plot.y1 - ((plot.y1 - plot.y0) * (Math.min(high, Math.max(low, value)) - low)) / (high - low),
    limit,
    decimals: series.unit === 'points' ? 2 : Math.abs(last.estimate) < 10 ? 1 : 0,
    valueTicks: valueTicks(low, high, step),
    timeTicks: timeTicks.ticks,
    withSeconds: timeTicks.step < MINUTE,
    stages: stageSpans(series, range),
    takenBackAt: series.marks.find((mark) => mark.kind === 'rolled-back')?.at ?? null,
  };
}

/** The band's outline and the best guess as SVG point lists. */
export function bandPoints(chart: ChartGeometry): {
  readonly upper: string;
  readonly lower: string;
  readonly band: string;
  readonly best: string;
} {
  const at = (point: KnownPoint, value: number): string => `${round(chart.x(point.at))},${round(chart.y(value))}`;
  const upper = chart.points.map((point) => at(point, point.high));
  const lower = chart.points.map((point) => at(point, point.low));
  return {
    upper: upper.join(' '),
    lower: lower.join(' '),
    band: [...upper, ...lower.toReversed()].join(' '),
    best: chart.points.map((point) => at(point, point.estimate)).join(' '),
  };
}

/** The point nearest in time to a place on the chart. */
export function nearestPoint(chart: ChartGeometry, xInChart: number): number {
  let nearest = 0;
  for (let index = 1; index < chart.points.length; index++) {
    const point = chart.points[index];
    const best = chart.points[nearest];
    if (point === undefined || best === undefined) continue;
    if (Math.abs(chart.x(point.at) - xInChart) < Math.abs(chart.x(best.at) - xInChart)) nearest = index;
  }
  return nearest;
}

/** Moves three labels apart until none covers another; the middle one stays. */
export function spreadLabels(ys: readonly [number, number, number], gap: number): readonly [number, number, number] {
  const [top, middle, bottom] = ys;
  return [Math.min(top, middle - gap), middle, Math.max(bottom, middle + gap)];
}

/** 1, 2 or 5 times a power of ten, at least `rough`. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return factor * power;
}

function isKnown(point: Point): point is KnownPoint {
  return point.low !== null && point.high !== null && point.estimate !== null;
}

/** All of it while it goes out; after a rollback the minutes around it, where the story is. */
function timeRange(
  series: RolloutSeries,
  points: readonly KnownPoint[],
): { readonly from: number; readonly to: number } {
  const first = Math.min(points[0]?.at ?? 0, series.marks[0]?.at ?? Infinity);
  const last = points.at(-1)?.at ?? first;
  const takenBack = series.marks.find((mark) => mark.kind === 'rolled-back');
  if (takenBack === undefined) return { from: first, to: last + Math.max(2000, (last - first) * 0.12) };
  const stageAt = series.marks.findLast((mark) => mark.kind === 'stage' && mark.at < takenBack.at)?.at ?? first;
  const before = Math.max(MINUTE, (takenBack.at - stageAt) * 2.2);
  const from = Math.max(first, takenBack.at - before);
  return { from, to: Math.max(takenBack.at, last) + Math.max(5000, (takenBack.at - from) * 0.5) };
}

/** Shows zero, the limit and the latest interval in full; an early, wide band is cut rather than flattening the rest. */
function valueDomain(points: readonly KnownPoint[], limit: number): { readonly low: number; readonly high: number } {
  const last = points.at(-1);
  const reach = Math.abs(limit) * 1.5;
  const late = points.slice(Math.floor(points.length * 0.5));
  const highest = Math.max(limit * 1.3, last?.high ?? 0, ...late.map((point) => point.estimate), 0);
  const lowest = Math.min(limit * 1.3, last?.low ?? 0, ...late.map((point) => point.estimate), 0);
  const lateHigh = Math.max(...late.map((point) => point.high), highest);
  const lateLow = Math.min(...late.map((point) => point.low), lowest);
  return { low: Math.max(lateLow, lowest - reach), high: Math.min(lateHigh, highest + reach) };
}

function valueTicks(low: number, high: number, step: number): readonly number[] {
  const count = Math.round((high - low) / step);
  return Array.from({ length: count + 1 }, (_, index) => Number((low + index * step).toPrecision(12)));
}

function ticksBetween(
  range: { readonly from: number; readonly to: number },
  most: number,
): { readonly ticks: readonly number[]; readonly step: number } {
  const step =
    steps.find((candidate) => (range.to - range.from) / candidate <= most) ??
    86_400_000 * Math.ceil((range.to - range.from) / 86_400_000 / most);
  const ticks: number[] = [];
  for (let at = Math.ceil(range.from / step) * step; at <= range.to; at += step) ticks.push(at);
  return { ticks, step };
}

function stageSpans(
  series: RolloutSeries,
  range: { readonly from: number; readonly to: number },
): ChartGeometry['stages'] {
  const marks = series.marks.filter((mark) => mark.kind === 'stage' || mark.kind === 'rolled-back');
  return marks
    .map((mark, index) => ({
      from: Math.max(range.from, mark.at),
      to: Math.min(range.to, marks[index + 1]?.at ?? range.to),
      label: mark.label,
      isShaded: index % 2 === 0,
    }))
    .filter((span) => span.to > span.from);
}

const round = (value: number): number => Math.round(value * 10) / 10;
