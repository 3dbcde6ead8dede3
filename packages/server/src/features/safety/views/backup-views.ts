import type { BackupDetail, BackupView } from '@belay/protocol';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { isProven, levelOf } from '../catalogue/level-of.ts';

/** A backup as lists show it. */
export function backupViewOf(entry: CatalogueEntry): BackupView {
  const { manifest } = entry;
  const level = levelOf(entry);
  return {
    id: manifest.id,
    source: manifest.source,
    engine: manifest.engine,
    reason: manifest.reason,
    pin: entry.pin,
    sequence: manifest.sequence,
    state: entry.state,
    snapshotAt: manifest.snapshotAt,
    startedAt: manifest.startedAt,
    elapsedMs: manifest.elapsedMs,
    rawBytes: manifest.raw.bytes,
    artefactBytes: manifest.artefact.bytes,
    isEncrypted: manifest.artefact.encryption !== null,
    tables: manifest.tables.length,
    rows: manifest.tables.reduce((sum, { rows }) => sum + rows, 0),
    level,
    isProven: isProven(level),
    lastDrill: lastDrillOf(entry),
    copies: [...entry.copies],
    warnings: manifest.warnings,
  };
}

export function backupDetailOf(entry: CatalogueEntry): BackupDetail {
  return { ...backupViewOf(entry), manifest: entry.manifest, receipts: [...entry.receipts] };
}

function lastDrillOf({ receipts }: CatalogueEntry): BackupView['lastDrill'] {
  const drill = receipts.findLast(({ level }) => level === 'L3' || level === 'L4');
  if (drill === undefined) return null;
  const { outcome, level, restoreMs, error, startedAt } = drill;
  return { at: startedAt, outcome, level, restoreMs, error };
}

/**
 * By time, and within a source by sequence: a clock that went back does not put an older state first. `entries` come as the
 * catalogue gives them.
 */
export function newestFirst(entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  const soonest = new Map<string, number>();
  return entries
    .map((entry) => {
      const { source, snapshotAt } = entry.manifest;
      // No later than what its source wrote after it.
      const at = Math.min(soonest.get(source) ?? snapshotAt, snapshotAt);
      soonest.set(source, at);
      return { entry, at };
    })
    .toSorted((a, b) => b.at - a.at)
    .map(({ entry }) => entry);
}
