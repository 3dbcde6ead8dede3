interface Point {
  readonly at: number;
  readonly value: number | null;
}

export interface Spark {
  readonly lines: readonly string[];
  /** The usual range at the right end, where it is known: top and height. */
  readonly usual: { readonly y: number; readonly height: number } | null;
  readonly last: { readonly x: number; readonly y: number } | null;
}

const PAD = 3;

/** A small line of values with the usual range of this hour at its end, in a `width` x `height` box. */
export function layOutSpark(
  points: readonly Point[],
  usual: { readonly low: number; readonly high: number } | null,
  size: { readonly width: number; readonly height: number },
): Spark {
  const known = points.flatMap((point) => (point.value === null ? [] : [point.value]));
  if (known.length === 0) return { lines: [], usual: null, last: null };
  const low = Math.min(...known, usual?.low ?? Infinity);
  const high = Math.max(...known, usual?.high ?? -Infinity);
  const y = (value: number): number =>
    high === low ? size.height / 2 : PAD + (size.height - 2 * PAD) * (1 - (value - low) / (high - low));
  const x = (index: number): number => (points.length < 2 ? size.width : (index / (points.length - 1)) * size.width);
  const lines: string[][] = [[]];
  let last: Spark['last'] = null;
  for (const [index, point] of points.entries()) {
    if (point.value === null) {
      lines.push([]);
      continue;
    }
    last = { x: round(x(index)), y: round(y(point.value)) };
    lines.at(-1)?.push(`${last.x},${last.y}`);
  }
  return {
    // A point alone is drawn as a line of no length, which round ends make a dot.
    lines: lines
      .filter((line) => line.length > 0)
      .map((line) => (line.length === 1 ? [...line, ...line] : line).join(' ')),
    usual:
      usual === null ? null : { y: round(y(usual.high)), height: round(Math.max(2, y(usual.low) - y(usual.high))) },
    last,
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
