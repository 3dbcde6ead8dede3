import { bucketIndexOf, ZERO_BUCKET } from '@belay/core';
import type { DropCounter } from './drop-counter.ts';

/** What a count belongs to. One object per series: the accumulator goes by identity. */
export interface OutcomeSeries {
  readonly rolloutId: string;
  readonly flagKey: string;
  readonly revision: number;
  readonly variant: string;
  readonly arm: 'randomised' | 'forced';
  readonly side: 'canary' | 'control' | undefined;
  /** Hash group of the control side, 0..31; -1 otherwise. */
  readonly group: number;
}

/** How one unit of work ended, as it is counted. */
export interface CountedUnit {
  readonly durationMs: number;
  /** A failure that counts: at most one per unit key and 300 s. */
  readonly bad: boolean;
  /** Whether the failure is of a known key. */
  readonly badKeyKnown: boolean;
  readonly values: ReadonlyMap<string, number> | undefined;
}

/** Counts of one series since the last drain; integers only. Buckets are those of `bucketIndexOf`. */
export interface OutcomeCounts {
  readonly units: number;
  readonly errors: number;
  readonly exposures: number;
  readonly distinctBad: number;
  readonly duration: ReadonlyMap<number, number>;
  readonly values: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Sums up what happened, in memory bounded by the number of series. */
export interface OutcomeAccumulator {
  addExposure(series: OutcomeSeries): void;
  addUnit(series: OutcomeSeries, unit: CountedUnit): void;
  /** Everything since the last drain, and a fresh start. */
  drain(): ReadonlyMap<OutcomeSeries, OutcomeCounts>;
}

/** Most series between two drains: 32 groups of control and one canary for 60 rollouts. */
const maximumSeries = 2000;

/** Most names of tracked values in one series. */
const maximumValueNames = 32;

/** Buckets of 1e-12 and 2e19: tracked values beyond are counted at the edge, so that a histogram stays small. */
const lowestBucket = -640;
const highestBucket = 1023;

/** An accumulator that has counted nothing yet. */
export function createOutcomeAccumulator({ drops }: { readonly drops: DropCounter }): OutcomeAccumulator {
  let cells = new Map<OutcomeSeries, Cell>();

  const cellOf = (series: OutcomeSeries): Cell | undefined => {
    const known = cells.get(series);
    if (known !== undefined) return known;
    if (cells.size >= maximumSeries) {
      drops.add('series-limit');
      return undefined;
    }
    const cell: Cell = { units: 0, errors: 0, exposures: 0, distinctBad: 0, duration: new Map(), values: new Map() };
    cells.set(series, cell);
    return cell;
  };

  return {
    addExposure(series) {
      const cell = cellOf(series);
      if (cell !== undefined) cell.exposures += 1;
    },
    addUnit(series, unit) {
      const cell = cellOf(series);
      if (cell === undefined) return;
      cell.units += 1;
      if (unit.bad) cell.errors += 1;
      if (unit.bad && unit.badKeyKnown) cell.distinctBad += 1;
      increment(cell.duration, unit.durationMs);
      if (unit.values !== undefined) addValues(cell, unit.values, drops);
    },
    drain() {
      const drained = cells;
      cells = new Map();
      return drained;
    },
  };
}

interface Cell {
  units: number;
  errors: number;
  exposures: number;
  distinctBad: number;
  readonly duration: Map<number, number>;
  readonly values: Map<string, Map<number, number>>;
}

function addValues(cell: Cell, values: ReadonlyMap<string, number>, drops: DropCounter): void {
  for (const [name, value] of values) {
    let histogram = cell.values.get(name);
    if (histogram === undefined) {
      if (cell.values.size >= maximumValueNames) {
        drops.add('value-limit');
        continue;
      }
      histogram = new Map();
      cell.values.set(name, histogram);
    }
    increment(histogram, value);
  }
}

function increment(histogram: Map<number, number>, value: number): void {
  const index = bucketIndexOf(value);
  const bucket = index === ZERO_BUCKET ? index : Math.max(lowestBucket, Math.min(highestBucket, index));
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + 1);
}
