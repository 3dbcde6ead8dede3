import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isBelayError } from '@belay/core';
import type { BackupContext } from '../backup-context.ts';
import { canOpen, destinationOf, entryOf } from '../backup-context.ts';
import type { CatalogueCopy, CatalogueEntry } from '../catalogue/catalogue.ts';
import { requireUntampered } from '../catalogue/require-untampered.ts';
import { fetchObject } from '../destinations/fetch-object.ts';
import { failureOf, type RunningOperation } from '../operations.ts';
import { driverOf } from '../sources/driver-of.ts';
import { requireSpace } from '../work/require-space.ts';
import { storeReceipt } from './store-receipt.ts';

const DEADLINE_MS = 3_600_000;

/** Reads every copy of a backup to its last byte, through decryption and decompression (L2). Answers what was found. */
export async function verifyCopies(context: BackupContext, id: string, operation: RunningOperation): Promise<string> {
  const entry = await entryOf(context, id);
  requireUntampered(entry);
  const places = entry.copies.filter(
    ({ destination, state }) => state !== 'removed' && context.destinations.has(destination),
  );
  const found: string[] = [];
  for (const copy of places) {
    const state = await operation.step(
      `read the copy at ${copy.destination}`,
      () => verifyCopy(context, { entry, copy }, operation),
      (result) => result,
    );
    found.push(`${copy.destination}: ${state}`);
  }
  return `${id}: ${found.join('; ') || 'no destination has a copy'}.`;
}

interface Verifying {
  readonly entry: CatalogueEntry;
  readonly copy: CatalogueCopy;
}

async function verifyCopy(
  context: BackupContext,
  { entry, copy }: Verifying,
  operation: RunningOperation,
): Promise<string> {
  const { manifest } = entry;
  const { destination } = copy;
  const startedAt = context.clock.now();
  const started = performance.now();
  const folder = path.join(context.settings.workFolder, operation.id, 'verify');
  await requireSpace(context.settings.workFolder, 2 * manifest.artefact.bytes);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const error = await problemOf(() => readCopy(context, { entry, destination, folder }, operation));
  await rm(path.dirname(folder), { recursive: true, force: true });
  if (operation.signal.aborted) throw error;
  const state = stateOf(error);
  const detail = error === null ? null : failureOf(error).message;
  await context.catalogue.saveCopy(manifest.id, {
    ...copy,
    state,
    method: 'read-back',
    checkedAt: context.clock.now(),
    detail,
  });
  const level = canOpen(context, entry) ? 'L2' : 'L1';
  // A place that did not answer, or a key that is not here, says nothing of the backup.
  const outcome = state === 'verified' ? 'passed' : state === 'unverified' ? 'inconclusive' : 'failed';
  await storeReceipt(context, await entryOf(context, manifest.id), {
    level,
    outcome,
    proven: outcome === 'passed' ? level : null,
    destination,
    startedAt,
    elapsedMs: Math.round(performance.now() - started),
    restoreMs: null,
    steps: [],
    invariants: [],
    error: detail,
    by: operation.by,
  });
  return detail ?? state;
}

interface Reading {
  readonly entry: CatalogueEntry;
  readonly destination: string;
  readonly folder: string;
}

async function readCopy(
  context: BackupContext,
  { entry, destination, folder }: Reading,
  operation: RunningOperation,
): Promise<void> {
  const { manifest } = entry;
  const { object, bytes, sha256, encryption } = manifest.artefact;
  const fetched = path.join(folder, 'artefact');
  const { signal, onProgress } = operation;
  await fetchObject(destinationOf(context, destination), object, fetched, { signal, expected: { bytes, sha256 } });
  // Without the key the bytes are proven and the content is not; the drill says that in its own words.
  if (!canOpen(context, entry)) return;
  const file = encryption === null ? fetched : `${fetched}.open`;
  if (encryption !== null) await context.sealer?.open(fetched, file, signal);
  const limits = { signal, onProgress, deadlineMs: DEADLINE_MS };
  const source = context.settings.sources.find(({ name }) => name === manifest.source) ?? null;
  await driverOf(manifest.engine).readThrough({ source, manifest, file, folder, limits });
}

/** Null when it went well. */
async function problemOf(run: () => Promise<void>): Promise<unknown> {
  try {
    await run();
    return null;
  } catch (error) {
    return error;
  }
}

function stateOf(error: unknown): CatalogueCopy['state'] {
  if (error === null) return 'verified';
  if (isBelayError(error) && error.code === 'backup.object-missing') return 'missing';
  return isBelayError(error) && error.code === 'backup.corrupt' ? 'corrupt' : 'unverified';
}
