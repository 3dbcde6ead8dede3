import type { DecodeBudget } from '../otlp/decode-budget.ts';
import type { FlatAttributes, OutcomeRow, ResourceFacts } from '../otlp/telemetry-batch.ts';
import type { SeriesFacts, SeriesRef } from './series.ts';

/** Single numbers of many series, column by column. */
export interface NumberPoints {
  length: number;
  readonly series: SeriesRef[];
  /** Unix ms. */
  times: Float64Array;
  /** The 64 bits of each value as two words, the lower one first: the payload of a NaN has a meaning. */
  bits: Uint32Array;
}

interface PointOfSeries {
  readonly series: SeriesRef;
  /** Unix ms. */
  readonly timeMs: number;
  /** Start of what is counted, Unix ms; 0 where not told. */
  readonly startMs: number;
  readonly count: number;
  /** NaN where a sender tells none. */
  readonly sum: number;
  /** Prometheus' marker that the series has ended: `sum` has its bits, and there is nothing else. */
  readonly isStale: boolean;
}

/** A histogram with explicit bounds; `counts` has one entry more than `bounds`, or both are empty. */
export interface HistogramPoint extends PointOfSeries {
  readonly min: number | null;
  readonly max: number | null;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** An exponential histogram: bucket i of `positive` holds (base^(offset+i), base^(offset+i+1)], base = 2^(2^-scale). */
export interface ExponentialPoint extends PointOfSeries {
  readonly min: number | null;
  readonly max: number | null;
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positiveOffset: number;
  readonly positive: readonly number[];
  readonly negativeOffset: number;
  readonly negative: readonly number[];
}

/** A summary: quantiles from 0 to 1 with their values. */
export interface SummaryPoint extends PointOfSeries {
  readonly quantiles: readonly number[];
  readonly values: readonly number[];
}

/** An example of what a point counts. */
export interface ExemplarPoint {
  readonly series: SeriesRef;
  /** Unix ms. */
  readonly timeMs: number;
  readonly value: number;
  /** 16 and 8 bytes; empty where not told. */
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly attributes: FlatAttributes;
}

/** The points of one request, ready to be stored as a whole. */
export interface MetricPoints {
  readonly numbers: NumberPoints;
  readonly histograms: HistogramPoint[];
  readonly exponentials: ExponentialPoint[];
  readonly summaries: SummaryPoint[];
  readonly exemplars: ExemplarPoint[];
  /** Series whose description has to be stored with the points. */
  readonly due: Map<SeriesRef, SeriesFacts>;
}

/** Why points were refused, for accounts: `series` is the bound on new series. */
export type RefusalCause = 'series' | 'too-old' | 'future' | 'invalid';

/** A decoded request: what to store, and what had to be left out. */
export interface DecodedMetrics {
  readonly points: MetricPoints;
  /** Outcomes of Belay's SDK, which come as metrics. */
  readonly outcomes: readonly OutcomeRow[];
  readonly resources: readonly ResourceFacts[];
  readonly rejected: number;
  readonly refusals: ReadonlyMap<RefusalCause, number>;
  /** Why something was left out or cut, for the sender; empty when nothing was. */
  readonly message: string;
}

/** Lower word of the NaN by which Prometheus marks the end of a series: 0x7ff0000000000002. */
export const STALE_LOW = 2;
/** Upper word of the same NaN. */
export const STALE_HIGH = 0x7ff0_0000;

/** Which times are taken. */
export interface TimeBounds {
  /** Unix ms. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Belay's clock, Unix seconds. */
  readonly nowSecond: number;
}

/** Collects the points of one request. */
export interface PointSink {
  readonly points: MetricPoints;
  readonly budget: DecodeBudget;
  readonly refusals: Map<RefusalCause, number>;
  /** Whether a point of this time is taken; otherwise it is refused with the reason. */
  isInTime(timeMs: number): boolean;
  /** Adds a number; `low` and `high` are the words of its bits. */
  addNumber(series: SeriesRef, timeMs: number, low: number, high: number): void;
  /** Belay's clock, Unix seconds. */
  readonly nowSecond: number;
  refuse(cause: RefusalCause, reason: string): void;
}

const FIRST_ROWS = 256;

/** Starts collecting. */
export function createPointSink(budget: DecodeBudget, times: TimeBounds): PointSink {
  const points: MetricPoints = {
    numbers: { length: 0, series: [], times: new Float64Array(FIRST_ROWS), bits: new Uint32Array(2 * FIRST_ROWS) },
    histograms: [],
    exponentials: [],
    summaries: [],
    exemplars: [],
    due: new Map(),
  };
  const { numbers } = points;
  const refusals = new Map<RefusalCause, number>();
  const refuse = (cause: RefusalCause, reason: string): void => {
    refusals.set(cause, (refusals.get(cause) ?? 0) + 1);
    budget.reject(reason);
  };
  return {
    points,
    budget,
    refusals,
    refuse,
    nowSecond: times.nowSecond,
    isInTime(timeMs) {
      if (timeMs >= times.oldestMs && timeMs <= times.newestMs) return true;
      if (timeMs === 0) refuse('invalid', 'a data point has no time');
      else if (timeMs < times.oldestMs) refuse('too-old', 'a data point is older than telemetry.sample_max_age allows');
      else refuse('future', 'a data point is further in the future than telemetry.sample_max_ahead allows');
      return false;
    },
    addNumber(series, timeMs, low, high) {
      const at = numbers.length;
      if (at === numbers.times.length) grow(numbers);
      numbers.series.push(series);
      numbers.times[at] = timeMs;
      numbers.bits[2 * at] = low;
      numbers.bits[2 * at + 1] = high;
      numbers.length = at + 1;
    },
  };
}

function grow(numbers: NumberPoints): void {
  const times = new Float64Array(2 * numbers.times.length);
  times.set(numbers.times);
  numbers.times = times;
  const bits = new Uint32Array(2 * numbers.bits.length);
  bits.set(numbers.bits);
  numbers.bits = bits;
}
