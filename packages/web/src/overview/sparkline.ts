interface SparkPoint {
  readonly at: number;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface CardChart {
  readonly lines: readonly string[];
  /** What is usual, as areas; a gap where nothing is known. */
  readonly bands: readonly string[];
}

const PAD = 6;

/** Lines and usual bands of a small chart in a 100 x `height` box; a gap in the data is a gap in the line. */
export function layOutCard(points: readonly SparkPoint[], height: number): CardChart {
  const known = points.flatMap((point) => [point.value, point.low, point.high].filter((value) => value !== null));
  const low = Math.min(...known);
  const high = Math.max(...known);
  const x = placeAt(points);
  const y = (value: number): number =>
    high === low ? height / 2 : PAD + (height - 2 * PAD) * (1 - (value - low) / (high - low));
  const write = (at: number, value: number): string => `${x(at).toFixed(2)},${y(value).toFixed(2)}`;
  const lines = runsOf(points, (point) => point.value !== null).map((run) =>
    run.map((point) => write(point.at, point.value ?? 0)),
  );
  const bands = runsOf(points, (point) => point.low !== null && point.high !== null).map((run) => [
    ...run.map((point) => write(point.at, point.high ?? 0)),
    ...run.toReversed().map((point) => write(point.at, point.low ?? 0)),
  ]);
  return {
    // A point alone is drawn as a line of no length, which round ends make a dot.
    lines: lines.map((line) => (line.length === 1 ? [...line, ...line] : line).join(' ')),
    bands: bands.filter((band) => band.length > 2).map((band) => band.join(' ')),
  };
}

/** Where a time stands between the first and the last point, in percent. */
export function placeAt(points: readonly { readonly at: number }[]): (at: number) => number {
  const from = points[0]?.at ?? 0;
  const to = points.at(-1)?.at ?? from;
  return (at) => (to === from ? 50 : Math.min(100, Math.max(0, (100 * (at - from)) / (to - from))));
}

/** Runs of neighbours that are known. */
function runsOf<T>(points: readonly T[], isKnown: (point: T) => boolean): readonly (readonly T[])[] {
  const runs: T[][] = [[]];
  for (const point of points) {
    if (isKnown(point)) runs.at(-1)?.push(point);
    else runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}
