import { createHash } from 'node:crypto';
import type { BackupManifest } from '@belay/protocol';
import type BetterSqlite from 'better-sqlite3';
import { migrationTables } from './migration-tables.ts';

export type TableRows = BackupManifest['tables'][number];

/** Tables with more rows are counted by their largest rowid: an exact count would read the whole table. */
const ESTIMATE_ABOVE = 50_000_000;

/** Rows of every ordinary table, by name. Virtual tables are made of ordinary ones, which are counted. */
export function countTables(db: BetterSqlite.Database): TableRows[] {
  return tableNames(db).map((name) => {
    const table = quoted(name);
    const largest = rowidOf(db, table);
    if (largest !== null && largest > ESTIMATE_ABOVE) return { name, rows: largest, isEstimate: true };
    return { name, rows: numberOf(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()), isEstimate: false };
  });
}

/** SHA-256 over the sorted definitions of tables, indexes, views and triggers. */
export function schemaHashOf(db: BetterSqlite.Database): string {
  const rows = db
    .prepare(
      `SELECT type || char(0) || name || char(0) || tbl_name || char(0) || sql
       FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1`,
    )
    .pluck()
    .all();
  return createHash('sha256').update(rows.map(String).join('\n')).digest('hex');
}

/** Newest migration that a migration tool noted; null when none of the known ones did. */
export function migrationOf(db: BetterSqlite.Database): string | null {
  const names = new Set(tableNames(db));
  for (const [table, column] of migrationTables) {
    if (!names.has(table)) continue;
    const columns = db.prepare(`SELECT name FROM pragma_table_info(?)`).pluck().all(table);
    if (!columns.includes(column)) continue;
    const newest = db
      .prepare(`SELECT max(${quoted(column)}) FROM ${quoted(table)}`)
      .pluck()
      .get();
    if (typeof newest === 'string' || typeof newest === 'number') return String(newest).slice(0, 200);
  }
  return null;
}

/** How many rows point to a parent that is not there. */
export function foreignKeyViolations(db: BetterSqlite.Database): number {
  return numberOf(db.prepare('SELECT count(*) FROM pragma_foreign_key_check').pluck().get());
}

function tableNames(db: BetterSqlite.Database): string[] {
  return db
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0
       AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .pluck()
    .all()
    .map(String);
}

/** Null for tables without rowids. */
function rowidOf(db: BetterSqlite.Database, table: string): number | null {
  try {
    return numberOf(db.prepare(`SELECT max(rowid) FROM ${table}`).pluck().get() ?? 0);
  } catch (error) {
    if (error instanceof Error && /no such column/.test(error.message)) return null;
    throw error;
  }
}

function numberOf(value: unknown): number {
  return Number(value);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
