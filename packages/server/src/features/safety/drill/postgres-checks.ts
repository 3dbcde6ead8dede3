import type { BackupManifest, InvariantResult } from '@belay/protocol';
import type pg from 'pg';
import { compareTables } from '../sources/compare-tables.ts';
import { judgeInvariant } from '../sources/judge-invariant.ts';
import { countPostgresTables } from '../sources/postgres-facts.ts';
import type { Invariant } from '../work/work-jobs.ts';

const STATEMENT_MS = 60_000;

/** Names of extensions that the manifest needs and this machine lacks. */
export async function missingExtensions(client: pg.Client, wanted: readonly { name: string }[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('SELECT name FROM pg_available_extensions');
  const there = new Set(rows.map(({ name }) => name));
  return wanted.map(({ name }) => name).filter((name) => !there.has(name));
}

/** Roles that own or are granted something, without login; passwords are never in a backup. */
export async function makeRoles(client: pg.Client, roles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>('SELECT rolname AS name FROM pg_roles');
  const there = new Set(rows.map(({ name }) => name));
  for (const role of roles)
    if (!there.has(role)) await client.query(`CREATE ROLE ${client.escapeIdentifier(role)} NOLOGIN`);
}

/** What of the manifest a restored database does not have; empty when all is there. */
export async function differencesOf(client: pg.Client, manifest: BackupManifest): Promise<string[]> {
  return [...compareTables(await countPostgresTables(client), manifest.tables), ...(await brokenIndexes(client))];
}

/** Every B-tree index by amcheck, where that is installed. */
async function brokenIndexes(client: pg.Client): Promise<string[]> {
  const known = await client.query("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'");
  if (known.rows.length === 0) return [];
  await client.query('CREATE EXTENSION IF NOT EXISTS amcheck');
  try {
    await client.query(
      `SELECT bt_index_check(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE a.amname = 'btree' AND c.relpersistence = 'p' AND i.indisvalid AND n.nspname NOT LIKE 'pg\\_%'`,
    );
    return [];
  } catch (error) {
    return [`amcheck: ${error instanceof Error ? error.message : String(error)}.`];
  }
}

/** Each invariant in a transaction that cannot write. */
export async function checkInvariants(
  client: pg.Client,
  invariants: readonly Invariant[],
): Promise<readonly InvariantResult[]> {
  const results: InvariantResult[] = [];
  for (const invariant of invariants) {
    await client.query('BEGIN READ ONLY');
    try {
      await client.query(`SET LOCAL statement_timeout = ${STATEMENT_MS}`);
      const { rows } = await client.query<unknown[]>({ text: invariant.sql, rowMode: 'array' });
      results.push(judgeInvariant(invariant, rows));
    } catch (error) {
      const detail = error instanceof Error ? error.message.slice(0, 500) : String(error);
      results.push({ name: invariant.name, outcome: 'failed', detail });
    } finally {
      await client.query('ROLLBACK');
    }
  }
  return results;
}
