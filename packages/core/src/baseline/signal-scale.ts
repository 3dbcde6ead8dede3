/**
 * The scale on which a signal is compared with its usual: logarithm for positive amounts (latency, traffic, cost), log
 * odds for ratios, and the plain number, in units of its typical size, where it can be negative. Plain JSON.
 */
export type SignalScale =
  | { readonly kind: 'log'; /** Smaller values count as this, > 0. */ readonly floor: number }
  | {
      readonly kind: 'logit';
      /** Shares closer to 0 or 1 count as this far from them, in (0, 0.5). */ readonly floor: number;
    }
  | { readonly kind: 'linear'; /** Typical size, > 0. */ readonly unit: number };

/** What is known about a signal when its scale is chosen. */
export interface ScaleFacts {
  /** Whether values are percentages of a whole, 0 to 100. */
  readonly isRatio: boolean;
  /** Values of the history in the signal's unit. */
  readonly values: readonly number[];
  /** Events behind a typical value; null when unknown. */
  readonly typicalCount: number | null;
}

/** Chooses the scale for a history; a history of zeros alone gets a scale on which zero is usual. */
export function chooseScale({ isRatio, values, typicalCount }: ScaleFacts): SignalScale {
  let smallest = Infinity;
  let isNegative = false;
  for (const value of values) {
    if (value > 0 && value < smallest) smallest = value;
    if (value < 0) isNegative = true;
  }
  if (isRatio) {
    // Half an event is the least that can be told from none.
    const byCount = typicalCount === null || typicalCount <= 0 ? smallest / 200 : 0.5 / typicalCount;
    return { kind: 'logit', floor: Math.min(0.05, Math.max(1e-7, Number.isFinite(byCount) ? byCount : 1e-3)) };
  }
  if (isNegative) {
    const sizes = values.map(Math.abs).toSorted((a, b) => a - b);
    return { kind: 'linear', unit: sizes[Math.floor(sizes.length / 2)] || sizes.at(-1) || 1 };
  }
  return { kind: 'log', floor: Number.isFinite(smallest) ? smallest / 2 : 1 };
}

/** A value in the signal's unit as a number on the scale; differences there are relative deviations. */
export function toScale(scale: SignalScale, value: number): number {
  if (scale.kind === 'linear') return value / scale.unit;
  if (scale.kind === 'log') return Math.log(Math.max(value, scale.floor));
  const share = Math.min(1 - scale.floor, Math.max(scale.floor, value / 100));
  return Math.log(share / (1 - share));
}

/** The inverse of {@link toScale}. */
export function fromScale(scale: SignalScale, position: number): number {
  if (scale.kind === 'linear') return position * scale.unit;
  if (scale.kind === 'log') return Math.exp(position);
  return 100 / (1 + Math.exp(-position));
}

/** A tolerated share such as 0.02 as a distance on the scale: ln 1.02; on the linear scale the share itself. */
export function toleranceOn(scale: SignalScale, share: number): number {
  return scale.kind === 'linear' ? share : Math.log1p(share);
}

/** A distance on the scale as a share: `e^d - 1`; on the linear scale the distance itself. */
export function shareOf(scale: SignalScale, distance: number): number {
  return scale.kind === 'linear' ? distance : Math.expm1(distance);
}
