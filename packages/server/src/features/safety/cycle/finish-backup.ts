import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BelayError, isBelayError } from '@belay/core';
import type { BackupReceipt } from '@belay/protocol';
import { sha256OfFile } from '../../../platform/files/sha256-of-file.ts';
import { type BackupContext, canOpen, entryOf } from '../backup-context.ts';
import type { BackupSource } from '../backup-settings.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { isProven, levelOf } from '../catalogue/level-of.ts';
import { runDrill } from '../drill/run-drill.ts';
import { storeReceipt } from '../drill/store-receipt.ts';
import type { RunningOperation } from '../operations.ts';
import { driverOf } from '../sources/driver-of.ts';
import { storeCopies } from './store-copies.ts';

export interface FinishJob {
  readonly source: BackupSource;
  readonly entry: CatalogueEntry;
  readonly folder: string;
  readonly drill: boolean | 'auto';
}

const DAY_MS = 86_400_000;

/** Name of the artefact in the folder of its operation: there until a destination is known to hold it. */
export function localArtefact({ manifest }: Pick<CatalogueEntry, 'manifest'>, folder: string): string {
  return path.join(folder, path.basename(manifest.artefact.object));
}

/**
 * The second half of a backup, from a local artefact with its manifest: read back, store everywhere, note the proof,
 * drill. Can be begun again after a crash at any point. The local artefact goes when a destination has it.
 */
export async function finishBackup(
  context: BackupContext,
  { source, entry, folder, drill }: FinishJob,
  operation: RunningOperation,
): Promise<string> {
  const startedAt = context.clock.now();
  const readMs = await readBack(context, { entry, folder, source }, operation);
  const destinations = source.destinations;
  const copies = await storeCopies(
    context,
    { entry, file: localArtefact(entry, folder), folder, destinations },
    operation,
  );
  const [best] = copies.filter(({ state }) => state === 'verified');
  const isOpened = canOpen(context, entry);
  if (best !== undefined && isOpened)
    await storeReceipt(context, await entryOf(context, entry.manifest.id), {
      level: 'L2',
      outcome: 'passed',
      proven: 'L2',
      destination: best.destination,
      startedAt,
      elapsedMs: readMs,
      restoreMs: null,
      steps: [{ name: 'decompress and hash', ms: readMs, detail: `copy compared by ${best.method ?? 'its checksum'}` }],
      invariants: [],
      error: null,
      by: operation.by,
    });
  await rm(folder, { recursive: true, force: true });
  const receipt =
    best !== undefined && isOpened && (await wantsDrill(context, entry, drill))
      ? await runDrill(context, { entry: await entryOf(context, entry.manifest.id) }, operation)
      : null;
  return conclude(context, entry.manifest.id, receipt);
}

type ReadBack = Pick<FinishJob, 'entry' | 'folder' | 'source'>;

/**
 * Level L2 on the artefact as it goes out: what cannot be read here is not worth sending. Without the key its bytes are all
 * that can be compared.
 */
async function readBack(
  context: BackupContext,
  { entry, folder, source }: ReadBack,
  operation: RunningOperation,
): Promise<number> {
  const { manifest } = entry;
  const artefact = localArtefact(entry, folder);
  const started = performance.now();
  const limits = { signal: operation.signal, deadlineMs: source.deadlineMs, onProgress: operation.onProgress };
  const run = async (): Promise<void> => {
    if ((await stat(artefact)).size !== manifest.artefact.bytes)
      throw new BelayError('backup.corrupt', `The artefact ${artefact} has not the size of its manifest.`);
    if (!canOpen(context, entry)) {
      if ((await sha256OfFile(artefact)) === manifest.artefact.sha256) return;
      throw new BelayError('backup.corrupt', `The artefact ${artefact} has not the hash of its manifest.`);
    }
    const file = manifest.artefact.encryption === null ? artefact : `${artefact}.open`;
    if (file !== artefact) await context.sealer?.open(artefact, file, operation.signal);
    try {
      await driverOf(manifest.engine).readThrough({ source, manifest, file, folder, limits });
    } finally {
      if (file !== artefact) await rm(file, { force: true });
    }
  };
  try {
    await operation.step('read the artefact back', run);
  } catch (error) {
    if (isBelayError(error) && error.code === 'backup.corrupt')
      await context.catalogue.setState(manifest.id, 'incomplete');
    throw error;
  }
  return Math.round(performance.now() - started);
}

/** The first backup of a day is drilled by itself, and what looks wrong is drilled whatever the hour. */
async function wantsDrill(
  { catalogue }: BackupContext,
  entry: CatalogueEntry,
  wish: boolean | 'auto',
): Promise<boolean> {
  if (wish === true || entry.manifest.warnings.some(isSuspicion)) return true;
  if (wish === false) return false;
  const day = Math.floor(entry.manifest.startedAt / DAY_MS);
  const others = await catalogue.entries({ source: entry.manifest.source });
  return !others.some((other) => Math.floor(other.manifest.startedAt / DAY_MS) === day && isProven(levelOf(other)));
}

const SUSPICION = 'Suspicious: ';

/** Marks what asks for a drill among the warnings of a manifest. */
export function suspicious(words: readonly string[]): string[] {
  return words.map((text) => `${SUSPICION}${text}`);
}

function isSuspicion(warning: string): boolean {
  return warning.startsWith(SUSPICION);
}

async function conclude(context: BackupContext, id: string, receipt: BackupReceipt | null): Promise<string> {
  const entry = await entryOf(context, id);
  const level = levelOf(entry);
  if (receipt?.outcome === 'failed' && !isProven(level)) {
    if (entry.manifest.warnings.some(isSuspicion)) await context.catalogue.setState(id, 'incomplete');
    throw new BelayError('backup.incomplete', `${id} is stored but did not pass its drill: ${receipt.error ?? ''}`, {
      hint: 'It never counts as proven. Older proven backups are untouched; look at the source.',
    });
  }
  const places = entry.copies.filter(({ state }) => state === 'verified').length;
  const where = `${places} of ${entry.copies.length} places hold a verified copy`;
  return `${id}: ${level ?? 'not proven'}; ${where}.`;
}
