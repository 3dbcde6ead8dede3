import type { DestinationConfig } from '@belay/protocol';
import type { BackupRetention } from '@belay/core/backup';
import type { Invariant } from './work/work-jobs.ts';

/** A database to keep safe, with every default filled in. */
export interface BackupSource {
  readonly name: string;
  readonly database:
    | { readonly engine: 'sqlite'; readonly path: string }
    | { readonly engine: 'postgres'; readonly url: string; readonly bin: string | null };
  readonly isOwn: boolean;
  /** Cron; null: only on demand. */
  readonly schedule: string | null;
  /** Names of destinations. */
  readonly destinations: readonly string[];
  readonly invariants: readonly Invariant[];
  readonly smoke: readonly string[] | null;
  readonly deadlineMs: number;
  readonly maxAgeMs: number;
  readonly autoRestore: { readonly isEnabled: boolean; readonly maxLossMs: number };
}

/** A place for backups with its secrets resolved. Never shown or logged. */
export interface DestinationSettings {
  readonly name: string;
  readonly config: DestinationConfig;
  /** Values of the environment variables that the configuration names. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Belay's own folder, which it makes by itself. */
  readonly isDefault: boolean;
}

/** `backups:` of belay.yaml as the server uses it. */
export interface BackupSettings {
  readonly sources: readonly BackupSource[];
  readonly destinations: readonly DestinationSettings[];
  readonly timezone: string | null;
  readonly jitterMs: number;
  readonly workFolder: string;
  readonly recipients: readonly string[];
  readonly identityFile: string | null;
  readonly retention: BackupRetention;
}
