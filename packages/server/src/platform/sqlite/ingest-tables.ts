/** Tables of migration 0008. Times are Unix milliseconds. */
export interface IngestTables {
  readonly ingest_drops: IngestDropTable;
}

/** What was sent and not stored; one row a cause, signal and sender. */
export interface IngestDropTable {
  readonly cause: string;
  readonly signal: string;
  /** Service or token; empty when unknown. */
  readonly sender: string;
  readonly count: number;
  readonly first_at: number;
  readonly last_at: number;
}
