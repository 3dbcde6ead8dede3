import { z } from 'zod';
import { backupId, backupManifest, backupReason, backupReceipt, proofLevel } from './backup-manifest.ts';
import { durationMs, timestamp } from './primitives.ts';
import { backupName } from './safety-config.ts';

const count = z.number().int().nonnegative();

/** One backup at one destination. Only `verified` was read back and is what was stored. */
export const backupCopy = z.object({
  destination: backupName,
  state: z.enum(['pending', 'verified', 'unverified', 'missing', 'corrupt', 'removed']),
  /** How it was found out: `read-back`, `checksum-and-samples`, `samples`. */
  method: z.string().nullable(),
  checkedAt: timestamp.nullable(),
  detail: z.string().nullable(),
  /** Marked for removal; it goes a day later at the earliest. */
  markedAt: timestamp.nullable(),
});
export type BackupCopyView = z.infer<typeof backupCopy>;

/** One backup as lists show it. */
export const backupView = z.object({
  id: backupId,
  source: backupName,
  engine: z.enum(['sqlite', 'postgres']),
  reason: backupReason,
  /** Kept until the pin is taken away. */
  pin: z.string().nullable(),
  sequence: z.number().int(),
  /** `good` until something speaks against it. */
  state: z.enum(['good', 'incomplete', 'tampered', 'removed']),
  snapshotAt: timestamp,
  startedAt: timestamp,
  elapsedMs: durationMs,
  rawBytes: count,
  artefactBytes: count,
  isEncrypted: z.boolean(),
  tables: count,
  rows: count,
  /** Highest level that holds; it counts as proven from L3. */
  level: proofLevel.nullable(),
  isProven: z.boolean(),
  /** The last time it was restored as a drill. */
  lastDrill: z
    .object({
      at: timestamp,
      outcome: z.enum(['passed', 'failed', 'inconclusive']),
      level: proofLevel,
      restoreMs: durationMs.nullable(),
      error: z.string().nullable(),
    })
    .nullable(),
  copies: z.array(backupCopy),
  warnings: z.array(z.string()),
});
export type BackupView = z.infer<typeof backupView>;

/** Everything about one backup. */
export const backupDetail = backupView.extend({ manifest: backupManifest, receipts: z.array(backupReceipt) });
export type BackupDetail = z.infer<typeof backupDetail>;

/** One step of an operation. */
export const safetyStep = z.object({
  name: z.string(),
  state: z.enum(['running', 'done', 'failed']),
  startedAt: timestamp,
  ms: durationMs.nullable(),
  detail: z.string().nullable(),
});
export type SafetyStep = z.infer<typeof safetyStep>;

/** Something that takes a while: followed by its id. */
export const safetyOperation = z.object({
  id: z.string(),
  kind: z.enum(['backup', 'verify', 'drill', 'restore', 'rebuild', 'retention', 'repair']),
  source: backupName.nullable(),
  backup: backupId.nullable(),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'interrupted']),
  by: z.string(),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
  steps: z.array(safetyStep),
  /** Share of the running step, 0 to 1; null when unknown. */
  progress: z.number().min(0).max(1).nullable(),
  failure: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }).nullable(),
  /** What came of it, in a sentence; null until then. */
  result: z.string().nullable(),
});
export type SafetyOperation = z.infer<typeof safetyOperation>;

/** One database: how old is the newest state that is proven restorable? */
export const safetySource = z.object({
  name: backupName,
  engine: z.enum(['sqlite', 'postgres']),
  /** Path, or URL without its password. */
  location: z.string(),
  /** Belay's own control store. */
  isOwn: z.boolean(),
  /** `ok`; `unproven`: backups exist and none was restored as a drill; `late`: the newest proven one is too old; `failing`: the last attempt failed; `never`: no backup yet. */
  state: z.enum(['ok', 'unproven', 'late', 'failing', 'never']),
  problem: z.string().nullable(),
  mend: z.string().nullable(),
  schedule: z.string().nullable(),
  nextAt: timestamp.nullable(),
  /** What a due backup waits for: a lease of a migration or deploy. */
  waitsFor: z.string().nullable(),
  lastAttempt: z
    .object({
      at: timestamp,
      outcome: z.enum(['done', 'failed', 'interrupted', 'running']),
      message: z.string().nullable(),
    })
    .nullable(),
  lastSuccessAt: timestamp.nullable(),
  /** The newest restore point that a drill has proven (L3 or more). */
  newestProven: z
    .object({
      backup: backupId,
      level: proofLevel,
      snapshotAt: timestamp,
      provenAt: timestamp,
      /** The measured recovery time. */
      restoreMs: durationMs.nullable(),
      /** Destinations with a verified copy of it. */
      places: z.array(backupName),
    })
    .nullable(),
  /** Age of the newest proven restore point: what would be lost now. */
  ageMs: durationMs.nullable(),
  maxAgeMs: durationMs,
  /** The newest backup that reached each level. */
  levels: z.array(z.object({ level: proofLevel, backup: backupId, snapshotAt: timestamp })),
  backups: count,
  proven: count,
  bytes: count,
  autoRestore: z.boolean(),
});
export type SafetySource = z.infer<typeof safetySource>;

