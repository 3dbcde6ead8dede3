import type { InvariantResult } from '@belay/protocol';
import type { SqliteReplaced, SqliteReplaceJob } from '../restore/replace-sqlite.ts';
import type { SqliteLook, SqliteLookJob, SqlitePlaceJob } from '../restore/sqlite-restore-jobs.ts';
import type { PostgresCapture, PostgresCaptureJob } from '../sources/postgres-capture.ts';
import type { SqliteCapture, SqliteCaptureJob } from '../sources/sqlite-capture.ts';
import type { SqliteInspectJob, SqliteInspection } from '../sources/sqlite-inspect.ts';
import type { PackedArtefact, PackJob, UnpackedArtefact, UnpackJob } from './pack-artefact.ts';

/** A named check that a copy must fulfil. */
export interface Invariant {
  readonly name: string;
  readonly sql: string;
  readonly min: number | null;
  readonly max: number | null;
}

export type { InvariantResult };

/** Heavy work that runs in a process of its own, by name: what it gets and what it answers. Both travel as JSON. */
export interface WorkJobs {
  readonly 'sqlite-capture': { readonly input: SqliteCaptureJob; readonly output: SqliteCapture };
  readonly 'sqlite-inspect': { readonly input: SqliteInspectJob; readonly output: SqliteInspection };
  readonly 'sqlite-look': { readonly input: SqliteLookJob; readonly output: SqliteLook };
  readonly 'sqlite-place': { readonly input: SqlitePlaceJob; readonly output: { readonly target: string } };
  readonly 'postgres-capture': { readonly input: PostgresCaptureJob; readonly output: PostgresCapture };
  readonly 'sqlite-replace': { readonly input: SqliteReplaceJob; readonly output: SqliteReplaced };
  readonly pack: { readonly input: PackJob; readonly output: PackedArtefact };
  readonly unpack: { readonly input: UnpackJob; readonly output: UnpackedArtefact };
}
export type WorkName = keyof WorkJobs;

/** How far a job is. Said at least every few seconds by jobs that can; a silent one is taken for stuck. */
export interface WorkProgress {
  readonly done: number;
  readonly total: number;
}
export type TellProgress = (progress: WorkProgress) => void;

/** What the process says to the one that started it. */
export type WorkMessage =
  | { readonly type: 'progress'; readonly progress: WorkProgress }
  | { readonly type: 'done'; readonly output: unknown }
  | { readonly type: 'failed'; readonly error: WorkFailure };

/** An error on its way between processes. */
export interface WorkFailure {
  /** A code of the catalogue of errors; null for a bug. */
  readonly code: string | null;
  readonly message: string;
  readonly hint: string | null;
  readonly details: Readonly<Record<string, unknown>> | null;
}
