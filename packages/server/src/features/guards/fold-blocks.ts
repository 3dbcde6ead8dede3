import type { OutcomeBlock } from '@belay/core';
import type { StageRecord } from '@belay/core/rollout';
import { type EngineConfig, type EngineState, foldBlock } from '@belay/core/statistics';

/** How far the fold came. */
export interface FoldResult {
  /** Newest second that counts as read. */
  readonly readThrough: number;
  readonly folded: number;
}

/**
 * Folds closed blocks, oldest first, each under the stage that was in force in its second. Stops at the block that
 * decides a rollback: later outcomes belong to the way back and must not change the evidence of the decision.
 */
export function foldBlocks(
  engine: { readonly config: EngineConfig; readonly state: EngineState },
  stages: readonly StageRecord[],
  { blocks, throughSecond }: { readonly blocks: readonly OutcomeBlock[]; readonly throughSecond: number },
): FoldResult {
  let folded = 0;
  if (engine.state.decided !== null) return { readThrough: engine.state.decided.second, folded };
  for (const block of blocks) {
    foldBlock(engine.config, engine.state, block, stageAt(stages, block.second));
    folded += 1;
    if (engine.state.decided !== null) return { readThrough: block.second, folded };
  }
  return { readThrough: throughSecond, folded };
}

/** Index of the stage in force at a second; outcomes from before the first stage's own second belong to it. */
function stageAt(stages: readonly StageRecord[], second: number): number {
  return (stages.findLast(({ fromSecond }) => fromSecond <= second) ?? stages[0])?.index ?? 0;
}
