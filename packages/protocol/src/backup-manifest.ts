import { z } from 'zod';
import { durationMs, timestamp } from './primitives.ts';
import { backupName } from './safety-config.ts';

const count = z.number().int().nonnegative();
const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: 'SHA-256 in hex' });
const text = z.string().max(1000);

/** `bot-000017-20261124T031700Z`: source, sequence, start; sorts by age within a source. */
export const backupId = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*-\d{6,}-\d{8}T\d{6}Z$/, 'write the id of a backup, as "belay backup list" shows');

/** Why a backup was made. Those before migrations have a retention rule of their own. */
export const backupReason = z.enum([
  'schedule',
  'manual',
  'pre-migration',
  'pre-deploy',
  'pre-restore',
  'release',
  'incident',
]);
export type BackupReason = z.infer<typeof backupReason>;

/** One of the levels that prove a backup; each includes those before. */
export const proofLevel = z.enum(['L0', 'L1', 'L2', 'L3', 'L4']);
export type ProofLevel = z.infer<typeof proofLevel>;

/** One thing that a restored copy must fulfil, and whether it did. */
export const invariantResult = z.object({
  name: z.string().max(80),
  outcome: z.enum(['holds', 'broken', 'failed']),
  detail: text.nullable(),
});
export type InvariantResult = z.infer<typeof invariantResult>;

const sqliteSnapshot = z.object({
  engine: z.literal('sqlite'),
  journalMode: z.string().max(16),
  pageSize: count,
  pageCount: count,
  /** `PRAGMA user_version` and `application_id`. */
  userVersion: z.number().int(),
  applicationId: z.number().int(),
  /** The SQLite that last wrote the file, as its header says: `3.54.1`. */
  writerVersion: z.string().max(16),
  /** Rows whose parent was missing already at the source; a drill must find as many. */
  foreignKeyViolations: count,
});

const postgresSnapshot = z.object({
  engine: z.literal('postgres'),
  database: z.string().max(200),
  /** Write-ahead log position of the snapshot, `0/1A2B3C4`. */
  lsn: z.string().max(32).nullable(),
  systemIdentifier: z.string().max(32).nullable(),
  encoding: z.string().max(32),
  collate: z.string().max(64),
  ctype: z.string().max(64),
  /** Whether the server checks its own pages. Off: damage on its disk may go unseen. */
  dataChecksums: z.boolean().nullable(),
  extensions: z.array(z.object({ name: z.string().max(64), version: z.string().max(32) })).max(500),
  /** Roles that own or are granted something; made without login in drills. */
  roles: z.array(z.string().max(64)).max(1000),
});

/** What an artefact is, written beside it and never changed. Format `belay.backup/1`: docs/reference/backups.md. */
export const backupManifest = z.object({
  format: z.literal('belay.backup/1'),
  id: backupId,
  source: backupName,
  engine: z.enum(['sqlite', 'postgres']),
  engineVersion: z.string().max(64),
  reason: backupReason,
  /** Grows by one per backup of a source; order is by it, never by clocks. */
  sequence: z.number().int().positive(),
  startedAt: timestamp,
  endedAt: timestamp,
  /** Time taken by the monotonic clock. */
  elapsedMs: durationMs,
  /** When the state was the one that is stored. */
  snapshotAt: timestamp,
  snapshot: z.discriminatedUnion('engine', [sqliteSnapshot, postgresSnapshot]),
  /** What is inside: a plain SQLite database or a pg_restore archive (custom format). */
  raw: z.object({ bytes: count, sha256 }),
  artefact: z.object({
    /** Name at every destination. */
    object: z.string().max(512),
    bytes: count,
    sha256,
    codec: z.literal('zstd'),
    codecLevel: z.number().int().min(1).max(22),
    encryption: z
      .object({ format: z.literal('age'), recipients: z.array(z.string().max(200)).min(1).max(20) })
      .nullable(),
  }),
  /** SHA-256 of the sorted definitions. */
  schemaHash: sha256,
  /** Newest migration that a known migration table names. */
  migrationId: z.string().max(200).nullable(),
  tables: z.array(z.object({ name: z.string().max(300), rows: count, isEstimate: z.boolean() })).max(20_000),
  invariants: z.array(invariantResult).max(100),
  tools: z.array(z.object({ name: z.string().max(64), version: z.string().max(200) })).max(20),
  /** Without secrets; empty for SQLite, which needs no command. */
  commandLine: z.array(text).max(50),
  /** What should be looked at although the backup is good. */
  warnings: z.array(text).max(50),
  /** SHA-256 of the manifest of the backup before, of the same source; null for the first. */
  prevManifestHash: sha256.nullable(),
});
export type BackupManifest = z.infer<typeof backupManifest>;

/** One step of a check or a drill. */
export const receiptStep = z.object({ name: z.string().max(80), ms: durationMs, detail: text.nullable() });
export type ReceiptStep = z.infer<typeof receiptStep>;

/** What a verification found, stored beside the artefact and never changed. Format `belay.receipt/1`. */
export const backupReceipt = z.object({
  format: z.literal('belay.receipt/1'),
  id: z.string().max(200),
  backup: backupId,
  source: backupName,
  /** SHA-256 of the manifest that was checked. */
  manifestHash: sha256,
  /** What was tried. */
  level: proofLevel,
  /** `inconclusive`: this machine cannot tell, for instance for want of an extension. */
  outcome: z.enum(['passed', 'failed', 'inconclusive']),
  /** Highest level that holds after it; null when not even the artefact is whole. */
  proven: proofLevel.nullable(),
  /** Whose copy was read. */
  destination: backupName,
  startedAt: timestamp,
  elapsedMs: durationMs,
  /** Time from asking for the artefact until the copy could be used: the real recovery time. */
  restoreMs: durationMs.nullable(),
  steps: z.array(receiptStep).max(50),
  invariants: z.array(invariantResult).max(100),
  /** What is wrong, in a sentence. */
  error: text.nullable(),
  /** Who asked: `schedule`, `cli`, name of a token. */
  by: z.string().max(128),
  /** The machine that ran it. */
  host: z.string().max(255),
  version: z.string().max(64),
  /** Ed25519 over the receipt without this field (keys sorted), and the public key (base64, raw 32 bytes). */
  signature: z.object({ publicKey: z.string().max(100), value: z.string().max(200) }).nullable(),
});
export type BackupReceipt = z.infer<typeof backupReceipt>;
