/** Where "same as the old path" and the limit stand on every guard's axis, in percent of its width. */
export const AXIS_SAME = 48;
export const AXIS_LIMIT = 78;

const EDGE = 1.5;
const OUTSIDE_BODY = 6;

export interface PlacedInterval {
  readonly left: number;
  readonly width: number;
  readonly point: number;
  readonly isBeyondRight: boolean;
}

/** Places an interval in limits (0 = same as the old path, 1 = limit) on the axis; what lies outside is cut, and marked on the side that hurts. */
export function placeInterval(scaled: {
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
}): PlacedInterval {
  const low = toAxis(scaled.low);
  const high = toAxis(scaled.high);
  const right = clamp(high);
  // What lies wholly past the edge still shows a body there, beside the mark that it goes on.
  const left = Math.min(clamp(low), low > 100 - EDGE ? right - OUTSIDE_BODY : right);
  return {
    left,
    // A very narrow interval keeps a visible body.
    width: Math.max(1, right - left),
    point: clamp(toAxis(scaled.estimate)),
    isBeyondRight: high > 100,
  };
}

function toAxis(limits: number): number {
  return AXIS_SAME + limits * (AXIS_LIMIT - AXIS_SAME);
}

function clamp(position: number): number {
  return Math.min(100 - EDGE, Math.max(EDGE, position));
}
