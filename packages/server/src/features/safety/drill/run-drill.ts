import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { BelayError, isBelayError } from '@belay/core';
import type { BackupReceipt, InvariantResult } from '@belay/protocol';
import { type BackupContext, destinationOf } from '../backup-context.ts';
import type { BackupSource } from '../backup-settings.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { requireUntampered } from '../catalogue/require-untampered.ts';
import { fetchObject } from '../destinations/fetch-object.ts';
import type { RunningOperation } from '../operations.ts';
import { driverOf } from '../sources/driver-of.ts';
import type { DrillFindings } from '../sources/engine-driver.ts';
import { createStepTimer, type StepTimer } from '../sources/step-timer.ts';
import { requireSpace } from '../work/require-space.ts';
import { runSmoke } from './run-smoke.ts';
import { storeReceipt } from './store-receipt.ts';

export interface DrillRequest {
  readonly entry: CatalogueEntry;
  /** Whose copy; default: the first verified one. */
  readonly from?: string | undefined;
}

/**
 * Restores a backup beside everything else and checks it: bytes, content, structure, counts, then the user's invariants
 * and smoke command. Answers the receipt, whatever it found; rejects only when it could not be tried.
 */
export async function runDrill(
  context: BackupContext,
  { entry, from }: DrillRequest,
  operation: RunningOperation,
): Promise<BackupReceipt> {
  const { manifest } = entry;
  requireUntampered(entry);
  const destination = from ?? readableCopy(entry, context);
  const source = context.settings.sources.find(({ name }) => name === manifest.source) ?? null;
  const folder = path.join(context.settings.workFolder, operation.id, 'drill');
  await requireSpace(context.settings.workFolder, manifest.artefact.bytes + 1.2 * manifest.raw.bytes);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const startedAt = context.clock.now();
  const started = performance.now();
  const timer = createStepTimer();
  try {
    const attempt = { context, entry, destination, folder, source, operation, timer };
    const findings = await operation.step(`drill of the copy at ${destination}`, () => attemptDrill(attempt), summary);
    return await storeReceipt(context, entry, {
      ...judged(findings, source),
      destination,
      startedAt,
      elapsedMs: Math.round(performance.now() - started),
      restoreMs: findings.restoreMs === null ? null : findings.restoreMs + (timer.msOf('fetch') ?? 0),
      steps: [...timer.steps(), ...findings.steps],
      by: operation.by,
    });
  } finally {
    await rm(path.dirname(folder), { recursive: true, force: true });
  }
}

interface Attempt {
  readonly context: BackupContext;
  readonly entry: CatalogueEntry;
  readonly destination: string;
  readonly folder: string;
  readonly source: BackupSource | null;
  readonly operation: RunningOperation;
  readonly timer: StepTimer;
}

type Findings = Omit<DrillFindings, 'level'> & { readonly level: DrillFindings['level'] | null };

async function attemptDrill(attempt: Attempt): Promise<Findings> {
  const { context, entry, destination, folder, source, operation, timer } = attempt;
  const { manifest } = entry;
  const file = path.join(folder, 'artefact.zst');
  try {
    await timer.time('fetch', () => bringArtefact(attempt, file));
  } catch (error) {
    if (!isBelayError(error) || !BAD_COPY.has(error.code)) throw error;
    await noteBadCopy(context, entry, destination, error);
    return { outcome: 'failed', level: null, error: error.message, restoreMs: null, steps: [], invariants: [] };
  }
  const limits = {
    signal: operation.signal,
    deadlineMs: source?.deadlineMs ?? DEADLINE_MS,
    onProgress: operation.onProgress,
  };
  const smoke: InvariantResult[] = [];
  const findings = await driverOf(manifest.engine).drill({ source, manifest, file, folder, limits }, async (copy) => {
    const command = source?.smoke ?? null;
    if (command === null) return;
    smoke.push(await timer.time('smoke command', () => runSmoke(command, copy, limits)));
  });
  return { ...findings, invariants: [...findings.invariants, ...smoke] };
}

const DEADLINE_MS = 3_600_000;
const BAD_COPY = new Set<string>(['backup.corrupt', 'backup.object-missing']);

/** The artefact of a copy as a local, decrypted, compressed file, checked against the manifest. */
export async function bringArtefact(
  { context, entry, destination, operation }: Pick<Attempt, 'context' | 'entry' | 'destination' | 'operation'>,
  file: string,
): Promise<void> {
  const { object, bytes, sha256, encryption } = entry.manifest.artefact;
  const fetched = encryption === null ? file : `${file}.age`;
  await fetchObject(destinationOf(context, destination), object, fetched, {
    signal: operation.signal,
    expected: { bytes, sha256 },
  });
  if (encryption === null) return;
  if (context.sealer === null)
    throw new BelayError('backup.key-wrong', 'The backup is encrypted and no key is at hand.', {
      hint: 'Name `backups.identity_file` in belay.yaml, or restore with the recovery kit.',
    });
  await context.sealer.open(fetched, file, operation.signal);
  await rm(fetched);
}

async function noteBadCopy(
  context: BackupContext,
  entry: CatalogueEntry,
  destination: string,
  error: BelayError,
): Promise<void> {
  const copy = entry.copies.find((candidate) => candidate.destination === destination);
  await context.catalogue.saveCopy(entry.manifest.id, {
    destination,
    state: error.code === 'backup.object-missing' ? 'missing' : 'corrupt',
    method: 'drill',
    checkedAt: context.clock.now(),
    detail: error.message,
    markedAt: copy?.markedAt ?? null,
  });
}

/** L4 where the user asked for more than a sound copy. */
function judged(findings: Findings, source: BackupSource | null) {
  const { outcome, level, error, invariants } = findings;
  const asks = source !== null && (source.invariants.length > 0 || source.smoke !== null);
  const tried = asks ? ('L4' as const) : ('L3' as const);
  if (outcome !== 'passed' || level !== 'L3') return { level: tried, outcome, proven: level, error, invariants };
  const broken = invariants.filter((result) => result.outcome !== 'holds');
  if (broken.length === 0) return { level: tried, outcome, proven: tried, error: null, invariants };
  const words = broken.map(({ name, detail }) => `${name}: ${detail ?? 'does not hold'}`).join('; ');
  return { level: tried, outcome: 'failed' as const, proven: 'L3' as const, error: words.slice(0, 1000), invariants };
}

function summary({ outcome, level, error }: Findings): string {
  return `${outcome}${level === null ? '' : ` at ${level}`}${error === null ? '' : `: ${error}`}`.slice(0, 500);
}

/** The first verified copy at a place that is still configured. */
export function readableCopy({ manifest, copies }: CatalogueEntry, { destinations }: BackupContext): string {
  const usable = copies.filter(({ destination }) => destinations.has(destination));
  const found = usable.find(({ state }) => state === 'verified') ?? usable.find(({ state }) => state === 'unverified');
  if (found !== undefined) return found.destination;
  const seen = copies.map(({ destination, state }) => `${destination}: ${state}`).join(', ');
  throw new BelayError('backup.object-missing', `No destination has a good copy of ${manifest.id} (${seen}).`, {
    hint: '`belay backup list` shows other backups of the source.',
  });
}
