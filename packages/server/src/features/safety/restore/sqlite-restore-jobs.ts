import BetterSqlite from 'better-sqlite3';
import { countTables, schemaHashOf, type TableRows } from '../sources/sqlite-facts.ts';
import { placeCopy } from './place-copy.ts';

export interface SqliteLookJob {
  readonly file: string;
}

/** What the live database holds now; only what is quick to find out. */
export interface SqliteLook {
  readonly tables: readonly TableRows[];
  readonly schemaHash: string;
}

export async function lookAtSqlite({ file }: SqliteLookJob): Promise<SqliteLook> {
  const db = new BetterSqlite(file, { readonly: true, fileMustExist: true, timeout: 5000 });
  try {
    db.exec('BEGIN');
    return { tables: countTables(db), schemaHash: schemaHashOf(db) };
  } finally {
    db.close();
  }
}

export interface SqlitePlaceJob {
  readonly copy: string;
  readonly target: string;
}

export async function placeSqlite({ copy, target }: SqlitePlaceJob): Promise<{ readonly target: string }> {
  await placeCopy(copy, target);
  return { target };
}
