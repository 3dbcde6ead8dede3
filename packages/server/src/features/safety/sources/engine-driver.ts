import type { BackupManifest, InvariantResult, ReceiptStep } from '@belay/protocol';
import type { BackupSource } from '../backup-settings.ts';
import type { PackedArtefact } from '../work/pack-artefact.ts';
import type { RunWorkOptions } from '../work/run-work.ts';

export type WorkLimits = Pick<RunWorkOptions, 'signal' | 'deadlineMs' | 'onProgress'>;

/** What a driver gives: a compressed artefact in a folder, and everything the manifest says of the content. */
export interface Captured extends Pick<
  BackupManifest,
  | 'engineVersion'
  | 'snapshotAt'
  | 'snapshot'
  | 'schemaHash'
  | 'migrationId'
  | 'tables'
  | 'warnings'
  | 'tools'
  | 'commandLine'
> {
  readonly file: string;
  readonly packed: PackedArtefact;
  readonly notes: string;
}

export interface CaptureJob {
  readonly source: BackupSource;
  /** Empty folder of the operation. */
  readonly folder: string;
  readonly codecLevel: number;
  readonly limits: WorkLimits;
}

export interface DrillJob {
  readonly source: BackupSource | null;
  readonly manifest: BackupManifest;
  /** The compressed, decrypted artefact. */
  readonly file: string;
  readonly folder: string;
  readonly limits: WorkLimits;
}

/** What a restored copy turned out to be. */
export interface DrillFindings {
  /** `inconclusive`: this machine cannot tell. */
  readonly outcome: 'passed' | 'failed' | 'inconclusive';
  /** `L2`: the content could be read and is what was captured; `L3`: the restored copy is sound and complete. */
  readonly level: 'L1' | 'L2' | 'L3';
  readonly error: string | null;
  /** Until the copy could be used, without the checks. */
  readonly restoreMs: number | null;
  readonly steps: readonly ReceiptStep[];
  readonly invariants: readonly InvariantResult[];
}

/** How one kind of database is captured and tried. */
export interface EngineDriver {
  capture(job: CaptureJob): Promise<Captured>;
  /** `use` gets the restored copy (a path or URL) while it is there, for the smoke command. */
  drill(job: DrillJob, use: (copy: string) => Promise<void>): Promise<DrillFindings>;
  /** Reads the artefact to the end and compares the content's hash (L2). Rejects with `backup.corrupt`. */
  readThrough(job: DrillJob): Promise<void>;
  /** Bytes that a capture will need at most, before compression. */
  expectedBytes(source: BackupSource): Promise<number>;
}
