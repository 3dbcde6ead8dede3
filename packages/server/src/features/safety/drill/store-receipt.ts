import { rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { BackupReceipt } from '@belay/protocol';
import type { BackupContext } from '../backup-context.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { hashOf, receiptObject } from '../catalogue/manifest-file.ts';
import { signReceipt } from './receipt-key.ts';

type Told = 'level' | 'outcome' | 'proven' | 'destination' | 'startedAt' | 'elapsedMs' | 'restoreMs' | 'error' | 'by';
export type Finding = Pick<BackupReceipt, Told> & {
  readonly steps: readonly BackupReceipt['steps'][number][];
  readonly invariants: readonly BackupReceipt['invariants'][number][];
};

/** Writes down what was found: signed, in the catalogue, and beside the artefact wherever a copy is. */
export async function storeReceipt(
  context: BackupContext,
  entry: CatalogueEntry,
  finding: Finding,
): Promise<BackupReceipt> {
  const { id: backup, source } = entry.manifest;
  const receipt = signReceipt(
    {
      format: 'belay.receipt/1',
      id: `${backup}-${finding.level}-${finding.startedAt}-${finding.destination}`,
      backup,
      source,
      manifestHash: entry.hash,
      ...finding,
      steps: [...finding.steps],
      invariants: [...finding.invariants],
      error: finding.error?.slice(0, 1000) ?? null,
      host: os.hostname(),
      version: context.version,
    },
    context.receiptKey,
  );
  await context.catalogue.addReceipt(receipt);
  await storeBeside(context, entry, receipt);
  return receipt;
}

async function storeBeside(context: BackupContext, entry: CatalogueEntry, receipt: BackupReceipt): Promise<void> {
  const text = `${JSON.stringify(receipt, null, 2)}\n`;
  const file = path.join(context.settings.workFolder, `${receipt.id}.receipt.json`);
  await writeFile(file, text, { mode: 0o600 });
  try {
    for (const { destination: name, state } of entry.copies) {
      const destination = context.destinations.get(name);
      if (destination === undefined || state === 'missing' || state === 'removed') continue;
      await destination.put(file, receiptObject(receipt), { sha256: hashOf(text) }).catch((err: unknown) => {
        // The catalogue has it, and a rebuild from another place finds it too.
        context.log.warn({ err, destination: name, receipt: receipt.id }, 'a receipt could not be stored');
      });
    }
  } finally {
    await rm(file, { force: true });
  }
}
