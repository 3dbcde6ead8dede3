import type { CheckKind, CheckStatusView } from '@belay/protocol';
import type { Generated } from 'kysely';

/** Tables of migration 0011. Times are Unix milliseconds. */
export interface ChecksTables {
  readonly checks: CheckTable;
  readonly check_incidents: CheckIncidentTable;
  readonly check_hours: CheckHourTable;
  readonly check_changes: CheckChangeTable;
  readonly check_reporters: CheckReporterTable;
  readonly startup_reports: StartupReportTable;
}

export interface CheckTable {
  readonly id: string;
  readonly kind: CheckKind;
  readonly service: string;
  /** Empty where a check is not of one process. */
  readonly instance: string;
  readonly name: string;
  readonly title: string;
  /** `service/name`: what the same check of all instances has in common. */
  readonly subject: string;
  readonly status: CheckStatusView;
  /** Order of the list: 0 is down. */
  readonly rank: number;
  readonly since: number;
  readonly last_at: number;
  /** The check as it was last reported. */
  readonly last_json: string;
  /** State of the noise rules. */
  readonly state_json: string;
  readonly every_ms: number;
  readonly muted_by: string | null;
  /** The last run of a golden path. */
  readonly run_json: string | null;
}

export interface CheckIncidentTable {
  readonly number: Generated<number>;
  readonly id: string;
  readonly key: string;
  readonly incident_json: string;
  readonly sentence: string;
  readonly opened_at: number;
  readonly ended_at: number | null;
}

/** Runs of one check in one hour (Unix hours). */
export interface CheckHourTable {
  readonly check_id: string;
  readonly hour: number;
  readonly passed: number;
  readonly failed: number;
  /** Sum over the runs. */
  readonly duration_ms: number;
}

/** A change of status. */
export interface CheckChangeTable {
  readonly number: Generated<number>;
  readonly check_id: string;
  readonly at: number;
  readonly status: CheckStatusView;
  readonly cause: string | null;
  readonly text: string;
}

/** A process that reports; the row goes when it ends on purpose. */
export interface CheckReporterTable {
  readonly service: string;
  readonly instance: string;
  readonly last_at: number;
  readonly every_ms: number;
}

export interface StartupReportTable {
  readonly number: Generated<number>;
  readonly service: string;
  readonly instance: string;
  readonly version: string | null;
  readonly at: number;
  readonly ok: 0 | 1;
  readonly checks_json: string;
}
