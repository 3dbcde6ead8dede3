import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BelayError, invariant, isBelayError } from '@belay/core';
import type { BackupManifest } from '@belay/protocol';
import type { BackupSource } from '../backup-settings.ts';
import { runWork } from '../work/run-work.ts';
import { compareTables } from './compare-tables.ts';
import type { Captured, CaptureJob, DrillFindings, DrillJob, EngineDriver } from './engine-driver.ts';
import { createStepTimer } from './step-timer.ts';
import type { SqliteInspection } from './sqlite-inspect.ts';

const STALL_MS = 60_000;

/** SQLite: a pinned copy by the backup API; a restored copy is a plain file that is read from end to end. */
export const sqliteDriver: EngineDriver = {
  capture,
  drill,
  async readThrough({ file, manifest, limits }) {
    const job = { artefact: file, target: null, rawBytes: manifest.raw.bytes };
    requireSameContent(await runWork('unpack', job, { ...limits, stallMs: STALL_MS }), manifest);
  },
  async expectedBytes(source) {
    const file = pathOf(source);
    const sizes = await Promise.all([file, `${file}-wal`].map((part) => stat(part).catch(() => ({ size: 0 }))));
    return sizes.reduce((sum, { size }) => sum + size, 0);
  },
};

async function capture({ source, folder, codecLevel, limits }: CaptureJob): Promise<Captured> {
  const raw = path.join(folder, 'raw.db');
  const file = path.join(folder, 'artefact.zst');
  const options = { ...limits, stallMs: STALL_MS };
  const copy = await runWork('sqlite-capture', { path: pathOf(source), target: raw }, options);
  const packed = await runWork('pack', { raw, target: file, level: codecLevel }, options);
  await rm(raw);
  const { copyMs, restarts, rawBytes } = copy;
  return {
    engineVersion: copy.engineVersion,
    snapshotAt: copy.snapshotAt,
    snapshot: copy.snapshot,
    schemaHash: copy.schemaHash,
    migrationId: copy.migrationId,
    tables: [...copy.tables],
    warnings: [...copy.warnings],
    tools: [{ name: 'sqlite', version: copy.engineVersion }],
    commandLine: [],
    file,
    packed,
    notes: `${rawBytes} bytes copied in ${copyMs} ms with ${restarts} restarts`,
  };
}

async function drill(
  { source, manifest, file, folder, limits }: DrillJob,
  use: (copy: string) => Promise<void>,
): Promise<DrillFindings> {
  const timer = createStepTimer();
  const copy = path.join(folder, 'restored.db');
  const found = (outcome: DrillFindings['outcome'], level: DrillFindings['level'], error: string | null) => ({
    outcome,
    level,
    error,
    restoreMs: timer.msOf('unpack'),
    steps: timer.steps(),
  });
  try {
    const job = { artefact: file, target: copy, rawBytes: manifest.raw.bytes };
    const unpacked = await timer.time('unpack', () => runWork('unpack', job, { ...limits, stallMs: STALL_MS }));
    requireSameContent(unpacked, manifest);
  } catch (error) {
    if (!isBelayError(error) || error.code !== 'backup.corrupt') throw error;
    return { ...found('failed', 'L1', error.message), invariants: [] };
  }
  const look = { file: copy, invariants: source?.invariants ?? [] };
  const seen = await timer.time('integrity, references, counts, schema, invariants', () =>
    runWork('sqlite-inspect', look, limits).catch(asDamage),
  );
  const wrong = differences(seen, manifest);
  if (wrong.length > 0)
    return { ...found('failed', 'L2', wrong.join(' ').slice(0, 1000)), invariants: seen.invariants };
  await use(copy);
  return { ...found('passed', 'L3', null), invariants: seen.invariants };
}

/** What is unreadable is a finding about the copy and not a failure of the drill. */
function asDamage(error: unknown): SqliteInspection {
  if (!isBelayError(error) || error.code !== 'backup.corrupt') throw error;
  const damage = [error.message];
  return { damage, foreignKeyViolations: 0, schemaHash: '', migrationId: null, tables: [], invariants: [], bytes: 0 };
}

function differences(seen: SqliteInspection, manifest: BackupManifest): string[] {
  const { snapshot } = manifest;
  invariant(snapshot.engine === 'sqlite', 'the driver of an engine gets its own manifests');
  if (seen.damage.length > 0) return [`integrity_check: ${seen.damage.join('; ')}.`];
  return [
    ...(seen.schemaHash === manifest.schemaHash ? [] : ['The schema differs from the manifest.']),
    ...compareTables(seen.tables, manifest.tables),
    ...(seen.foreignKeyViolations === snapshot.foreignKeyViolations
      ? []
      : [`${seen.foreignKeyViolations} rows lack their parent, not ${snapshot.foreignKeyViolations}.`]),
  ];
}

function requireSameContent(
  { rawBytes, rawSha256 }: { readonly rawBytes: number; readonly rawSha256: string },
  { raw }: BackupManifest,
): void {
  if (rawBytes === raw.bytes && rawSha256 === raw.sha256) return;
  throw new BelayError('backup.corrupt', `The content has ${rawBytes} bytes and another hash than the manifest says.`, {
    hint: 'Use another backup, or the copy at another destination.',
  });
}

function pathOf({ database, name }: BackupSource): string {
  invariant(database.engine === 'sqlite', `${name} is a SQLite source`);
  return database.path;
}
