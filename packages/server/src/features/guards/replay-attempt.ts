import type { OutcomeBlock } from '@belay/core';
import type { StageRecord } from '@belay/core/rollout';
import { createGuardEngine, type EngineConfig, type EngineState, readEngine } from '@belay/core/statistics';
import { foldBlocks } from './fold-blocks.ts';
import { stateHash } from './state-hash.ts';

/** A decision as it was stored. */
export interface RecordedDecision {
  readonly second: number;
  readonly kind: string;
  readonly because: string;
  readonly stateHash: string;
}

/** One attempt as it was recorded, and the outcomes it was judged on, read again from the store. */
export interface ReplayInput {
  readonly config: EngineConfig;
  readonly stages: readonly StageRecord[];
  readonly decisions: readonly RecordedDecision[];
  /** Oldest first, through the newest second that the attempt has read. */
  readonly blocks: readonly OutcomeBlock[];
  /** Hash of the engine state as stored. */
  readonly finalHash: string;
}

/** Whether the stored outcomes lead to the recorded decisions again, bit by bit. */
export interface ReplayResult {
  readonly agrees: boolean;
  readonly blocks: number;
  readonly decisions: number;
  readonly firstDifference: { readonly block: number; readonly expected: string; readonly got: string } | null;
  readonly stateHash: string;
}

/** Recomputes everything from nothing but the plan, the recorded stages and the stored outcomes. */
export function replayAttempt(input: ReplayInput): ReplayResult {
  const engine = { config: input.config, state: createGuardEngine(input.config) };
  let blocks = 0;
  let from = 0;
  for (const decision of input.decisions) {
    const upTo = input.blocks.findLastIndex(({ second }) => second <= decision.second) + 1;
    const batch = input.blocks.slice(from, Math.max(from, upTo));
    blocks += foldBlocks(engine, input.stages, { blocks: batch, throughSecond: decision.second }).folded;
    from = Math.max(from, upTo);
    const difference = differenceOf(engine, decision);
    if (difference !== null)
      return { ...summary(input, engine.state, blocks), agrees: false, firstDifference: difference };
  }
  const rest = input.blocks.slice(from);
  blocks += foldBlocks(engine, input.stages, { blocks: rest, throughSecond: Number.MAX_SAFE_INTEGER }).folded;
  const difference = finalDifference(input, engine.state);
  return { ...summary(input, engine.state, blocks), agrees: difference === null, firstDifference: difference };
}

function differenceOf(
  { config, state }: { readonly config: EngineConfig; readonly state: EngineState },
  decision: RecordedDecision,
): ReplayResult['firstDifference'] {
  const at = state.lastSecond ?? 0;
  const hash = stateHash(state);
  if (hash !== decision.stateHash) return { block: at, expected: decision.stateHash, got: hash };
  if (decision.kind !== 'rollback') return null;
  const { decided } = readEngine(config, state);
  const got = decided === null ? 'no rollback' : `rollback because of ${decided.guard} at ${decided.second}`;
  const expected = `rollback because of ${decision.because} at ${decision.second}`;
  return got === expected ? null : { block: at, expected, got };
}

function finalDifference(input: ReplayInput, state: EngineState): ReplayResult['firstDifference'] {
  const hash = stateHash(state);
  const at = state.lastSecond ?? 0;
  if (hash !== input.finalHash) return { block: at, expected: input.finalHash, got: hash };
  const hasRollback = input.decisions.some(
    ({ kind, because }) => kind === 'rollback' || (kind === 'hold' && because === 'harm'),
  );
  if (state.decided === null || hasRollback) return null;
  return { block: state.decided.second, expected: 'no rollback', got: `rollback because of ${state.decided.guard}` };
}

function summary(
  input: ReplayInput,
  state: EngineState,
  blocks: number,
): Pick<ReplayResult, 'blocks' | 'decisions' | 'stateHash'> {
  return { blocks, decisions: input.decisions.length, stateHash: stateHash(state) };
}
