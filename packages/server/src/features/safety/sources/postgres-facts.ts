import type { BackupManifest } from '@belay/protocol';
import type pg from 'pg';
import { migrationTables } from './migration-tables.ts';

type PostgresSnapshot = Extract<BackupManifest['snapshot'], { readonly engine: 'postgres' }>;

/** Schemas of the server itself. */
const USER_TABLES = `
  SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
  ORDER BY 1, 2`;

/** Exact rows of every ordinary table, as `schema.name`. */
export async function countPostgresTables(client: pg.Client): Promise<BackupManifest['tables']> {
  const { rows } = await client.query<{ schema: string; name: string }>(USER_TABLES);
  const tables: BackupManifest['tables'] = [];
  for (const { schema, name } of rows) {
    const place = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
    const counted = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${place}`);
    tables.push({ name: `${schema}.${name}`, rows: Number(counted.rows[0]?.rows ?? 0), isEstimate: false });
  }
  return tables;
}

/** What a restore needs to know of the server and the database. */
export async function postgresSnapshotOf(client: pg.Client): Promise<PostgresSnapshot> {
  const one = async (sql: string): Promise<string | null> => {
    const { rows } = await client.query<{ value: string | null }>(sql);
    return rows[0]?.value ?? null;
  };
  const { rows } = await client.query<{ database: string; encoding: string; collate: string; ctype: string }>(
    `SELECT datname AS database, pg_encoding_to_char(encoding) AS encoding, datcollate AS collate, datctype AS ctype
     FROM pg_database WHERE datname = current_database()`,
  );
  const extensions = await client.query<{ name: string; version: string }>(
    "SELECT extname AS name, extversion AS version FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1",
  );
  const roles = await client.query<{ name: string }>(
    "SELECT rolname AS name FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%' ORDER BY 1 LIMIT 1000",
  );
  const isStandby = (await one('SELECT pg_is_in_recovery()::text AS value')) === 'true';
  return {
    engine: 'postgres',
    ...(rows[0] ?? { database: '', encoding: 'UTF8', collate: 'C', ctype: 'C' }),
    lsn: await one(`SELECT ${isStandby ? 'pg_last_wal_replay_lsn()' : 'pg_current_wal_lsn()'}::text AS value`),
    systemIdentifier: await one('SELECT system_identifier::text AS value FROM pg_control_system()').catch(() => null),
    dataChecksums: (await one("SELECT current_setting('data_checksums') AS value")) === 'on',
    extensions: extensions.rows,
    roles: roles.rows.map(({ name }) => name),
  };
}

/** Newest migration that a migration tool noted in the schema `public`. */
export async function postgresMigrationOf(client: pg.Client): Promise<string | null> {
  for (const [table, column] of migrationTables) {
    const known = await client.query(
      "SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 AND column_name = $2",
      [table, column],
    );
    if (known.rows.length === 0) continue;
    const sql = `SELECT max(${client.escapeIdentifier(column)})::text AS newest FROM public.${client.escapeIdentifier(table)}`;
    const { rows } = await client.query<{ newest: string | null }>(sql);
    if (rows[0]?.newest !== undefined && rows[0].newest !== null) return rows[0].newest.slice(0, 200);
  }
  return null;
}
