/** Latency baseline of a guard: learning from the first control units, then frozen. Plain JSON. */
export interface FrozenLatency {
  frozen: boolean;
  /** Control units seen while learning, with the second of the first. */
  units: number;
  since: number | null;
  learning: [number, number][];
  /** Bucket index at which each watched quantile lies: a unit in a higher bucket is slower. */
  thresholds: number[];
  /** Share of baseline units above each threshold. */
  above: number[];
  /** Ridit scores in ten-thousandths for buckets from `from` on. */
  from: number;
  scores: number[];
}

/** Value baseline of a guard: learning from the first control units, then frozen. Plain JSON. */
export interface FrozenValue {
  frozen: boolean;
  units: number;
  since: number | null;
  learning: [number, number][];
  /** Values above are counted as this; the 99.9th percentile of the baseline. */
  cap: number;
  /** Mean and variance of the score `value / cap`. */
  mean: number;
  variance: number;
}
