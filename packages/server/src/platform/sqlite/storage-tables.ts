/** Tables of migration 0006. Times are Unix milliseconds; days are days of arrival, `2026-11-24`. */
export interface StorageTables {
  readonly storage_days: StorageDayTable;
  readonly storage_runs: StorageRunTable;
  readonly storage_quarantine: StorageQuarantineTable;
}

/** What is known of one day of one table of telemetry. */
export interface StorageDayTable {
  readonly table_name: string;
  readonly day: string;
  /** What ageing has made of the day; `raw` before the first time, `gone` when it was dropped. */
  readonly state: string;
  /** Rows that were there when last looked at: fewer mean that a part was lost. */
  readonly rows_seen: number;
  /** Before ageing first touched the day, and after the last time; 0 before. */
  readonly rows_before: number;
  readonly bytes_before: number;
  readonly bytes_after: number;
}

export interface StorageRunTable {
  readonly started_at: number;
  readonly run_json: string;
}

export interface StorageQuarantineTable {
  readonly part_key: string;
  readonly part_json: string;
}
