import { BelayError } from '@belay/core';
import type { KeyObject } from 'node:crypto';
import type { Log } from '../../platform/log/log.ts';
import type { BackupSettings, BackupSource } from './backup-settings.ts';
import type { Catalogue, CatalogueEntry } from './catalogue/catalogue.ts';
import type { Destination } from './destinations/destination.ts';

/** Encrypts artefacts and opens them again. */
export interface Sealer {
  readonly recipients: readonly string[];
  /** Whether a key is at hand; without one backups are made and never proven here. */
  readonly canOpen: boolean;
  seal(from: string, to: string, signal: AbortSignal | undefined): Promise<void>;
  /** Rejects with `backup.key-wrong`. */
  open(from: string, to: string, signal: AbortSignal | undefined): Promise<void>;
}

/** What every part of backups works with. */
export interface BackupContext {
  readonly settings: BackupSettings;
  readonly catalogue: Catalogue;
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly sealer: Sealer | null;
  readonly clock: { now(): number };
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Signs receipts; null without a data folder. */
  readonly receiptKey: KeyObject | null;
  readonly version: string;
}

export function sourceOf({ settings }: BackupContext, name: string): BackupSource {
  const found = settings.sources.find((source) => source.name === name);
  if (found !== undefined) return found;
  const known = settings.sources.map((source) => source.name).join(', ');
  throw new BelayError('backup.not-found', `There is no source "${name}".`, {
    hint: known === '' ? 'Name one under `backups.sources` in belay.yaml.' : `Known are: ${known}.`,
  });
}

export function destinationOf({ destinations }: BackupContext, name: string): Destination {
  const found = destinations.get(name);
  if (found !== undefined) return found;
  throw new BelayError('backup.not-found', `There is no destination "${name}".`, {
    hint: `Known are: ${[...destinations.keys()].join(', ')}.`,
  });
}

export async function entryOf({ catalogue }: BackupContext, id: string): Promise<CatalogueEntry> {
  const found = await catalogue.find(id);
  if (found !== undefined) return found;
  throw new BelayError('backup.not-found', `There is no backup "${id.slice(0, 128)}".`, {
    hint: '`belay backup list` shows the ids.',
  });
}

/** Whether the content of a backup can be read here; a key for encryption alone cannot open what it sealed. */
export function canOpen(
  { sealer }: Pick<BackupContext, 'sealer'>,
  { manifest }: Pick<CatalogueEntry, 'manifest'>,
): boolean {
  return manifest.artefact.encryption === null || sealer?.canOpen === true;
}
