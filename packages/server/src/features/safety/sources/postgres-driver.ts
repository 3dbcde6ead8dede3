import path from 'node:path';
import { BelayError, invariant, isBelayError } from '@belay/core';
import type { BackupManifest, InvariantResult } from '@belay/protocol';
import { checkInvariants, differencesOf, makeRoles, missingExtensions } from '../drill/postgres-checks.ts';
import { withScratchCluster } from '../drill/scratch-cluster.ts';
import { withPostgres } from '../restore/postgres-program.ts';
import { restorePostgres } from '../restore/restore-postgres.ts';
import { runWork } from '../work/run-work.ts';
import type { Captured, CaptureJob, DrillFindings, DrillJob, EngineDriver } from './engine-driver.ts';
import { findPostgresBin, openProgram, postgresSchemaHash } from './postgres-tools.ts';
import { createStepTimer, type StepTimer } from './step-timer.ts';

const STALL_MS = 120_000;
const DATABASE = 'restored';
/** The machine of the drill lacks what the live one has; that says nothing of the backup. */
const NO_LOCALE = /invalid (LC_\w+ )?locale name|locale .* (is not|not) (supported|available)/i;

/** PostgreSQL: pg_dump from an exported snapshot; a drill restores into a scratch server of its own. */
export const postgresDriver: EngineDriver = {
  capture,
  drill,
  async readThrough({ source, file, manifest, folder, limits }) {
    const raw = path.join(folder, 'read.dump');
    await unpack({ file, manifest, raw, limits });
    // `--list` accepts damaged archives; writing all of it out does not.
    const bin = findPostgresBin(binOf(source), majorOf(manifest));
    await readArchive(bin, raw);
  },
  async expectedBytes({ database }) {
    invariant(database.engine === 'postgres', 'the driver of an engine gets its own sources');
    try {
      const name = decodeURIComponent(new URL(database.url).pathname.slice(1));
      return await withPostgres(database.url, name, async (client) => {
        const { rows } = await client.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
        return Number(rows[0]?.bytes ?? 0);
      });
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new BelayError('backup.source-unavailable', `PostgreSQL did not answer: ${message}`, {
        hint: 'Correct `url` of the source in belay.yaml; its user needs to connect and to read (pg_read_all_data).',
        cause,
      });
    }
  },
};

async function capture({ source, folder, codecLevel, limits }: CaptureJob): Promise<Captured> {
  const { database } = source;
  invariant(database.engine === 'postgres', 'the driver of an engine gets its own sources');
  const file = path.join(folder, 'artefact.zst');
  const job = { url: database.url, bin: database.bin, target: file, codecLevel };
  const { dumpMs, ...captured } = await runWork('postgres-capture', job, { ...limits, stallMs: STALL_MS });
  return { ...captured, file, notes: `${captured.packed.rawBytes} bytes dumped in ${dumpMs} ms` };
}

interface Unpack extends Pick<DrillJob, 'file' | 'manifest' | 'limits'> {
  readonly raw: string;
}

async function unpack({ file, manifest, raw, limits }: Unpack): Promise<void> {
  const job = { artefact: file, target: raw, rawBytes: manifest.raw.bytes };
  const { rawBytes, rawSha256 } = await runWork('unpack', job, { ...limits, stallMs: STALL_MS });
  if (rawBytes === manifest.raw.bytes && rawSha256 === manifest.raw.sha256) return;
  throw new BelayError('backup.corrupt', 'The content has another size or hash than the manifest says.', {
    hint: 'Use another backup, or the copy at another destination.',
  });
}

async function readArchive(bin: string, raw: string): Promise<void> {
  const { output, ended } = openProgram(path.join(bin, 'pg_restore'), ['-f', '-', raw], {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
  });
  output.resume();
  await ended.catch((cause: unknown) => {
    throw new BelayError('backup.corrupt', `pg_restore cannot read the archive: ${messageOf(cause)}`, { cause });
  });
}

