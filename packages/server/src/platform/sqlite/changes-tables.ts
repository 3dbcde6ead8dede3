/** Tables of migration 0003. Times are Unix milliseconds, seconds are Unix seconds; columns ending in `_json` hold JSON. */
export interface ChangesTables {
  readonly rollouts: RolloutTable;
  readonly rollout_decisions: RolloutDecisionTable;
  readonly rollout_points: RolloutPointTable;
  readonly rollout_undos: RolloutUndoTable;
}

export interface RolloutTable {
  readonly id: string;
  /** Counts rollouts from 1, for people. */
  readonly number: number;
  /** Grows with every write: the ETag. */
  readonly version: number;
  readonly flag_key: string;
  readonly component: string;
  readonly status: string;
  readonly input_json: string;
  readonly state_json: string;
  readonly seed: string;
  /** Flag revision at which the present attempt began; null before the start. */
  readonly since_revision: number | null;
  /** First second of outcomes that the present attempt reads; null before the start. */
  readonly from_second: number | null;
  /** Newest second whose blocks are folded into the engine state; null before the first. */
  readonly read_through: number | null;
  readonly engine_config_json: string | null;
  readonly engine_state_json: string | null;
  readonly created_at: number;
  readonly created_by_json: string;
  readonly ended_at: number | null;
}

/** What the guards decided, in order: a replay must find each again. */
export interface RolloutDecisionTable {
  readonly rollout_id: string;
  readonly attempt: number;
  readonly position: number;
  readonly second: number;
  readonly kind: string;
  readonly stage: number;
  readonly because: string;
  /** SHA-256 of the engine state after the block of `second`, hexadecimal. */
  readonly state_hash: string;
  readonly at: number;
}

/** One moment of the effect chart. */
export interface RolloutPointTable {
  readonly rollout_id: string;
  readonly attempt: number;
  readonly second: number;
  readonly share: number;
  /** By guard: `{ "<id>": [low, high, estimate] }`, each a number or null. */
  readonly guards_json: string;
}

/** How long it took until nobody was served the new path any more. */
export interface RolloutUndoTable {
  readonly rollout_id: string;
  readonly attempt: number;
  readonly revision: number;
  readonly decided_at: number;
  /** Instances connected at the decision: `["service/instance", ...]`. */
  readonly expected_json: string;
  /** `{ "service/instance": <when it confirmed> }`. */
  readonly confirmed_json: string;
  readonly completed_at: number | null;
}
