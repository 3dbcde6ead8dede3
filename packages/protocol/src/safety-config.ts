import { z } from 'zod';
import { durationText } from './plan.ts';

/** Name of a source or destination; part of file names, so letters, digits, dash and underscore only. */
export const backupName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'use letters, digits, "-" or "_", starting with a letter or digit');

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'write the name of an environment variable');
const filePath = z.string().min(1).max(1024);

/** Where backups are kept. Secrets are named by environment variables and never stand here. */
export const destinationConfig = z.discriminatedUnion('type', [
  /** A folder, best on another disk. It must exist: Belay does not make it under an unmounted disk. */
  z.strictObject({ type: z.literal('folder'), path: filePath }),
  /** A bucket of anything that speaks S3. */
  z.strictObject({
    type: z.literal('s3'),
    endpoint: z.url().max(500),
    bucket: z.string().min(1).max(255),
    region: z.string().min(1).max(64).optional(),
    /** Put before every object name; one per Belay that shares the bucket. */
    prefix: z.string().max(256).optional(),
    /** Default true: `https://host/bucket/key`; false: `https://bucket.host/key`. */
    path_style: z.boolean().optional(),
    /** Variables that hold the keys. Default AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
    access_key_env: variableName.optional(),
    secret_key_env: variableName.optional(),
    /** Nobody may delete what is stored for so many days. The bucket needs object lock. */
    lock: z
      .strictObject({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), days: z.number().int().min(1).max(3650) })
      .optional(),
  }),
]);
export type DestinationConfig = z.infer<typeof destinationConfig>;

/** One query that must return no row, or one number within limits. Read-only; run on restored copies. */
export const invariantConfig = z
  .strictObject({
    sql: z.string().min(1).max(10_000),
    /** With a limit the query returns one number; without both it must return no row. */
    min: z.number().finite().optional(),
    max: z.number().finite().optional(),
  })
  .or(z.string().min(1).max(10_000));
export type InvariantConfig = z.infer<typeof invariantConfig>;

const ofEverySource = {
  /** Cron, five fields; default `backups.schedule`. `off`: only on demand. */
  schedule: z.string().min(1).max(120).optional(),
  /** Default: every destination. */
  destinations: z.array(backupName).min(1).max(10).optional(),
  /** Named queries that must hold in every restored copy (level L4). */
  invariants: z
    .record(z.string().min(1).max(80), invariantConfig)
    .refine((value) => Object.keys(value).length <= 100, { message: 'name at most 100 invariants' })
    .optional(),
  /** A program that is run on the restored copy (level L4); exit 0 is good. BELAY_COPY holds its path or URL. */
  smoke: z.array(z.string().min(1).max(1000)).min(1).max(50).optional(),
  /** Longest that one backup may take. Default `backups.deadline`. */
  deadline: durationText.optional(),
  /** Age of the newest proven restore point that raises the alarm. Default `backups.max_age`. */
  max_age: durationText.optional(),
  /** Kept for later: nothing is restored by itself yet, and `enabled: true` is refused. */
  auto_restore: z
    .strictObject({
      enabled: z.boolean(),
      /** Oldest backup that may be used, which is what may be lost. Default `5m`. */
      max_loss: durationText.optional(),
    })
    .optional(),
};

/** A database to keep safe. */
export const backupSourceConfig = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('sqlite'), path: filePath, ...ofEverySource }),
  z.strictObject({
    type: z.literal('postgres'),
    /** `postgres://user@host/database`; passwords by `${VARIABLE}` or a passfile. */
    url: z.string().min(1).max(2000),
    /** Folder of pg_dump, pg_restore and initdb. Default: the newest installed that fits the server. */
    bin: filePath.optional(),
    ...ofEverySource,
  }),
]);
export type BackupSourceConfig = z.infer<typeof backupSourceConfig>;

const copies = z.number().int().min(0).max(1000);

/** How many proven backups are kept; each rule counts the periods that have one, so that failures delete nothing. */
export const backupRetentionConfig = z.strictObject({
  last: copies.optional(),
  hourly: copies.optional(),
  /** Default 7. */
  daily: copies.optional(),
  /** Default 4. */
  weekly: copies.optional(),
  /** Default 6. */
  monthly: copies.optional(),
  yearly: copies.optional(),
  /** Newest taken before migrations. Default 3. */
  pre_migration: copies.optional(),
  /** Proven copies below which nothing is ever deleted, per source and destination. Default 3. */
  min_proven: z.number().int().min(1).max(1000).optional(),
});
export type BackupRetentionConfig = z.infer<typeof backupRetentionConfig>;

/** A query over one of the databases of `backups.sources` that must hold while it is in use. */
export const liveInvariantConfig = z.strictObject({
  /** A name in `backups.sources`. */
  source: backupName,
  sql: z.string().min(1).max(10_000),
  /** With a limit the query returns one number; without both it must return no row. */
  min: z.number().finite().optional(),
  max: z.number().finite().optional(),
});
export type LiveInvariantConfig = z.infer<typeof liveInvariantConfig>;

/** `backups:` and `invariants:` of belay.yaml. */
export const safetyConfig = {
  /**
   * Named queries that must hold: checked hourly, after each announced deploy and on demand, read-only, at most 10 s each.
   * While one is broken no rollout goes on. Those of `backups.sources.<name>.invariants` are checked likewise.
   */
  invariants: z
    .record(z.string().min(1).max(80), liveInvariantConfig)
    .refine((value) => Object.keys(value).length <= 200, { message: 'name at most 200 invariants' })
    .optional(),
  backups: z
    .strictObject({
      /** Databases by name. Belay's own control store is always one, `belay`, unless `own_store` is false. */
      sources: z.record(backupName, backupSourceConfig).optional(),
      /** Places by name. Without any: `local`, the folder `backups` in Belay's data folder. */
      destinations: z.record(backupName, destinationConfig).optional(),
      own_store: z.boolean().optional(),
      /** Cron of sources that name none. Default `17 3 * * *`, every day at 03:17. */
      schedule: z.string().min(1).max(120).optional(),
      /** IANA name for schedules. Default: the machine's. */
      timezone: z.string().min(1).max(64).optional(),
      /** Scheduled backups start up to this much later, so that many do not start at once. Default `10m`. */
      jitter: durationText.optional(),
      deadline: durationText.optional(),
      max_age: durationText.optional(),
      /**
       * Where scratch space for copies and drills may be; Belay uses and clears its own folder `belay-backup-work` in it.
       * Default: the folder `backup-work` in Belay's data folder.
       */
      work_folder: filePath.optional(),
      /** age recipients (`age1...`) who can open backups; none: not encrypted. */
      recipients: z
        .array(z.string().regex(/^age1[0-9a-z]{20,120}$/, 'write an age recipient such as "age1..."'))
        .max(20)
        .optional(),
      /** File with an age identity, so that drills can open what they prove. Keep a second copy elsewhere. */
      identity_file: filePath.optional(),
      retention: backupRetentionConfig.optional(),
    })
    .optional(),
};
