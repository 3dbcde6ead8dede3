import type { Histogram } from './histogram.ts';

/** How a unit of work came to its variant: by the rollout's random split, or because a rule named it. */
export type Arm = 'randomised' | 'forced';

/** The two sides of a comparison. */
export type Side = 'canary' | 'control';

/** What happened to one side within one block: integers only. */
export interface SideCounts {
  /** Units of work that ended. */
  readonly n: number;
  /** Bad units, at most one per unit key per 300 s. */
  readonly errors: number;
  /** First exposures of a unit key, for the sample-ratio check. */
  readonly exposures: number;
  /** Distinct keys among the bad units of this block, where keys are known; at most `errors`. */
  readonly distinctBad: number;
  /** Duration of units in milliseconds. */
  readonly duration: Histogram;
  /** Tracked values by name. */
  readonly values: ReadonlyMap<string, Histogram>;
}

/** Bad units and units per hash group (0..31) of the control side, for the dispersion correction. */
export interface GroupCounts {
  readonly n: readonly number[];
  readonly errors: readonly number[];
}

/** Everything both sides of one rollout did within one second; the unit that every guard folds over. */
export interface OutcomeBlock {
  /** Unix time in seconds at which Belay stored these outcomes. Strictly increasing within a rollout. */
  readonly second: number;
  readonly canary: SideCounts;
  readonly control: SideCounts;
  readonly controlGroups: GroupCounts;
}
