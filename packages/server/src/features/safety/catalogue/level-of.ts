import type { BackupReceipt, ProofLevel } from '@belay/protocol';
import type { CatalogueCopy, CatalogueEntry } from './catalogue.ts';

const ORDER: readonly ProofLevel[] = ['L0', 'L1', 'L2', 'L3', 'L4'];

/**
 * The highest level that holds for a backup: what its copies are known to be, and what was found inside. Content that one
 * copy proved holds for every copy with the same bytes. Null when no copy is known to be whole.
 */
export function levelOf(entry: Pick<CatalogueEntry, 'state' | 'hash' | 'copies' | 'receipts'>): ProofLevel | null {
  if (entry.state !== 'good') return null;
  if (!entry.copies.some(({ state }) => state === 'verified'))
    return entry.copies.some(({ state }) => state === 'unverified') ? 'L0' : null;
  return higher('L1', contentLevel(entry));
}

/** It counts from here: a copy that was restored and found to be what the manifest says. */
export function isProven(level: ProofLevel | null): boolean {
  return level === 'L3' || level === 'L4';
}

/** What retention may know of a copy. */
export function copyState(entry: CatalogueEntry, copy: CatalogueCopy): 'proven' | 'unproven' | 'bad' {
  if (entry.state !== 'good' || copy.state === 'missing' || copy.state === 'corrupt') return 'bad';
  return copy.state === 'verified' && isProven(levelOf(entry)) ? 'proven' : 'unproven';
}

/** The later of two conclusive findings wins; `inconclusive` changes nothing. */
function contentLevel({ hash, receipts }: Pick<CatalogueEntry, 'hash' | 'receipts'>): ProofLevel | null {
  return receipts
    .filter(({ manifestHash, outcome }) => manifestHash === hash && outcome !== 'inconclusive')
    .reduce<ProofLevel | null>(fold, null);
}

function fold(level: ProofLevel | null, receipt: BackupReceipt): ProofLevel | null {
  // Nothing proven: the copy differs, which is told of that copy and says nothing of the content.
  if (receipt.outcome === 'failed') return receipt.proven === null ? level : receipt.proven;
  return receipt.proven === null ? level : higher(receipt.proven, level);
}

export function higher(a: ProofLevel, b: ProofLevel | null): ProofLevel {
  return b !== null && ORDER.indexOf(b) > ORDER.indexOf(a) ? b : a;
}
