import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BelayError, isBelayError } from '@belay/core';
import { type BackupContext, destinationOf } from '../backup-context.ts';
import type { CatalogueCopy, CatalogueEntry } from '../catalogue/catalogue.ts';
import { hashOf, manifestObject } from '../catalogue/manifest-file.ts';
import type { Destination } from '../destinations/destination.ts';
import { proveCopy } from '../destinations/prove-copy.ts';
import { failureOf, type RunningOperation } from '../operations.ts';

export interface StoreJob {
  readonly entry: CatalogueEntry;
  /** The artefact as it goes out. */
  readonly file: string;
  readonly folder: string;
  readonly destinations: readonly string[];
}

/**
 * Brings a backup to every destination, each on its own: one that is down takes nothing from the others. The manifest
 * follows the artefact, so that a manifest without its artefact never comes from a crash. Rejects when no place took it.
 */
export async function storeCopies(
  context: BackupContext,
  job: StoreJob,
  operation: RunningOperation,
): Promise<readonly CatalogueCopy[]> {
  const copies: CatalogueCopy[] = [];
  for (const name of job.destinations) {
    const copy = await operation
      .step(
        `store at ${name}`,
        () => storeAt(context, job, name, operation.signal),
        ({ state, detail }) => detail ?? state,
      )
      .catch((error: unknown) => {
        if (operation.signal.aborted) throw error;
        context.log.warn({ err: error, destination: name, backup: job.entry.manifest.id }, 'a backup was not stored');
        return failedCopy(name, failureOf(error).message, context.clock.now());
      });
    await context.catalogue.saveCopy(job.entry.manifest.id, copy);
    copies.push(copy);
  }
  if (copies.some(({ state }) => state === 'verified' || state === 'unverified')) return copies;
  const why = copies.map(({ destination, detail }) => `${destination}: ${detail ?? 'failed'}`).join(' ');
  throw new BelayError('backup.destination-unreachable', `No destination took the backup. ${why}`, {
    hint: `It is kept in ${job.folder} and sent again every hour.`,
  });
}

async function storeAt(
  context: BackupContext,
  { entry, file, folder }: StoreJob,
  name: string,
  signal: AbortSignal,
): Promise<CatalogueCopy> {
  const destination = destinationOf(context, name);
  const { object, bytes, sha256 } = entry.manifest.artefact;
  await putOnce(destination, { file, object, sha256, signal });
  const expected = { bytes, sha256, localFile: file };
  const proof = await proveCopy(destination, object, expected, { signal, depth: 'upload' });
  await putManifest(destination, entry, { folder, signal });
  const checkedAt = context.clock.now();
  const known = { destination: name, checkedAt, markedAt: null };
  if (proof.outcome === 'verified') return { ...known, state: 'verified', method: proof.method, detail: null };
  return { ...known, state: proof.outcome, method: null, detail: proof.reason };
}

interface Put {
  readonly file: string;
  readonly object: string;
  readonly sha256: string;
  readonly signal: AbortSignal;
}

/** What a run before a crash stored already is proven next, and not sent again. */
async function putOnce(destination: Destination, { file, object, sha256, signal }: Put): Promise<void> {
  try {
    await destination.put(file, object, { sha256, signal });
  } catch (error) {
    if (!isBelayError(error) || error.code !== 'backup.object-exists') throw error;
  }
}

export async function putManifest(
  destination: Destination,
  { manifest, text }: Pick<CatalogueEntry, 'manifest' | 'text'>,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<void> {
  const file = path.join(folder, `${manifest.id}.manifest.json`);
  await writeFile(file, text, { mode: 0o600 });
  try {
    await putOnce(destination, { file, object: manifestObject(manifest), sha256: hashOf(text), signal });
  } finally {
    await rm(file, { force: true });
  }
}

function failedCopy(destination: string, detail: string, now: number): CatalogueCopy {
  return { destination, state: 'pending', method: null, checkedAt: now, detail: detail.slice(0, 500), markedAt: null };
}
