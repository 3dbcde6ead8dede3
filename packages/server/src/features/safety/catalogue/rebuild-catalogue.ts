import { text as textOf } from 'node:stream/consumers';
import { isBelayError } from '@belay/core';
import type { BackupReceipt } from '@belay/protocol';
import type { BackupContext } from '../backup-context.ts';
import type { Destination, StoredObject } from '../destinations/destination.ts';
import { isTrusted } from '../drill/receipt-key.ts';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';
import {
  artefactObject,
  MANIFEST_BYTES,
  type ManifestFile,
  manifestObject,
  readManifest,
  readReceipt,
} from './manifest-file.ts';

/** What reading the manifests at every destination came to. */
export interface RebuildReport {
  readonly backups: number;
  /** Not in the catalogue before. */
  readonly added: number;
  /** Receipts that were not known. */
  readonly receipts: number;
  /** What is wrong, in sentences that name the file. */
  readonly findings: readonly string[];
}

/**
 * Reads what is at the destinations into the catalogue. The catalogue may be empty, for instance after Belay itself was
 * lost. A manifest that differs from the hash in the catalogue, or breaks the chain, is told and never trusted.
 */
export async function rebuildCatalogue(context: BackupContext, signal?: AbortSignal): Promise<RebuildReport> {
  const before = new Map(
    (await context.catalogue.entries({ withRemoved: true })).map((entry) => [entry.manifest.id, entry]),
  );
  const findings: string[] = [];
  const counted = { backups: 0, added: 0, receipts: 0 };
  for (const destination of context.destinations.values()) {
    const found = await readPlace({ context, destination, before, findings, signal });
    counted.backups += found.backups;
    counted.added += found.added;
    counted.receipts += found.receipts;
  }
  findings.push(...(await checkChains(context.catalogue)));
  return { ...counted, findings };
}

interface Place {
  readonly context: BackupContext;
  readonly destination: Destination;
  readonly before: ReadonlyMap<string, CatalogueEntry>;
  readonly findings: string[];
  readonly signal: AbortSignal | undefined;
}

async function readPlace(place: Place): Promise<Omit<RebuildReport, 'findings'>> {
  const { destination, findings, signal } = place;
  const counted = { backups: 0, added: 0, receipts: 0 };
  let objects: readonly StoredObject[];
  try {
    objects = await destination.list('', { signal });
  } catch (error) {
    if (!isBelayError(error)) throw error;
    findings.push(`${destination.name} could not be listed: ${error.message}`);
    return counted;
  }
  const sizes = new Map(objects.map(({ name, bytes }) => [name, bytes]));
  for (const { name, bytes } of objects.filter((object) => object.name.endsWith('.manifest.json'))) {
    const file = bytes > MANIFEST_BYTES ? null : await readSafely(place, name);
    if (file === null) continue;
    counted.backups += 1;
    if (await takeManifest(place, file, { name, artefactBytes: sizes.get(file.manifest.artefact.object) }))
      counted.added += 1;
  }
  counted.receipts = await takeReceipts(place, objects);
  return counted;
}

const RECEIPT = /\.receipt-\d+-L\d\.json$/;

/** What was proven at this place before. Where there is a key here, a receipt is believed only when it was signed by it. */
async function takeReceipts(place: Place, objects: readonly StoredObject[]): Promise<number> {
  const { context, destination, findings } = place;
  let taken = 0;
  // By name is by backup and time, which is the order in which they were written.
  const receipts = objects.filter(({ name }) => RECEIPT.test(name)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, bytes } of receipts) {
    const text = bytes > MANIFEST_BYTES ? '' : await textAt(place, name);
    if (text === null) continue;
    const receipt = readReceipt(text);
    if (receipt === null || !isTrusted(receipt, context.receiptKey)) {
      findings.push(
        `${destination.name}: ${name} is no receipt that this Belay signed; \`belay backup drill\` proves it anew.`,
      );
      continue;
    }
    await context.catalogue.addReceipt(receipt);
    taken += 1;
    if (receipt.destination === destination.name && receipt.outcome === 'passed') await believe(place, receipt);
  }
  return taken;
}

