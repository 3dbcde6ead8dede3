/** How a look at a database ended. Only `corrupt` says that stored bytes are wrong; everything else can pass by itself. */
export type DatabaseLook =
  | 'sound'
  /** `integrity_check` reported damage, or the server reported a checksum error of a page. */
  | 'corrupt'
  /** The disk or its driver reported an error: bytes may be fine once it is gone. */
  | 'io-error'
  | 'disk-full'
  | 'busy'
  | 'too-many-open-files'
  | 'missing'
  | 'not-permitted'
  /** An engine that is older or newer than the one that wrote the file. */
  | 'version-mismatch'
  | 'timeout'
  | 'unknown';

/** One full check of a database by a process that was started for it. */
export interface CorruptionLook {
  readonly result: DatabaseLook;
  /** Unix ms. */
  readonly at: number;
  /** Different for every process that looks, so that one broken process cannot testify twice. */
  readonly process: string;
  /** Whether the whole of `integrity_check` ran, or all checksums were verified; `quick_check` is not enough. */
  readonly isFull: boolean;
  /** Identity of the file system the file is on (device number); another one means that a mount is missing. */
  readonly device: string;
}

/** Everything the decision depends on. */
export interface AutoRestoreInput {
  readonly now: number;
  readonly rule: AutoRestoreRule;
  /** Oldest first. */
  readonly looks: readonly CorruptionLook[];
  /** Device the database was on when it was last sound; null when that was never noted. */
  readonly soundDevice: string | null;
  readonly live: SchemaIdentity | null;
  /** The newest backup that is proven by a restore (L3 or more); null when there is none. */
  readonly newestProven: ProvenRestorePoint | null;
  /** Whether nothing can write to the database until the restore is over. */
  readonly areWritersFenced: boolean;
  /** Whether the service tells that it is not ready. */
  readonly isReadinessDown: boolean;
  /** Whether the damaged files are kept elsewhere, checked by size and hash. */
  readonly isDamageKept: boolean;
  /** Unix ms of the last automatic restore of this source; null for never. */
  readonly lastAutoRestoreAt: number | null;
  /** Whether the clock has gone evenly for a day (see `nextClockTrust`). */
  readonly isClockEven: boolean;
}

/** What was allowed for a source; off unless somebody switched it on. */
export interface AutoRestoreRule {
  readonly isEnabled: boolean;
  /** Oldest restore point that may be used, ms: what may be lost without asking anybody. */
  readonly maxLossMs: number;
}

/** Identity of what a database holds. */
export interface SchemaIdentity {
  readonly schemaHash: string;
  readonly migrationId: string | null;
}

/** A restore point that a drill has proven. */
export interface ProvenRestorePoint extends SchemaIdentity {
  readonly backup: string;
  readonly snapshotAt: number;
}

/** Either go, or every reason why not. Whatever it is, a person is told. */
export interface AutoRestoreDecision {
  readonly mayRestore: boolean;
  readonly backup: string | null;
  /** Empty when it may. */
  readonly because: readonly string[];
}

/** Off, and five minutes of loss at most when switched on. */
export const defaultAutoRestore: AutoRestoreRule = { isEnabled: false, maxLossMs: 300_000 };

/** Two looks must be this far apart, so that one bad moment does not count twice. */
export const LOOKS_APART_MS = 10_000;
/** Older looks say nothing of now. */
const LOOKS_FRESH_MS = 10 * 60_000;
const ONCE_IN_MS = 86_400_000;

/**
 * Decides whether a database may be replaced by its newest proven backup without asking a person. Restoring destroys
 * what was written since, so every condition must hold and a doubt is a no: opted in; corruption proven twice, at least
 * 10 s apart, by full checks of two processes and by nothing else in between; on the device it always was on; writers
 * fenced and readiness down; the damaged files kept; a proven backup no older than allowed, with the same schema and
 * migration; not restored automatically within a day; and a clock to believe.
 */
export function decideAutoRestore(input: AutoRestoreInput): AutoRestoreDecision {
  const because = [
    ...(input.rule.isEnabled ? [] : ['automatic restore is off for this source']),
    ...corruptionDoubts(input),
    ...(input.areWritersFenced ? [] : ['something can still write to the database']),
    ...(input.isReadinessDown ? [] : ['the service still says that it is ready']),
    ...(input.isDamageKept ? [] : ['the damaged files are not kept yet']),
    ...restorePointDoubts(input),
    ...clockDoubts(input),
  ];
  const mayRestore = because.length === 0;
  return { mayRestore, backup: mayRestore ? (input.newestProven?.backup ?? null) : null, because };
}

