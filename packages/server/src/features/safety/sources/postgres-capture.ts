import path from 'node:path';
import { BelayError, isBelayError } from '@belay/core';
import type { BackupManifest } from '@belay/protocol';
import type pg from 'pg';
import { withPostgres } from '../restore/postgres-program.ts';
import { compressInto, type PackedArtefact } from '../work/pack-artefact.ts';
import type { TellProgress } from '../work/work-jobs.ts';
import { countPostgresTables, postgresMigrationOf, postgresSnapshotOf } from './postgres-facts.ts';
import { findPostgresBin, openProgram, postgresEnvironment, postgresSchemaHash, versionOf } from './postgres-tools.ts';

export interface PostgresCaptureJob {
  readonly url: string;
  readonly bin: string | null;
  readonly target: string;
  readonly codecLevel: number;
}

type Content =
  | 'engineVersion'
  | 'snapshotAt'
  | 'snapshot'
  | 'schemaHash'
  | 'migrationId'
  | 'tables'
  | 'warnings'
  | 'tools'
  | 'commandLine';
export interface PostgresCapture extends Pick<BackupManifest, Content> {
  readonly packed: PackedArtefact;
  readonly dumpMs: number;
}

/** Longest wait for a table that a migration holds; queries of the service must not queue behind ours. */
const LOCK_WAIT_MS = 30_000;

/**
 * Dumps a database by pg_dump from an exported snapshot, so that the rows counted beside it are those in the dump. The
 * dump is not compressed by pg_dump: zstd is faster and smaller.
 */
export async function capturePostgres(job: PostgresCaptureJob, tell: TellProgress): Promise<PostgresCapture> {
  const database = decodeURIComponent(new URL(job.url).pathname.slice(1));
  try {
    return await withPostgres(job.url, database, (client) => captureIn(client, job, tell));
  } catch (error) {
    throw isBelayError(error) ? error : unavailable(error);
  }
}

async function captureIn(client: pg.Client, job: PostgresCaptureJob, tell: TellProgress): Promise<PostgresCapture> {
  await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<{ id: string; version: string; number: string }>(
    `SELECT pg_export_snapshot() AS id, current_setting('server_version') AS version,
     current_setting('server_version_num') AS number`,
  );
  const snapshotAt = Date.now();
  const { id = '', version = '', number = '0' } = rows[0] ?? {};
  const bin = findPostgresBin(job.bin, Math.floor(Number(number) / 10_000));
  const snapshot = await postgresSnapshotOf(client);
  const schemaHash = await postgresSchemaHash(bin, job.url, id);
  const args = ['--format=custom', '--compress=0', `--snapshot=${id}`, `--lock-wait-timeout=${LOCK_WAIT_MS}`];
  const program = path.join(bin, 'pg_dump');
  const started = performance.now();
  const { output, ended } = openProgram(program, args, postgresEnvironment(job.url));
  const packing = compressInto(output, { target: job.target, level: job.codecLevel, total: 0 }, tell);
  // Both must be well: a dump that broke off gives a whole file of half the content.
  const [packed] = await Promise.all([packing, ended]);
  const dumpMs = Math.round(performance.now() - started);
  const tables = await countPostgresTables(client);
  const migrationId = await postgresMigrationOf(client);
  await client.query('COMMIT');
  return {
    engineVersion: version,
    snapshotAt,
    snapshot,
    schemaHash,
    migrationId,
    tables,
    warnings:
      snapshot.dataChecksums === false
        ? ['The server does not check its own pages (data_checksums is off): damage on its disk may go unseen.']
        : [],
    tools: [{ name: 'pg_dump', version: await versionOf(program) }],
    commandLine: ['pg_dump', ...args],
    packed,
    dumpMs,
  };
}

function unavailable(error: unknown): BelayError {
  const message = error instanceof Error ? error.message : String(error);
  return new BelayError('backup.source-unavailable', `PostgreSQL did not answer: ${message}`, {
    hint: 'Correct `url` of the source in belay.yaml; its user needs to connect and to read (pg_read_all_data).',
    cause: error,
  });
}