/** One place that keeps backups, with a status of its own. */
export const safetyDestination = z.object({
  name: backupName,
  type: z.enum(['folder', 's3']),
  uri: z.string(),
  state: z.enum(['ok', 'write-only', 'failing', 'unknown']),
  checkedAt: timestamp.nullable(),
  problem: z.string().nullable(),
  hint: z.string().nullable(),
  canRemove: z.boolean().nullable(),
  verified: count,
  unverified: count,
  /** Missing or corrupt. */
  bad: count,
  bytes: count,
  newestVerifiedAt: timestamp.nullable(),
});
export type SafetyDestination = z.infer<typeof safetyDestination>;

/** While somebody holds it, scheduled backups of the source (or of all) wait. */
export const safetyLease = z.object({
  id: z.string(),
  /** Null: every source. */
  source: backupName.nullable(),
  holder: z.string(),
  reason: z.string(),
  acquiredAt: timestamp,
  /** It ends by itself, so that a holder that died blocks nothing for ever. */
  expiresAt: timestamp,
});
export type SafetyLease = z.infer<typeof safetyLease>;

/** Everything that the page about data safety shows first. */
export const safetyView = z.object({
  at: timestamp,
  /** The worst of all sources and destinations. */
  state: z.enum(['ok', 'warn', 'fail']),
  summary: z.string(),
  sources: z.array(safetySource),
  destinations: z.array(safetyDestination),
  leases: z.array(safetyLease),
  running: z.array(safetyOperation),
  isEncrypted: z.boolean(),
  /** True when every copy is on the disk of Belay's own data. */
  isOnOneDisk: z.boolean(),
  /** What is not kept safe, and what to know. */
  notes: z.array(z.string()),
});
export type SafetyView = z.infer<typeof safetyView>;

/** What retention would do now to one copy. */
export const retentionStep = z.object({
  backup: backupId,
  source: backupName,
  destination: backupName,
  sequence: z.number().int(),
  snapshotAt: timestamp,
  state: z.enum(['proven', 'unproven', 'bad']),
  action: z.enum(['keep', 'mark', 'remove', 'unmark']),
  because: z.array(z.string()),
});
export type RetentionStepView = z.infer<typeof retentionStep>;

export const retentionPlanView = z.object({
  at: timestamp,
  /** Why nothing at all is deleted; null when deleting is allowed. */
  frozen: z.string().nullable(),
  freedBytes: count,
  steps: z.array(retentionStep),
});
export type RetentionPlanView = z.infer<typeof retentionPlanView>;

/** What restoring would do. */
export const restorePlan = z.object({
  backup: backupId,
  source: backupName,
  mode: z.enum(['copy', 'replace']),
  target: z.string(),
  from: backupName,
  snapshotAt: timestamp,
  level: proofLevel.nullable(),
  isProven: z.boolean(),
  /** Everything written after the snapshot is lost by `replace`: from then until now. */
  lostMs: durationMs,
  /** What is known to be in the live database and not in the backup. */
  lostRows: z.array(z.object({ table: z.string(), live: count.nullable(), backup: count })),
  /** From the last drill; null when none was run. */
  expectedMs: durationMs.nullable(),
  warnings: z.array(z.string()),
});
export type RestorePlan = z.infer<typeof restorePlan>;

/** Body of a backup on demand. */
export const backupRequest = z.strictObject({
  source: backupName,
  reason: backupReason.optional(),
  /** Kept until taken away; for releases and incidents. */
  pin: z.string().trim().min(1).max(80).optional(),
  /** Restore it as a drill at once. Default: when it is the first of its day. */
  drill: z.boolean().optional(),
  /** Of the lease that the caller holds; other leases are waited for. */
  lease: z.string().max(64).optional(),
});
export type BackupRequest = z.infer<typeof backupRequest>;

export const restoreRequest = z.strictObject({
  mode: z.enum(['copy', 'replace']).default('copy'),
  /** Where the copy goes: a path, or the name of a new database. Default: beside the original. */
  target: z.string().min(1).max(1024).optional(),
  from: backupName.optional(),
});
export type RestoreRequest = z.infer<typeof restoreRequest>;

export const leaseRequest = z.strictObject({
  source: backupName.optional(),
  holder: z.string().trim().min(1).max(120),
  reason: z.string().trim().min(1).max(200),
  /** At most an hour; renew by asking again with the same holder. */
  ttl_seconds: z.number().int().min(5).max(3600).default(300),
});
export type LeaseRequest = z.infer<typeof leaseRequest>;
