/** What is known of one copy: `bad` was read and is not what its manifest says. */
export type CopyState = 'proven' | 'unproven' | 'bad';

/** One backup at one destination, as the catalogue has it. */
export interface BackupCopy {
  /** Id of the backup; unique per source when all is well, and never trusted to be. */
  readonly backup: string;
  readonly source: string;
  readonly destination: string;
  /** Name of the file at the destination. Two copies with the same name are the same file. */
  readonly object: string;
  /** Order of backups: grows by one per backup of a source. Never derived from a clock. */
  readonly sequence: number;
  /** Unix ms by the wall clock of then. Data, not order: it may be years off. */
  readonly takenAt: number;
  readonly state: CopyState;
  readonly reason: string;
  /** Names for which it is kept until they are released, e.g. `release:42`. */
  readonly pins: readonly string[];
  readonly bytes: number;
  /** Unix ms at which it was marked for removal; null when it is not. */
  readonly markedAt: number | null;
}

/** How many proven backups are kept, per source and destination. */
export interface BackupRetention {
  readonly last: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  /** Newest proven ones taken before migrations. */
  readonly preMigration: number;
  /** Proven copies that are never gone below; at least 1. */
  readonly minProven: number;
  /** Largest share of the copies that one run may take away, marked and removed together; in (0, 1]. */
  readonly maxShare: number;
  /** Time between marking and removing, ms. */
  readonly graceMs: number;
}

/** 7 daily, 4 weekly, 6 monthly, the last 3 before migrations; never below 3 proven; a day of grace. */
export const defaultBackupRetention: BackupRetention = {
  last: 0,
  hourly: 0,
  daily: 7,
  weekly: 4,
  monthly: 6,
  yearly: 0,
  preMigration: 3,
  minProven: 3,
  maxShare: 0.5,
  graceMs: 86_400_000,
};
