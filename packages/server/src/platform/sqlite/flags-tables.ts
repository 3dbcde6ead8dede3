/** Tables of migration 0002. Times are Unix milliseconds; columns ending in `_json` hold JSON. */
export interface FlagsTables {
  readonly flags: FlagTable;
  readonly flag_overlays: FlagOverlayTable;
  readonly flag_state: FlagStateTable;
}

export interface FlagTable {
  readonly key: string;
  /** Grows with every write: the ETag. */
  readonly version: number;
  readonly description: string | null;
  /** One flag in flagd's format. */
  readonly definition_json: string;
  /** `{ variant, at, reason }` while somebody has switched the flag to its old path by hand; null otherwise. */
  readonly killed_json: string | null;
  /** The old path as the newest rollout named it; null before the first. */
  readonly control_variant: string | null;
  readonly created_at: number;
  readonly changed_at: number;
  readonly changed_by_json: string;
  readonly change: string;
}

/** Running rollouts laid over flags: at most one per flag. */
export interface FlagOverlayTable {
  readonly rollout_id: string;
  readonly flag_key: string;
  readonly overlay_json: string;
}

/** One row: the revision of the whole flag state, which only grows. */
export interface FlagStateTable {
  readonly id: number;
  readonly revision: number;
}