/** The copy was read whole when the receipt was written, and has the right size now. */
async function believe({ context }: Place, receipt: BackupReceipt): Promise<void> {
  const entry = await context.catalogue.find(receipt.backup);
  const copy = entry?.copies.find(({ destination }) => destination === receipt.destination);
  if (copy?.state !== 'unverified' || copy.method !== null || entry?.hash !== receipt.manifestHash) return;
  const detail = `by its receipt of ${new Date(receipt.startedAt).toISOString()}`;
  await context.catalogue.saveCopy(receipt.backup, { ...copy, state: 'verified', method: 'receipt', detail });
}

async function readSafely(place: Place, name: string): Promise<ManifestFile | null> {
  const { destination, findings } = place;
  const text = await textAt(place, name);
  if (text === null) return null;
  try {
    return readManifest(text, `${destination.name}: ${name}`);
  } catch (error) {
    if (!isBelayError(error)) throw error;
    findings.push(error.message);
    return null;
  }
}

interface Seen {
  readonly name: string;
  /** Undefined when the artefact is not there. */
  readonly artefactBytes: number | undefined;
}

/** Answers whether the backup was not known. */
async function takeManifest(
  { context, destination, before, findings }: Place,
  file: ManifestFile,
  { name, artefactBytes }: Seen,
): Promise<boolean> {
  const { manifest, hash } = file;
  if (manifestObject(manifest) !== name) {
    findings.push(`${destination.name}: ${name} describes ${manifest.id}.`);
    return false;
  }
  const { engine, source, artefact } = manifest;
  const object = artefactObject(manifest.id, source, { engine, isEncrypted: artefact.encryption !== null });
  if (artefact.object !== object) {
    findings.push(`${destination.name}: ${name} names ${artefact.object} and not its own artefact ${object}.`);
    return false;
  }
  const known = await context.catalogue.find(manifest.id);
  if (known !== undefined && known.hash !== hash) {
    findings.push(`${destination.name}: the manifest of ${manifest.id} is not the one that was written.`);
    // Two places differ and the catalogue knows neither from before: nobody can say which is true.
    if (!before.has(manifest.id)) await context.catalogue.setState(manifest.id, 'tampered');
    return false;
  }
  await context.catalogue.add(file, 'good');
  const copy = known?.copies.find((candidate) => candidate.destination === destination.name);
  const isThere = artefactBytes === manifest.artefact.bytes;
  if (copy === undefined || (!isThere && copy.state === 'verified'))
    await context.catalogue.saveCopy(manifest.id, {
      destination: destination.name,
      // Its size is right; whether its bytes are is for `verify` to say.
      state: isThere ? 'unverified' : artefactBytes === undefined ? 'missing' : 'corrupt',
      method: null,
      checkedAt: context.clock.now(),
      detail: isThere ? 'found by its manifest' : `the artefact has ${artefactBytes ?? 'no'} bytes`,
      markedAt: null,
    });
  return known === undefined;
}

/** Each manifest names the hash of the one before; a gap is normal (retention), another hash is not. */
async function checkChains(catalogue: Catalogue): Promise<readonly string[]> {
  const findings: string[] = [];
  const entries = await catalogue.entries({ withRemoved: true });
  for (const group of Map.groupBy(entries, ({ manifest }) => manifest.source).values()) {
    for (const [index, entry] of group.entries()) {
      const before = group[index + 1];
      const isNext = before !== undefined && before.manifest.sequence === entry.manifest.sequence - 1;
      if (!isNext || entry.manifest.prevManifestHash === before.hash) continue;
      await catalogue.setState(before.manifest.id, 'tampered');
      findings.push(
        `The manifest of ${before.manifest.id} is not the one that ${entry.manifest.id} was written after.`,
      );
    }
  }
  return findings;
}

/** Null for a file that cannot be read, which is told and keeps the others from nobody. */
async function textAt({ destination, findings, signal }: Place, name: string): Promise<string | null> {
  try {
    return await textOf(await destination.read(name, { signal }));
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const why = error instanceof Error ? error.message : String(error);
    findings.push(`${destination.name}: ${name} cannot be read: ${why}`);
    return null;
  }
}