async function drill(job: DrillJob, use: (copy: string) => Promise<void>): Promise<DrillFindings> {
  const { source, manifest, file, folder, limits } = job;
  const timer = createStepTimer();
  const raw = path.join(folder, 'restored.dump');
  const bin = findPostgresBin(binOf(source), majorOf(manifest));
  try {
    await timer.time('unpack', () => unpack({ file, manifest, raw, limits }));
    await timer.time('read the archive', () => readArchive(bin, raw));
  } catch (error) {
    if (!isBelayError(error) || error.code !== 'backup.corrupt') throw error;
    return findings(timer, { outcome: 'failed', level: 'L1', error: error.message });
  }
  return withScratchCluster({ bin, bytes: manifest.raw.bytes, signal: limits.signal }, (url) =>
    tryRestore({ ...job, raw, bin, url, timer }, use),
  );
}

interface Trial extends DrillJob {
  readonly raw: string;
  readonly bin: string;
  readonly url: string;
  readonly timer: StepTimer;
}

async function tryRestore(trial: Trial, use: (copy: string) => Promise<void>): Promise<DrillFindings> {
  const { source, manifest, raw, bin, url, timer, limits } = trial;
  const { snapshot } = manifest;
  invariant(snapshot.engine === 'postgres', 'the driver of an engine gets its own manifests');
  const lacking = await withPostgres(url, 'postgres', async (client) => {
    await makeRoles(client, snapshot.roles);
    return missingExtensions(client, snapshot.extensions);
  });
  if (lacking.length > 0)
    return findings(timer, {
      outcome: 'inconclusive',
      level: 'L2',
      error: `extension ${lacking.join(', ')} is not installed here`,
    });
  const { encoding, collate, ctype } = snapshot;
  const place = { url, bin };
  try {
    const { signal, deadlineMs } = limits;
    const wanted = { place, dump: raw, database: DATABASE, encoding, collate, ctype, deadlineMs, signal };
    await timer.time('restore', () => restorePostgres(wanted));
  } catch (error) {
    if (limits.signal?.aborted === true) throw error;
    const isLocale = NO_LOCALE.test(messageOf(error));
    const outcome = isLocale ? ('inconclusive' as const) : ('failed' as const);
    return findings(timer, { outcome, level: 'L2', error: messageOf(error) });
  }
  const copy = url.replace('/postgres?', `/${DATABASE}?`);
  const { wrong, invariants } = await timer.time('counts, indexes, schema, invariants', () =>
    withPostgres(url, DATABASE, async (client) => {
      const hash = await postgresSchemaHash(bin, copy, null);
      const schema = hash === manifest.schemaHash ? [] : ['The schema differs from the manifest.'];
      const checked = await checkInvariants(client, source?.invariants ?? []);
      return { wrong: [...schema, ...(await differencesOf(client, manifest))], invariants: checked };
    }),
  );
  if (wrong.length > 0)
    return findings(timer, { outcome: 'failed', level: 'L2', error: wrong.join(' ').slice(0, 1000), invariants });
  await use(copy);
  return findings(timer, { outcome: 'passed', level: 'L3', error: null, invariants });
}

interface Found extends Pick<DrillFindings, 'outcome' | 'level' | 'error'> {
  readonly invariants?: readonly InvariantResult[];
}

function findings(timer: StepTimer, { invariants = [], ...found }: Found): DrillFindings {
  const [unpackMs, restoreMs] = [timer.msOf('unpack'), timer.msOf('restore')];
  return {
    ...found,
    invariants,
    restoreMs: unpackMs === null || restoreMs === null ? null : unpackMs + restoreMs,
    steps: timer.steps(),
  };
}

function binOf(source: DrillJob['source']): string | null {
  return source?.database.engine === 'postgres' ? source.database.bin : null;
}

function majorOf({ engineVersion }: BackupManifest): number {
  return Number.parseInt(engineVersion, 10);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
