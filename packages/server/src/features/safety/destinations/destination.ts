import type { Readable } from 'node:stream';
import { BelayError } from '@belay/core';

/** What a destination says it holds under a name. */
export interface StoredObject {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 in hex, as the destination itself tells it; null where it tells none. A hint, never a proof. */
  readonly sha256: string | null;
  readonly etag: string | null;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** First byte and number of bytes; the whole object without it. */
  readonly range?: { readonly from: number; readonly bytes: number } | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions extends CallOptions {
  /** SHA-256 of the file in hex. The destination is asked to refuse anything else. */
  readonly sha256: string;
  /** Whether an object of this name may be replaced; false by default: backups are written once. */
  readonly replaces?: boolean | undefined;
}

/**
 * A place that keeps backups. It knows nothing of backups: it keeps files under names and gives them back. Whether it
 * really does is not its to say: see `proveCopy`.
 *
 * Every call ends: it fulfils, rejects with a `BelayError`, or rejects because `signal` was aborted.
 */
export interface Destination {
  readonly name: string;
  readonly kind: 'folder' | 's3';
  /** For people and manifests; without secrets. */
  readonly uri: string;
  /** Stores the file whole or not at all. Rejects with `backup.object-exists` unless it may replace. */
  put(file: string, object: string, options: PutOptions): Promise<StoredObject>;
  /** Rejects with `backup.object-missing`, or `backup.destination-refused` where reading is not allowed. */
  read(object: string, options?: ReadOptions): Promise<Readable>;
  /** Null when there is no such object. */
  stat(object: string, options?: CallOptions): Promise<StoredObject | null>;
  /** Sorted by name. */
  list(prefix: string, options?: CallOptions): Promise<readonly StoredObject[]>;
  /** An object that is not there counts as removed. */
  remove(object: string, options?: CallOptions): Promise<void>;
}

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
const NAME_LENGTH = 512;

/** Names that mean the same on every file system and in every URL, and cannot leave the destination. */
export function requireObjectName(object: string): void {
  if (object.length <= NAME_LENGTH && NAME.test(object) && !object.endsWith('.partial')) return;
  throw new BelayError('request.invalid', `"${object.slice(0, 80)}" cannot name a backup file.`, {
    hint: `Use letters, digits, ".", "_", "-" and "/", no part beginning with ".", at most ${NAME_LENGTH} characters.`,
  });
}

/** The error of an object that is not there. */
export function missingObject(destination: string, object: string): BelayError {
  return new BelayError('backup.object-missing', `${destination} has no ${object}.`, {
    hint: 'It was removed, lost, or never arrived. Restore from another destination: belay backup list.',
    details: { destination, object },
  });
}

/** The error of a name that is taken. */
export function existingObject(destination: string, object: string): BelayError {
  return new BelayError('backup.object-exists', `${destination} already has another ${object}.`, {
    hint: 'Backups are never overwritten. Does a second Belay write to the same place? Give each its own prefix.',
    details: { destination, object },
  });
}
