import type { Actor, RolloutInput, RolloutState } from '@belay/core/rollout';
import type { EngineConfig, EngineState } from '@belay/core/statistics';

/** The statistics of the present attempt: the frozen plan of the tests and everything folded so far. */
export interface RolloutEngine {
  readonly config: EngineConfig;
  /** Folded in place by the control loop only. */
  readonly state: EngineState;
  /** Flag revision at which the attempt began. */
  readonly sinceRevision: number;
  /** First second of outcomes the attempt reads. */
  readonly fromSecond: number;
  /** Newest second that has been read, with or without outcomes. */
  readonly readThrough: number;
}

/** A rollout as it is stored. */
export interface RolloutRecord {
  readonly id: string;
  readonly number: number;
  readonly version: number;
  readonly input: RolloutInput;
  readonly state: RolloutState;
  readonly seed: string;
  /** Null before the first start. */
  readonly engine: RolloutEngine | null;
  readonly createdAt: number;
  readonly createdBy: Actor;
}

/** A guard decision as it is stored, so that a replay can be held against it. */
export interface StoredDecision {
  readonly second: number;
  readonly kind: string;
  readonly stage: number;
  readonly because: string;
  readonly stateHash: string;
  readonly at: number;
}

/** One moment of the effect chart; each guard `[low, high, estimate]`. */
export interface EffectPoint {
  readonly second: number;
  readonly share: number;
  readonly guards: Readonly<
    Record<string, readonly [low: number | null, high: number | null, estimate: number | null]>
  >;
}

/** The measured way back of one attempt. */
export interface Undo {
  readonly revision: number;
  readonly decidedAt: number;
  readonly expected: readonly string[];
  readonly confirmed: Readonly<Record<string, number>>;
  readonly completedAt: number | null;
}
