interface SparkPoint {
  readonly at: number;
  readonly value: number | null;
}

/** Lines of a small chart in a 100 x `height` box; a gap in the data is a gap in the line. */
export function sparkLines(points: readonly SparkPoint[], height: number): readonly string[] {
  const known = points.flatMap((point) => (point.value === null ? [] : [point.value]));
  const low = Math.min(...known);
  const high = Math.max(...known);
  const x = placeAt(points);
  const pad = 6;
  const y = (value: number): number =>
    high === low ? height / 2 : pad + (height - 2 * pad) * (1 - (value - low) / (high - low));
  const lines: string[][] = [[]];
  for (const point of points) {
    if (point.value === null) lines.push([]);
    else lines.at(-1)?.push(`${x(point.at).toFixed(2)},${y(point.value).toFixed(2)}`);
  }
  // A point alone is drawn as a line of no length, which round ends make a dot.
  return lines
    .filter((line) => line.length > 0)
    .map((line) => (line.length === 1 ? [...line, ...line] : line).join(' '));
}

/** Where a time stands between the first and the last point, in percent. */
export function placeAt(points: readonly SparkPoint[]): (at: number) => number {
  const from = points[0]?.at ?? 0;
  const to = points.at(-1)?.at ?? from;
  return (at) => (to === from ? 50 : Math.min(100, Math.max(0, (100 * (at - from)) / (to - from))));
}
