import { BelayError } from '@belay/core';
import type { InvariantResult } from '@belay/protocol';
import BetterSqlite from 'better-sqlite3';
import type { Invariant } from '../work/work-jobs.ts';
import { judgeInvariant } from './judge-invariant.ts';
import { countTables, foreignKeyViolations, migrationOf, schemaHashOf, type TableRows } from './sqlite-facts.ts';

export interface SqliteInspectJob {
  readonly file: string;
  readonly invariants: readonly Invariant[];
}

/** What a copy is found to hold. */
export interface SqliteInspection {
  /** Empty when `integrity_check` finds nothing. */
  readonly damage: readonly string[];
  readonly foreignKeyViolations: number;
  readonly schemaHash: string;
  readonly migrationId: string | null;
  readonly tables: readonly TableRows[];
  readonly invariants: readonly InvariantResult[];
  readonly bytes: number;
}

const FINDINGS = 20;

/** Reads a copy from end to end: every page, index, reference, count and invariant. Changes nothing. */
export async function inspectSqlite({ file, invariants }: SqliteInspectJob): Promise<SqliteInspection> {
  const db = openCopy(file);
  try {
    const damage = db.prepare(`PRAGMA integrity_check(${FINDINGS})`).pluck().all().map(String);
    return {
      damage: damage.length === 1 && damage[0] === 'ok' ? [] : damage,
      foreignKeyViolations: foreignKeyViolations(db),
      schemaHash: schemaHashOf(db),
      migrationId: migrationOf(db),
      tables: countTables(db),
      invariants: invariants.map((invariant) => checkInvariant(db, invariant)),
      bytes: Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true })),
    };
  } catch (error) {
    throw damaged(error);
  } finally {
    db.close();
  }
}

function checkInvariant(db: BetterSqlite.Database, invariant: Invariant): InvariantResult {
  const { name, sql } = invariant;
  try {
    const statement = db.prepare(sql);
    // The copy is opened read-only besides; this gives the clearer message.
    if (!statement.reader || !statement.readonly)
      return { name, outcome: 'failed', detail: 'It must be one SELECT: an invariant that writes is never run.' };
    const rows: unknown[] = [];
    for (const row of statement.raw().iterate()) {
      rows.push(row);
      if (rows.length > FINDINGS) break;
    }
    return judgeInvariant(invariant, rows);
  } catch (error) {
    return { name, outcome: 'failed', detail: error instanceof Error ? error.message.slice(0, 500) : String(error) };
  }
}

function openCopy(file: string): BetterSqlite.Database {
  try {
    return new BetterSqlite(file, { readonly: true, fileMustExist: true });
  } catch (error) {
    throw damaged(error);
  }
}

function damaged(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code !== 'SQLITE_NOTADB' && !code.startsWith('SQLITE_CORRUPT')) return error;
  const message = error instanceof Error ? error.message : '';
  return new BelayError('backup.corrupt', `The restored copy is damaged (${message}).`, {
    hint: 'Use another backup or the copy at another destination: belay backup list.',
  });
}
