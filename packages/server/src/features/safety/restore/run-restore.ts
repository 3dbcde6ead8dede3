import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { BelayError } from '@belay/core';
import type { RestoreRequest } from '@belay/protocol';
import { type BackupContext, destinationOf } from '../backup-context.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { requireUntampered } from '../catalogue/require-untampered.ts';
import { bringArtefact, readableCopy } from '../drill/run-drill.ts';
import type { RunningOperation } from '../operations.ts';
import { driverOf } from '../sources/driver-of.ts';
import { requireSpace } from '../work/require-space.ts';
import { runWork } from '../work/run-work.ts';
import { KEPT_MS, keptFolder, removeOldStates } from './kept-states.ts';
import { dropDatabase, dropOldPostgresStates, restorePostgres, swapPostgres } from './restore-postgres.ts';
import { type RestoreTarget, restoreTarget } from './restore-target.ts';

/** Longest wait for a moment in which nobody writes. */
const BUSY_MS = 30_000;

/**
 * Restores a backup: fetched, checked as in a drill, and only then put where it belongs. In place, the state from before
 * is kept first. Answers in a sentence what is where now.
 */
export async function runRestore(
  context: BackupContext,
  { entry, request }: { readonly entry: CatalogueEntry; readonly request: RestoreRequest },
  operation: RunningOperation,
): Promise<string> {
  requireUntampered(entry);
  const target = restoreTarget(context, entry, request);
  const destination = request.from ?? readableCopy(entry, context);
  destinationOf(context, destination);
  const { manifest } = entry;
  const folder = path.join(context.settings.workFolder, operation.id, 'restore');
  // The artefact, the copy beside it, and the state from before.
  await requireSpace(context.settings.workFolder, manifest.artefact.bytes + 2.4 * manifest.raw.bytes);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const file = path.join(folder, 'artefact.zst');
    await operation.step(`fetch from ${destination}`, () =>
      bringArtefact({ context, entry, destination, operation }, file),
    );
    return await checkedAndPlaced(context, { entry, target, file, folder }, operation);
  } finally {
    await rm(path.join(context.settings.workFolder, operation.id), { recursive: true, force: true });
  }
}

interface Placing {
  readonly entry: CatalogueEntry;
  readonly target: RestoreTarget;
  /** The compressed, decrypted artefact. */
  readonly file: string;
  readonly folder: string;
}

async function checkedAndPlaced(
  context: BackupContext,
  { entry, target, file, folder }: Placing,
  operation: RunningOperation,
): Promise<string> {
  const { manifest } = entry;
  const { source } = target;
  const limits = {
    signal: operation.signal,
    deadlineMs: source.deadlineMs,
    onProgress: operation.onProgress,
  };
  let placed: string | null = null;
  const findings = await operation.step('check as in a drill', () =>
    driverOf(manifest.engine).drill({ source, manifest, file, folder, limits }, async (copy) => {
      if (manifest.engine === 'sqlite') placed = await placeSqlite(context, { target, copy, limits }, operation);
    }),
  );
  if (findings.outcome !== 'passed')
    throw new BelayError('restore.not-allowed', `The backup did not pass its check: ${findings.error ?? 'unknown'}`, {
      hint: 'Nothing was changed. Take another backup: belay backup list.',
    });
  if (manifest.engine === 'postgres') placed = await placePostgres(context, { entry, target, file, folder }, operation);
  if (placed === null) throw new BelayError('restore.failed', 'Nothing was restored.');
  return placed;
}

interface SqlitePlacing {
  readonly target: RestoreTarget;
  readonly copy: string;
  readonly limits: Parameters<typeof runWork>[2];
}

async function placeSqlite(
  { settings, clock }: BackupContext,
  { target, copy, limits }: SqlitePlacing,
  { id }: RunningOperation,
): Promise<string> {
  const { mode, place, source } = target;
  if (mode === 'copy') {
    await runWork('sqlite-place', { copy, target: place }, limits);
    return `Restored into ${place}.`;
  }
  const base = keptBase(settings.workFolder);
  const keep = keptFolder(base, source.name, clock.now());
  const job = { copy, live: place, keep, busyMs: BUSY_MS };
  const { kept, keptAs } = await runWork('sqlite-replace', job, limits);
  await removeOldStates(base, clock.now());
  const before = kept === null ? 'There was no state from before.' : `The state from before is in ${kept} (${keptAs}).`;
  return `Restored in place of ${place} (operation ${id}). ${before}`;
}

/** Beside the work folder, which is cleared at each start. */
function keptBase(workFolder: string): string {
  return path.join(path.dirname(workFolder), 'before-restore');
}

/** One per operation, so that what an earlier one left is in nobody's way. At most 63 bytes. */
function halfName(live: string, operation: string): string {
  const ending = `_restoring_${createHash('sha256').update(operation).digest('hex').slice(0, 12)}`;
  return `${Buffer.from(live)
    .subarray(0, 63 - ending.length)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')}${ending}`;
}

async function placePostgres(
  { clock }: BackupContext,
  { entry, target, file, folder }: Placing,
  operation: RunningOperation,
): Promise<string> {
  const { manifest } = entry;
  const { mode, place: name, source } = target;
  const { snapshot } = manifest;
  if (source.database.engine !== 'postgres' || snapshot.engine !== 'postgres')
    throw new BelayError('restore.not-allowed', `${source.name} is no PostgreSQL source.`);
  const place = { url: source.database.url, bin: source.database.bin };
  const dump = path.join(folder, 'archive.dump');
  const limits = { signal: operation.signal, deadlineMs: source.deadlineMs };
  const job = { artefact: file, target: dump, rawBytes: manifest.raw.bytes };
  await operation.step('decompress', () => runWork('unpack', job, limits));
  const database = mode === 'copy' ? name : halfName(name, operation.id);
  const { encoding, collate, ctype } = snapshot;
  await operation.step(`restore into ${database}`, () =>
    restorePostgres({ place, dump, database, encoding, collate, ctype, ...limits }),
  );
  if (mode === 'copy') return `Restored into the database ${database}.`;
  const { kept } = await operation
    .step('swap', () => swapPostgres({ place, restored: database, now: clock.now(), busyMs: BUSY_MS }))
    .catch(async (error: unknown) => {
      await dropDatabase(place, database).catch(() => undefined);
      throw error;
    });
  await dropOldPostgresStates(place, clock.now(), KEPT_MS);
  return `Restored in place of ${name}. The state from before is the database ${kept}, closed to connections.`;
}
