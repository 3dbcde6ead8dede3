import type { Generated } from 'kysely';

/** Tables of migration 0004. Times are Unix milliseconds, hours are hours since the epoch; `*_json` columns hold JSON. */
export interface SignalsTables {
  readonly signals: SignalTable;
  readonly signal_states: SignalStateTable;
  readonly signal_hours: SignalHourTable;
  readonly signal_alarms: SignalAlarmTable;
  readonly recorded_changes: RecordedChangeTable;
  readonly service_versions: ServiceVersionTable;
}

export interface SignalTable {
  readonly id: string;
  /** Grows with every write: the ETag. */
  readonly version: number;
  readonly origin: 'starter' | 'belay.yaml' | 'api';
  /** As it was written or sent. */
  readonly input_json: string;
  /** Names the points of this definition; another number gets another key, so that old points are never mixed in. */
  readonly points_key: string;
  readonly created_at: number;
  readonly changed_at: number;
  /** A signal of the starter set that somebody deleted stays away. */
  readonly deleted_at: number | null;
}

/** How far a definition was evaluated, and what was learnt. */
export interface SignalStateTable {
  readonly points_key: string;
  readonly signal_id: string;
  /** End of the newest slot that was asked for. */
  readonly evaluated_through: number;
  /** End of the newest hour that was folded, in hours. */
  readonly hours_through: number;
  readonly first_at: number | null;
  readonly last_at: number | null;
  readonly last_value: number | null;
  readonly baseline_json: string | null;
  readonly watch_json: string;
  readonly steps_json: string;
  /** Why the last evaluation failed; null when it did not. */
  readonly problem: string | null;
}

/** One value an hour; what baselines are learnt from. */
export interface SignalHourTable {
  readonly points_key: string;
  readonly hour: number;
  readonly value: number;
  readonly count: number | null;
  readonly excluded: 0 | 1;
}

export interface SignalAlarmTable {
  readonly number: Generated<number>;
  readonly id: string;
  readonly signal_id: string;
  readonly points_key: string;
  readonly title: string;
  readonly service: string | null;
  readonly direction: 'higher' | 'lower';
  readonly sense: 'worse' | 'better' | 'different';
  readonly found: 'drift' | 'jump';
  readonly started_at: number;
  readonly raised_at: number;
  readonly ended_at: number | null;
  readonly ending: 'back-to-usual' | 'accepted' | 'signal-removed' | null;
  readonly deviation: number;
  readonly sentence: string;
  readonly suspects_json: string;
  /** Whether the ledger has told of it: an episode that was over when it was found tells nobody anything. */
  readonly announced: 0 | 1;
}

export interface RecordedChangeTable {
  readonly number: Generated<number>;
  readonly id: string;
  readonly kind: 'deploy' | 'migration' | 'config' | 'other';
  readonly service: string | null;
  readonly title: string;
  readonly version: string | null;
  readonly at: number;
  readonly detected: 0 | 1;
  readonly actor_json: string;
  /** Minutes after the change that the verdict rests on; 60 when it is final. */
  readonly minutes: number;
  readonly verdict: string;
  readonly effects_json: string;
}

/** Versions of a service and when each was first heard of. */
export interface ServiceVersionTable {
  readonly service: string;
  readonly version: string;
  readonly first_seen: number;
}
