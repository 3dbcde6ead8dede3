import { z } from 'zod';
import { durationMs, timestamp } from './primitives.ts';

/** What kind of telemetry a table holds. */
export const storageSignal = z.enum(['traces', 'logs', 'metrics', 'errors', 'outcomes', 'rollups', 'other']);
export type StorageSignal = z.infer<typeof storageSignal>;

const count = z.number().int().nonnegative();
const bytes = count.meta({ description: 'Bytes' });

/** One table of the telemetry store. */
export const storageTable = z.object({
  table: z.string(),
  signal: storageSignal,
  rows: count,
  /** What the rows stand for: more than `rows` where ageing kept a weighted sample. */
  weighted: z.number().nonnegative(),
  /** On disk, compressed, with indexes and marks. */
  bytesOnDisk: bytes,
  /** The same rows without compression. */
  bytesUncompressed: bytes,
  /** First and last arrival; null for an empty table. */
  oldest: timestamp.nullable(),
  newest: timestamp.nullable(),
  /** How long full detail is kept, and how long anything is kept. */
  rawFor: durationMs.nullable(),
  keptFor: durationMs.nullable(),
});
export type StorageTable = z.infer<typeof storageTable>;

/** One service in one table of raw telemetry. */
export const storageService = z.object({
  service: z.string(),
  table: z.string(),
  signal: storageSignal,
  rows: count,
  weighted: z.number().nonnegative(),
  /** The service's share of the table's bytes, by rows. */
  bytesOnDisk: bytes,
  oldest: timestamp.nullable(),
  newest: timestamp.nullable(),
  rawFor: durationMs,
  keptFor: durationMs,
});
export type StorageService = z.infer<typeof storageService>;

/** Something that was sent and not stored, with its cause. */
export const storageDrop = z.object({
  /** A stable word: `too-large`, `shed`, `cardinality`, `undecodable`, ... */
  cause: z.string(),
  /** Service or token that sent it; empty when unknown. */
  sender: z.string(),
  signal: storageSignal,
  count,
  /** First and last time it happened since the server started. */
  firstAt: timestamp,
  lastAt: timestamp,
  /** What ends it. */
  mend: z.string(),
});
export type StorageDrop = z.infer<typeof storageDrop>;

/** A part of a table that could not be read and was set aside. */
export const quarantinedPart = z.object({
  table: z.string(),
  /** Day of arrival, `2026-11-24`; empty when unknown. */
  day: z.string(),
  part: z.string(),
  reason: z.string(),
  foundAt: timestamp,
  /** Rows that are missing because of it; null when unknown. */
  rows: count.nullable(),
  bytesOnDisk: bytes,
});
export type QuarantinedPart = z.infer<typeof quarantinedPart>;

/** What ageing does, or would do, to one day of a table. */
export const ageingStep = z.object({
  table: z.string(),
  /** Day of arrival, `2026-11-24`. */
  day: z.string(),
  /** `thin`: to a weighted sample and the services still kept; `drop`: the day goes; `compact`: sums of one bucket together. */
  action: z.enum(['thin', 'drop', 'compact']),
  /** `age`: retention; `budget`: more bytes than the budget; `disk`: the disk is nearly full. */
  because: z.enum(['age', 'budget', 'disk']),
  rowsBefore: count,
  /** Null in a plan: known after the work. */
  rowsAfter: count.nullable(),
  bytesBefore: bytes,
  /** An estimate in a plan. */
  bytesAfter: bytes,
});
export type AgeingStep = z.infer<typeof ageingStep>;

/** One run of ageing. */
export const ageingRun = z.object({
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
  steps: z.array(ageingStep),
  bytesFreed: z.number().int(),
  /** What went wrong; the run is repeated. */
  failure: z.string().nullable(),
});
export type AgeingRun = z.infer<typeof ageingRun>;

/** What would be aged now, and what is in force. */
export const storagePlan = z.object({
  at: timestamp,
  steps: z.array(ageingStep),
  bytesBefore: bytes,
  /** An estimate. */
  bytesAfter: bytes,
  budgetBytes: bytes.nullable(),
  /** In words, e.g. `raw spans 3 d, then 10% weighted until 30 d`. */
  rules: z.array(z.string()),
});
export type StoragePlan = z.infer<typeof storagePlan>;

/** What rollups are made, and how far they have come. */
export const storageRollup = z.object({
  table: z.string(),
  /** Everything that arrived before is in the rollup; null before the first. */
  through: timestamp.nullable(),
  rows: count,
  bytesOnDisk: bytes,
});
export type StorageRollup = z.infer<typeof storageRollup>;

/** Everything about the space that telemetry takes. */
export const storageView = z.object({
  at: timestamp,
  /** True when a ClickHouse server is used: disk figures are then those of its tables only. */
  isRemote: z.boolean(),
  tables: z.array(storageTable),
  /** The hundred largest. */
  services: z.array(storageService),
  saved: z.object({
    /** Uncompressed minus on disk, of what is stored. */
    byCompression: bytes,
    /** What the rows that ageing left out would take on disk. */
    bySampling: bytes,
    /** What days that only rollups remember took on disk. */
    byRollup: bytes,
    /** Saved by ageing, 0 to 1 of what would be on disk without it. */
    share: z.number().min(0).max(1),
  }),
  drops: z.array(storageDrop),
  disk: z.object({
    freeBytes: bytes.nullable(),
    totalBytes: bytes.nullable(),
    /** Below this much free disk nothing is stored. */
    minFreeBytes: bytes,
    usedBytes: bytes,
    budgetBytes: bytes.nullable(),
    state: z.enum(['fine', 'low', 'full']),
  }),
  rollups: z.array(storageRollup),
  ageing: z.object({ isRunning: z.boolean(), nextAt: timestamp.nullable(), last: ageingRun.nullable() }),
  quarantined: z.array(quarantinedPart),
});
export type StorageView = z.infer<typeof storageView>;
