import type { OutcomeBlock, SideCounts } from '../outcome.ts';

/** What every guard's fold is told about the block it reads. All of it is known before outcomes are looked at. */
export interface FoldContext {
  readonly block: OutcomeBlock;
  readonly stage: number;
  /** Planned share of the canary in this block. */
  readonly share: number;
  /** Tempering exponent from control's dispersion before this block. */
  readonly eta: number;
  /** Capital that starts betting with this block. */
  readonly mass: number;
  /** False during warm-up and where there is no control by plan. */
  readonly isComparing: boolean;
  /** False right after a stage change, when SDKs may still serve the old share. */
  readonly isSettled: boolean;
  /** This block is the first of a stage. */
  readonly isNewStage: boolean;
  readonly mergeSeconds: number;
}

/** Whether seconds waiting since `since` are too old to be merged with the present one. */
export function isStale(since: number, context: FoldContext): boolean {
  return context.isNewStage || context.block.second - since >= context.mergeSeconds;
}

/** Whether counts are possible at all: non-negative integers, no more bad units than units. */
export function isPossible(side: SideCounts): boolean {
  return (
    isCount(side.n) &&
    isCount(side.errors) &&
    side.errors <= side.n &&
    isCount(side.exposures) &&
    isCount(side.distinctBad) &&
    side.distinctBad <= side.errors
  );
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
