import type { Generated } from 'kysely';

/** Tables of migration 0005. Times are Unix milliseconds, seconds are Unix seconds; columns ending in `_json` hold JSON. */
export interface ErrorsTables {
  readonly issues: IssueTable;
  readonly issue_keys: IssueKeyTable;
  readonly seen_releases: { readonly service: string; readonly release: string; readonly first_seen: number };
  /** One row: the newest second whose events are counted into the issues. */
  readonly issue_progress: { readonly id: number; readonly read_through: number };
  readonly source_maps: SourceMapTable;
  readonly sentry_projects: SentryProjectTable;
  readonly sentry_keys: SentryKeyTable;
}

export interface IssueTable {
  /** The key of its first event. */
  readonly id: string;
  /** Counts issues from 1, for people. */
  readonly number: number;
  readonly service: string;
  readonly title: string;
  readonly type: string;
  readonly value: string;
  readonly level: string;
  readonly platform: string;
  readonly culprit_function: string | null;
  readonly culprit_file: string | null;
  readonly culprit_line: number | null;
  /** 1 or 0; null when unknown. */
  readonly handled: number | null;
  readonly grouped_by: string;
  /** Lower case: title, message, files and functions of the newest event. */
  readonly search_text: string;
  readonly first_seen: number;
  readonly last_seen: number;
  /** Weighted. */
  readonly events: number;
  readonly first_release: string;
  readonly last_release: string;
  readonly status: string;
  readonly decision_json: string;
  readonly events_at_decision: number;
  readonly state_sentence: string;
  readonly assignee: string | null;
  /** `{ seen, expected, since }` while it spikes; null otherwise. */
  readonly spike_json: string | null;
}

/** Keys of events that belong to an issue. */
export interface IssueKeyTable {
  readonly key: string;
  readonly issue_id: string;
  /** `own`: keys of its events. `unmapped`: the key of the same events without source maps. `merged`: by hand. */
  readonly kind: string;
  /** What the key was called when it was merged. */
  readonly title: string;
}

export interface SourceMapTable {
  readonly id: string;
  readonly release: string | null;
  /** Path of the bundle without its origin, e.g. `/assets/index-4fe2.js`. */
  readonly file: string;
  readonly debug_id: string | null;
  readonly bytes: number;
  readonly sources: number;
  readonly uploaded_at: number;
  readonly last_used_at: number | null;
}

export interface SentryProjectTable {
  readonly id: Generated<number>;
  readonly service: string;
  readonly created_at: number;
}

export interface SentryKeyTable {
  readonly id: string;
  readonly project_id: number;
  /** SHA-256 of the key, hexadecimal. */
  readonly hash: string;
  readonly hint: string;
  readonly created_at: number;
  readonly last_used_at: number | null;
}
