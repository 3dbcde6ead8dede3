/** Everything a chart shows; the drawing and the table read the same. Times are Unix milliseconds, ascending. */
export interface ChartData {
  readonly from: number;
  readonly to: number;
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  /** The usual band: the same number of values as `times`, null where nothing is known. */
  readonly band?: { readonly low: Values; readonly high: Values; readonly label: string } | undefined;
  readonly marks?: readonly ChartMark[] | undefined;
  readonly limits?: readonly ChartLimit[] | undefined;
  /** Bars instead of lines, stacked in the given order. */
  readonly isBars?: boolean | undefined;
}

export type Values = readonly (number | null)[];

export interface ChartLine {
  readonly label: string;
  readonly values: Values;
  /** A token of the palette, such as `--bad`; absent: by position. */
  readonly colour?: string | undefined;
}

/** Something that happened at a moment: a deploy, a rollout, an edit. */
export interface ChartMark {
  readonly at: number;
  readonly label: string;
  readonly tone: 'ok' | 'bad' | 'wait' | 'live' | 'none';
  readonly href: string | null;
}

export interface ChartLimit {
  readonly value: number;
  readonly label: string;
  readonly kind: 'target' | 'critical';
}

/** Room for the numbers at the left and the last label at the right, in pixels; `chart.css` places marks by the same. */
export const LEFT = 56;
export const RIGHT = 14;

const LINE_TOKENS = ['--new', '--c2', '--c3', '--c4', '--c5', '--c6'] as const;
const DASHES: readonly (readonly number[])[] = [[], [], [], [], [], [], [6, 3], [6, 3], [6, 3], [2, 3]];

/** Colour token and dash of the line at `index`; colours come round, and then the dash tells lines apart. */
export function lineLook(line: ChartLine, index: number): { readonly token: string; readonly dash: readonly number[] } {
  return {
    token: line.colour ?? LINE_TOKENS[index % LINE_TOKENS.length] ?? '--new',
    dash: DASHES[index % DASHES.length] ?? [],
  };
}

/** Several series over times of their own as one table of values over all times. */
export function alignSeries(
  series: readonly { readonly label: string; readonly points: readonly (readonly [number, number | null])[] }[],
): Pick<ChartData, 'times' | 'lines'> {
  const times = [...new Set(series.flatMap((one) => one.points.map(([at]) => at)))].toSorted((a, b) => a - b);
  return {
    times,
    lines: series.map(({ label, points }) => {
      const known = new Map(points);
      return { label, values: times.map((at) => known.get(at) ?? null) };
    }),
  };
}

/** Each line on top of those before it, for stacked bars; the table keeps the plain values. */
export function stackLines(lines: readonly ChartLine[]): readonly Values[] {
  const sums: number[] = [];
  return lines.map((line) =>
    line.values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
      return sums[index] ?? 0;
    }),
  );
}

/** Index of the time nearest to `at`, or null where there is none. */
export function nearestIndex(times: readonly number[], at: number): number | null {
  let best: number | null = null;
  let distance = Number.POSITIVE_INFINITY;
  for (const [index, time] of times.entries()) {
    if (Math.abs(time - at) >= distance) continue;
    best = index;
    distance = Math.abs(time - at);
  }
  return best;
}
