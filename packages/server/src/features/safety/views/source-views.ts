import type { ProofLevel, SafetyLease, SafetyOperation, SafetySource } from '@belay/protocol';
import type { BackupSource } from '../backup-settings.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { isProven, levelOf } from '../catalogue/level-of.ts';

export interface SourceFacts {
  readonly source: BackupSource;
  /** Newest first. */
  readonly entries: readonly CatalogueEntry[];
  /** Newest first. */
  readonly attempts: readonly SafetyOperation[];
  readonly leases: readonly SafetyLease[];
  readonly nextAt: number | null;
  readonly now: number;
}

const LEVELS: readonly ProofLevel[] = ['L4', 'L3', 'L2', 'L1', 'L0'];
/** Clocks of two machines may differ by less. */
const AHEAD_MS = 3_600_000;
const RANK: Readonly<Record<ProofLevel, number>> = { L0: 0, L1: 1, L2: 2, L3: 3, L4: 4 };

/** How a source stands: what counts is the age of the newest restore point that a drill has proven. */
export function sourceViewOf(facts: SourceFacts): SafetySource {
  const { source, entries, now, nextAt, leases } = facts;
  const leveled = entries.map((entry) => ({ entry, level: levelOf(entry) }));
  const proven = leveled.find(({ level }) => isProven(level));
  const ageMs = proven === undefined ? null : Math.max(0, now - proven.entry.manifest.snapshotAt);
  const aheadMs = proven === undefined ? 0 : Math.max(0, proven.entry.manifest.snapshotAt - now);
  const attempt = facts.attempts.find(({ kind }) => kind === 'backup');
  const lease = leases.find((held) => held.source === null || held.source === source.name);
  return {
    name: source.name,
    engine: source.database.engine,
    location: locationOf(source),
    isOwn: source.isOwn,
    ...judge(facts, { ageMs, aheadMs, hasProven: proven !== undefined, attempt }),
    schedule: source.schedule,
    nextAt,
    waitsFor: lease === undefined ? null : `${lease.reason} (${lease.holder})`,
    lastAttempt: attempt === undefined ? null : attemptView(attempt),
    lastSuccessAt: entries.find(({ state }) => state === 'good')?.manifest.endedAt ?? null,
    newestProven: proven === undefined ? null : provenView(proven.entry, proven.level ?? 'L3'),
    ageMs,
    maxAgeMs: source.maxAgeMs,
    levels: LEVELS.flatMap((level) => {
      const newest = leveled.find((one) => one.level !== null && RANK[one.level] >= RANK[level]);
      const { id, snapshotAt } = newest?.entry.manifest ?? {};
      return id === undefined || snapshotAt === undefined ? [] : [{ level, backup: id, snapshotAt }];
    }),
    backups: entries.length,
    proven: leveled.filter(({ level }) => isProven(level)).length,
    bytes: entries.reduce((sum, { manifest }) => sum + manifest.artefact.bytes, 0),
    autoRestore: source.autoRestore.isEnabled,
  };
}

/** Path, or URL without its password. */
export function locationOf({ database }: BackupSource): string {
  if (database.engine === 'sqlite') return database.path;
  if (!URL.canParse(database.url)) return 'postgres';
  const url = new URL(database.url);
  url.password = '';
  url.search = '';
  return url.href;
}

interface Judged {
  readonly ageMs: number | null;
  /** How far the newest proven state is dated in the future. */
  readonly aheadMs: number;
  readonly hasProven: boolean;
  readonly attempt: SafetyOperation | undefined;
}

type Judgement = Pick<SafetySource, 'state' | 'problem' | 'mend'>;

function judge({ source, entries }: SourceFacts, { ageMs, aheadMs, hasProven, attempt }: Judged): Judgement {
  const failure = attempt?.state === 'failed' ? attempt.failure : null;
  const now = `belay backup now ${source.name}`;
  if (failure !== null) {
    const problem = `The last backup failed: ${failure.message}`;
    const state = ageMs !== null && ageMs > source.maxAgeMs ? 'late' : 'failing';
    return { state, problem, mend: failure.hint ?? now };
  }
  const [newest] = entries;
  if (newest === undefined) return { state: 'never', problem: 'It was never backed up.', mend: now };
  if (!hasProven)
    return {
      state: 'unproven',
      problem: 'No backup of it was ever restored as a drill.',
      mend: `belay backup drill ${newest.manifest.id}`,
    };
  if (aheadMs > AHEAD_MS)
    return {
      state: 'late',
      problem: `The newest proven state is dated ${Math.round(aheadMs / 3_600_000)} h in the future: a clock was or is wrong, and its age is not known.`,
      mend: `Correct the clock, then: ${now}`,
    };
  if (ageMs !== null && ageMs > source.maxAgeMs)
    return {
      state: 'late',
      problem: `The newest state that is proven restorable is ${Math.round(ageMs / 3_600_000)} h old.`,
      mend: now,
    };
  const suspicion = newest.manifest.warnings.find((text) => text.startsWith('Suspicious: '));
  return {
    state: 'ok',
    problem: suspicion ?? null,
    mend: suspicion === undefined ? null : `belay backup list ${source.name}`,
  };
}

function attemptView({ state, startedAt, failure, result }: SafetyOperation): SafetySource['lastAttempt'] {
  const outcome = state === 'waiting' ? 'running' : state;
  return { at: startedAt, outcome, message: failure?.message ?? result };
}

function provenView({ manifest, receipts, copies }: CatalogueEntry, level: ProofLevel): SafetySource['newestProven'] {
  const receipt = receipts.findLast(({ proven }) => isProven(proven));
  return {
    backup: manifest.id,
    level,
    snapshotAt: manifest.snapshotAt,
    provenAt: receipt === undefined ? manifest.endedAt : receipt.startedAt + receipt.elapsedMs,
    restoreMs: receipt?.restoreMs ?? null,
    places: copies.filter(({ state }) => state === 'verified').map(({ destination }) => destination),
  };
}
