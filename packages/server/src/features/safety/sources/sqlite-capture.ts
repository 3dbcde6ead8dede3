import { statSync } from 'node:fs';
import { open, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { BackupManifest } from '@belay/protocol';
import { BelayError } from '@belay/core';
import BetterSqlite from 'better-sqlite3';
import { keepPartial } from '../../../platform/files/keep-partial.ts';
import type { TellProgress } from '../work/work-jobs.ts';
import { countTables, foreignKeyViolations, migrationOf, schemaHashOf, type TableRows } from './sqlite-facts.ts';
import { canLoseCommits, versionOfNumber } from './sqlite-version.ts';

export interface SqliteCaptureJob {
  readonly path: string;
  /** Where the plain copy goes. */
  readonly target: string;
}

/** A plain copy of a database as it was at one moment, and what is in it. */
export interface SqliteCapture {
  readonly engineVersion: string;
  readonly snapshotAt: number;
  readonly snapshot: Extract<BackupManifest['snapshot'], { readonly engine: 'sqlite' }>;
  readonly schemaHash: string;
  readonly migrationId: string | null;
  readonly tables: readonly TableRows[];
  readonly warnings: readonly string[];
  /** Times that the copy had to begin anew; 0 by design. */
  readonly restarts: number;
  readonly copyMs: number;
  readonly rawBytes: number;
}

/** 4 MB of the usual pages: short enough to hold nobody up, long enough to be quick. */
const PAGES_PER_STEP = 1000;
const BUSY_MS = 10_000;
const WAL_LIMIT = 2 * 2 ** 30;
const WAL_SHARE_OF_FREE = 0.25;

/**
 * Copies a live database by SQLite's backup API from a pinned snapshot. Without the pin every foreign commit makes the
 * copy begin anew, so that it never ends on a database that is in use; copying the file instead would be corruption.
 */
export async function captureSqlite(job: SqliteCaptureJob, tell: TellProgress): Promise<SqliteCapture> {
  const db = await openSource(job.path);
  const partial = `${job.target}.partial`;
  try {
    const pinned = await copyPinned(db, { ...job, partial }, tell);
    const foreignKeyRows = settleCopy(partial);
    await keepPartial(partial, job.target);
    const warnings = [...pinned.warnings];
    if (foreignKeyRows > 0) warnings.push(`${foreignKeyRows} rows point to rows that are not there (foreign keys).`);
    return {
      ...pinned,
      snapshot: { ...pinned.snapshot, foreignKeyViolations: foreignKeyRows },
      warnings,
      rawBytes: (await stat(job.target)).size,
    };
  } finally {
    db.close();
    for (const left of [partial, `${partial}-wal`, `${partial}-shm`, `${partial}-journal`])
      await rm(left, { force: true });
  }
}

async function openSource(file: string): Promise<BetterSqlite.Database> {
  if (!(await isFile(file)))
    throw new BelayError('backup.source-unavailable', `There is no database file ${file}.`, {
      hint: 'Correct `path` of the source in belay.yaml, or mount its disk.',
    });
  try {
    const db = new BetterSqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
    const version = String(db.prepare('SELECT sqlite_version()').pluck().get());
    if (!canLoseCommits(version)) return db;
    db.close();
    throw new BelayError('backup.engine-unsafe', `SQLite ${version} can lose commits in WAL mode.`, {
      hint: 'Install a better-sqlite3 with SQLite 3.51.3 or newer.',
    });
  } catch (error) {
    throw sourceFailure(error, file);
  }
}

interface CopyJob extends SqliteCaptureJob {
  readonly partial: string;
}

type Pinned = Omit<SqliteCapture, 'rawBytes'>;

async function copyPinned(db: BetterSqlite.Database, job: CopyJob, tell: TellProgress): Promise<Pinned> {
  const startedAt = performance.now();
  try {
    db.exec('BEGIN');
    // The first read takes the snapshot; from here on foreign commits are invisible to this connection.
    db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
    const snapshotAt = Date.now();
    const facts = await factsOf(db, job.path);
    const restarts = await copyPages(db, job, tell);
    const tables = countTables(db);
    db.exec('COMMIT');
    return { ...facts, snapshotAt, tables, restarts, copyMs: Math.round(performance.now() - startedAt) };
  } catch (error) {
    throw sourceFailure(error, job.path);
  }
}

type Facts = Pick<Pinned, 'engineVersion' | 'snapshot' | 'schemaHash' | 'migrationId' | 'warnings'>;

async function factsOf(db: BetterSqlite.Database, file: string): Promise<Facts> {
  const pragma = (name: string): unknown => db.pragma(name, { simple: true });
  const journalMode = String(pragma('journal_mode'));
  const writerVersion = versionOfNumber(await writerNumber(file));
  return {
    engineVersion: String(db.prepare('SELECT sqlite_version()').pluck().get()),
    snapshot: {
      engine: 'sqlite',
      journalMode,
      pageSize: Number(pragma('page_size')),
      pageCount: Number(pragma('page_count')),
      userVersion: Number(pragma('user_version')),
      applicationId: Number(pragma('application_id')),
      writerVersion,
      foreignKeyViolations: 0,
    },
    schemaHash: schemaHashOf(db),
    migrationId: migrationOf(db),
    warnings: [
      ...(journalMode === 'wal'
        ? []
        : ['Writers wait while this database is copied: it is not in WAL mode (PRAGMA journal_mode = WAL).']),
      ...(journalMode === 'wal' && canLoseCommits(writerVersion)
        ? [`The service writes with SQLite ${writerVersion}, which can lose commits in WAL mode: use 3.51.3 or newer.`]
        : []),
    ],
  };
}

/** Bytes 96 to 99 of the header: which SQLite wrote the file last. */
async function writerNumber(file: string): Promise<number> {
  const handle = await open(file, 'r');
  try {
    const header = Buffer.alloc(100);
    await handle.read(header, 0, header.length, 0);
    return header.readUInt32BE(96);
  } finally {
    await handle.close();
  }
}

async function copyPages(db: BetterSqlite.Database, { path: file, partial }: CopyJob, tell: TellProgress) {
  const walLimit = await walLimitOf(file);
  let restarts = 0;
  let before = Infinity;
  await rm(partial, { force: true });
  await db.backup(partial, {
    progress: ({ totalPages, remainingPages }) => {
      if (remainingPages > before) restarts += 1;
      before = remainingPages;
      guardWal(file, walLimit);
      tell({ done: totalPages - remainingPages, total: totalPages });
      return PAGES_PER_STEP;
    },
  });
  return restarts;
}

/** While a snapshot is pinned the write-ahead log only grows. */
async function walLimitOf(file: string): Promise<number> {
  const { bavail, bsize } = await statfs(path.dirname(file));
  return Math.min(WAL_LIMIT, bavail * bsize * WAL_SHARE_OF_FREE);
}

function guardWal(file: string, limit: number): void {
  const bytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= limit) return;
  throw new BelayError('backup.source-busy', `The write-ahead log of ${file} grew to ${bytes} bytes during the copy.`, {
    hint: 'The copy was given up so that the disk does not fill. It is tried again later; a faster disk or a quieter hour helps.',
  });
}

/** Out of WAL mode, so that opening the copy makes no files beside it and its bytes stay what was hashed. */
function settleCopy(partial: string): number {
  const copy = new BetterSqlite(partial);
  try {
    copy.pragma('journal_mode = DELETE');
    return foreignKeyViolations(copy);
  } finally {
    copy.close();
  }
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

function sourceFailure(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return new BelayError('backup.source-busy', `${file} is locked by another process (${message}).`, {
      hint: `It stayed locked for ${BUSY_MS / 1000} s. Find who holds it: fuser -v ${file}`,
    });
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return new BelayError('backup.source-corrupt', `${file} is damaged or no SQLite database (${message}).`, {
      hint: 'Do not overwrite it. Restore the newest proven backup beside it: belay backup restore.',
    });
  if (code === 'SQLITE_CANTOPEN' || code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_PERM'))
    return new BelayError('backup.source-unavailable', `${file} cannot be opened (${message}).`, {
      hint: 'The user of Belay needs to read the file and to write its folder (SQLite keeps locks there).',
    });
  return error;
}