function corruptionDoubts({ looks, now, soundDevice }: AutoRestoreInput): readonly string[] {
  const fresh = looks.filter(({ at }) => at <= now && now - at <= LOOKS_FRESH_MS).sort((a, b) => a.at - b.at);
  const last = fresh.at(-1);
  if (last === undefined) return ['nobody has looked at the database lately'];
  const other = fresh.find(({ result }) => result !== 'corrupt');
  if (other !== undefined) return [`a look ended with ${other.result}, which is not corruption`];
  const full = fresh.filter(({ isFull }) => isFull);
  const first = full.find(({ process, at }) => process !== last.process && last.at - at >= LOOKS_APART_MS);
  const doubts: string[] = [];
  if (!last.isFull || first === undefined)
    doubts.push('corruption was not found twice by full checks of two processes, 10 s apart');
  if (soundDevice === null) doubts.push('it is not known which device the sound database was on');
  else if (fresh.some(({ device }) => device !== soundDevice))
    doubts.push('the file is on another device than before: is a disk not mounted?');
  return doubts;
}

function restorePointDoubts({ newestProven, live, rule, now }: AutoRestoreInput): readonly string[] {
  if (newestProven === null) return ['there is no proven backup'];
  const ageMs = now - newestProven.snapshotAt;
  const doubts: string[] = [];
  if (!(ageMs >= 0)) doubts.push('the newest proven backup is from the future: a clock is wrong');
  else if (!(ageMs <= rule.maxLossMs))
    doubts.push(`the newest proven backup is ${Math.ceil(ageMs / 1000)} s old; ${rule.maxLossMs / 1000} s may be lost`);
  if (live === null) doubts.push('the schema of the live database cannot be read');
  else if (live.schemaHash !== newestProven.schemaHash) doubts.push('the schema changed since the backup');
  else if (live.migrationId !== newestProven.migrationId) doubts.push('a migration ran since the backup');
  return doubts;
}

function clockDoubts({ lastAutoRestoreAt, now, isClockEven }: AutoRestoreInput): readonly string[] {
  const doubts = isClockEven ? [] : ['the clock has not gone evenly for long enough'];
  if (lastAutoRestoreAt === null) return doubts;
  // A restore in the future is a clock that went back, and counts as just now.
  if (now - lastAutoRestoreAt < ONCE_IN_MS) doubts.push('it was restored automatically within the last day already');
  return doubts;
}

/**
 * What a failure of the engine means. Codes: SQLite's extended result codes, PostgreSQL's SQLSTATE, or `errno` names.
 * Only codes that say that stored bytes are wrong count as corruption; what is not known is `unknown`.
 */
export function lookOfFailure(code: string): DatabaseLook {
  if (code === 'XX001' || code === 'XX002' || code === 'SQLITE_CORRUPT' || code.startsWith('SQLITE_CORRUPT_'))
    return 'corrupt';
  for (const [look, prefixes] of FAILURES) if (prefixes.some((prefix) => code.startsWith(prefix))) return look;
  return 'unknown';
}

/** SQLITE_NOTADB is no proof: a mount that is missing, an empty file of a wrong path or an encrypted file give it, too. */
const FAILURES: readonly (readonly [DatabaseLook, readonly string[]])[] = [
  ['busy', ['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL', '55P03', '57P03', '53300']],
  ['io-error', ['SQLITE_IOERR', '58030', 'EIO', 'ENODEV', 'ENXIO', 'ESTALE']],
  ['disk-full', ['SQLITE_FULL', '53100', 'ENOSPC', 'EDQUOT']],
  ['too-many-open-files', ['EMFILE', 'ENFILE', '53400']],
  ['not-permitted', ['SQLITE_READONLY', 'SQLITE_PERM', 'SQLITE_AUTH', 'EACCES', 'EPERM', '28', '42501']],
  ['missing', ['SQLITE_CANTOPEN', 'SQLITE_NOTADB', 'ENOENT', 'ENOTDIR', '3D000', '58P01']],
  ['version-mismatch', ['SQLITE_FORMAT', 'SQLITE_SCHEMA', 'SQLITE_MISMATCH', '0A000']],
  ['timeout', ['SQLITE_INTERRUPT', '57014', 'ETIMEDOUT']],
];
