import { createHash } from 'node:crypto';
import { BelayError } from '@belay/core';
import { backupManifest, type BackupManifest, backupReceipt, type BackupReceipt } from '@belay/protocol';

/** A manifest with the very bytes that were written, because its hash is over them. */
export interface ManifestFile {
  readonly manifest: BackupManifest;
  readonly text: string;
  /** SHA-256 of the text in hex. */
  readonly hash: string;
}

/** Larger ones are no manifest of ours: 20,000 tables fit. */
export const MANIFEST_BYTES = 16 * 2 ** 20;

export function writeManifest(manifest: BackupManifest): ManifestFile {
  const text = `${JSON.stringify(backupManifest.parse(manifest), null, 2)}\n`;
  return { manifest, text, hash: hashOf(text) };
}

/** Reads a manifest that somebody may have changed. Throws `backup.tampered` when it cannot be one. */
export function readManifest(text: string, place: string): ManifestFile {
  const parsed = backupManifest.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new BelayError('backup.tampered', `${place} is not a manifest: ${parsed.error.issues[0]?.message ?? ''}.`, {
      hint: 'Read the copy at another destination. Format: docs/reference/backups.md',
    });
  return { manifest: parsed.data, text, hash: hashOf(text) };
}

/** Null for what is no receipt. */
export function readReceipt(text: string): BackupReceipt | null {
  return backupReceipt.safeParse(jsonOf(text)).data ?? null;
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Names of the files of a backup at every destination. */
export function manifestObject({ source, id }: Pick<BackupManifest, 'source' | 'id'>): string {
  return `${source}/${id}.manifest.json`;
}

export function receiptObject({ source, backup, level, startedAt }: BackupReceipt): string {
  return `${source}/${backup}.receipt-${startedAt}-${level}.json`;
}

export function artefactObject(id: string, source: string, { engine, isEncrypted }: ArtefactKind): string {
  return `${source}/${id}.${engine === 'sqlite' ? 'db' : 'dump'}.zst${isEncrypted ? '.age' : ''}`;
}

interface ArtefactKind {
  readonly engine: BackupManifest['engine'];
  readonly isEncrypted: boolean;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
