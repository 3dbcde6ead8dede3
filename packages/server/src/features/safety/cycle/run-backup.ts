import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BackupManifest, BackupReason } from '@belay/protocol';
import { type BackupContext, entryOf } from '../backup-context.ts';
import type { BackupSource } from '../backup-settings.ts';
import { artefactObject, type ManifestFile, writeManifest } from '../catalogue/manifest-file.ts';
import type { RunningOperation } from '../operations.ts';
import { driverOf } from '../sources/driver-of.ts';
import type { Captured } from '../sources/engine-driver.ts';
import { sha256OfFile } from '../../../platform/files/sha256-of-file.ts';
import { requireSpace } from '../work/require-space.ts';
import { finishBackup, suspicious } from './finish-backup.ts';
import { suspicionsOf } from './suspicions.ts';

export interface BackupJob {
  readonly source: BackupSource;
  readonly reason: BackupReason;
  readonly pin: string | null;
  /** `auto`: when none of its day is proven yet. */
  readonly drill: boolean | 'auto';
}

/** zstd's fastest: a third of gzip's time at a better size. */
const CODEC_LEVEL = 1;
/** Above what is expected, because a live database grows meanwhile. */
const SPACE_FACTOR = 1.2;

/** One backup from the live database to proven copies. Every step is written down; answers what came of it. */
export async function runBackup(context: BackupContext, job: BackupJob, operation: RunningOperation): Promise<string> {
  const { source } = job;
  const folder = path.join(context.settings.workFolder, operation.id);
  const begun = { startedAt: context.clock.now(), started: performance.now() };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let isKept = false;
  try {
    const captured = await capture(context, { source, folder, operation });
    const sequence = await context.catalogue.nextSequence(source.name);
    const id = idOf(source.name, sequence, begun.startedAt);
    const artefact = await seal(context, { captured, id, folder, source, operation });
    const file = await describe(context, { job, captured, artefact, id, sequence, ...begun });
    await context.catalogue.add(file, 'good');
    if (job.pin !== null) await context.catalogue.setPin(id, job.pin);
    await operation.about(id);
    // From here on a crash or a destination that is down costs time and not the backup.
    isKept = true;
    return await finishBackup(
      context,
      { source, entry: await entryOf(context, id), folder, drill: job.drill },
      operation,
    );
  } finally {
    if (!isKept) await rm(folder, { recursive: true, force: true });
  }
}

interface Capture {
  readonly source: BackupSource;
  readonly folder: string;
  readonly operation: RunningOperation;
}

async function capture(context: BackupContext, { source, folder, operation }: Capture): Promise<Captured> {
  const driver = driverOf(source.database.engine);
  // The plain copy and the artefact; a drill looks for its own space.
  await requireSpace(context.settings.workFolder, 2 * SPACE_FACTOR * (await driver.expectedBytes(source)));
  const limits = { signal: operation.signal, deadlineMs: source.deadlineMs, onProgress: operation.onProgress };
  return operation.step(
    'copy and compress',
    () => driver.capture({ source, folder, codecLevel: CODEC_LEVEL, limits }),
    ({ notes }) => notes,
  );
}

interface Seal extends Capture {
  readonly captured: Captured;
  readonly id: string;
}

interface SealedArtefact {
  readonly object: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Gives the artefact its name, encrypted where keys are configured. */
async function seal(
  context: BackupContext,
  { captured, id, folder, source, operation }: Seal,
): Promise<SealedArtefact> {
  const { sealer } = context;
  const kind = { engine: source.database.engine, isEncrypted: sealer !== null };
  const object = artefactObject(id, source.name, kind);
  const target = path.join(folder, path.basename(object));
  if (sealer === null) {
    await rename(captured.file, target);
    return { object, bytes: captured.packed.artefactBytes, sha256: captured.packed.artefactSha256 };
  }
  await operation.step('encrypt', () => sealer.seal(captured.file, target, operation.signal));
  await rm(captured.file);
  return { object, bytes: (await stat(target)).size, sha256: await sha256OfFile(target) };
}

interface Described {
  readonly job: BackupJob;
  readonly captured: Captured;
  readonly artefact: SealedArtefact;
  readonly id: string;
  readonly sequence: number;
  readonly startedAt: number;
  readonly started: number;
}

async function describe(context: BackupContext, described: Described): Promise<ManifestFile> {
  const { job, captured, artefact, id, sequence, startedAt, started } = described;
  const { packed, file: _file, notes: _notes, warnings, ...content } = captured;
  const earlier = await context.catalogue.entries({ source: job.source.name, withRemoved: true });
  const previous = earlier.find(({ state }) => state === 'good' || state === 'removed')?.manifest ?? null;
  const manifest: BackupManifest = {
    format: 'belay.backup/1',
    id,
    source: job.source.name,
    engine: job.source.database.engine,
    ...content,
    reason: job.reason,
    sequence,
    startedAt,
    endedAt: context.clock.now(),
    elapsedMs: Math.round(performance.now() - started),
    raw: { bytes: packed.rawBytes, sha256: packed.rawSha256 },
    artefact: {
      ...artefact,
      codec: 'zstd',
      codecLevel: CODEC_LEVEL,
      encryption: context.sealer === null ? null : { format: 'age', recipients: [...context.sealer.recipients] },
    },
    invariants: [],
    warnings: [
      ...warnings,
      ...suspicious(suspicionsOf({ tables: content.tables, rawBytes: packed.rawBytes }, previous)),
    ].map((text) => text.slice(0, 1000)),
    prevManifestHash: earlier[0]?.hash ?? null,
  };
  return writeManifest(manifest);
}

/** `bot-000017-20261124T031700Z`. */
function idOf(source: string, sequence: number, startedAt: number): string {
  const at = new Date(startedAt).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${source}-${String(sequence).padStart(6, '0')}-${at}`;
}
