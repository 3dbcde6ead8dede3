// Judging: folding stored blocks into the evidence of a rollout, and doing it again to prove a verdict.
export { foldBlocks, type FoldResult } from './fold-blocks.ts';
export { replayAttempt, type ReplayInput, type ReplayResult } from './replay-attempt.ts';
export { stateHash } from './state-hash.ts';
