/** Tables of migration 0009. Times are Unix milliseconds; `_json` columns hold what the protocol's schemas describe. */
export interface SafetyTables {
  readonly safety_backups: SafetyBackupTable;
  readonly safety_copies: SafetyCopyTable;
  readonly safety_receipts: SafetyReceiptTable;
  readonly safety_operations: SafetyOperationTable;
  readonly safety_leases: SafetyLeaseTable;
  readonly safety_facts: SafetyFactTable;
}

/** One backup whose manifest exists. The manifests beside the artefacts are the truth; this is rebuilt from them. */
export interface SafetyBackupTable {
  readonly id: string;
  readonly source: string;
  readonly sequence: number;
  readonly snapshot_at: number;
  /** `good`, `incomplete`, `tampered`, `removed`. */
  readonly state: string;
  readonly pin: string | null;
  /** The bytes of the manifest as they were written, and their SHA-256. */
  readonly manifest_text: string;
  readonly manifest_hash: string;
}

export interface SafetyCopyTable {
  readonly backup: string;
  readonly destination: string;
  readonly state: string;
  readonly method: string | null;
  readonly checked_at: number | null;
  readonly detail: string | null;
  readonly marked_at: number | null;
}

export interface SafetyReceiptTable {
  readonly id: string;
  readonly backup: string;
  readonly source: string;
  readonly level: string;
  readonly outcome: string;
  readonly started_at: number;
  readonly receipt_json: string;
}

/** What runs and ran; survives a crash, so that the next start goes on or says what was lost. */
export interface SafetyOperationTable {
  readonly id: string;
  readonly kind: string;
  readonly source: string | null;
  readonly state: string;
  readonly started_at: number;
  readonly operation_json: string;
}

export interface SafetyLeaseTable {
  readonly id: string;
  /** Empty: every source. */
  readonly source: string;
  readonly holder: string;
  readonly reason: string;
  readonly acquired_at: number;
  readonly expires_at: number;
}

/** Small things by name: last sequence of a source, trust in the clock. */
export interface SafetyFactTable {
  readonly key: string;
  readonly value_json: string;
}
