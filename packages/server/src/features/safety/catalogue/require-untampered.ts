import { BelayError } from '@belay/core';
import type { CatalogueEntry } from './catalogue.ts';
import { hashOf } from './manifest-file.ts';

/** Nothing is restored or proven by a manifest that somebody changed. */
export function requireUntampered({ manifest, text, hash, state }: CatalogueEntry): void {
  if (state !== 'tampered' && hashOf(text) === hash) return;
  throw new BelayError('backup.tampered', `The manifest of ${manifest.id} is not the one that was written.`, {
    hint: 'Find out who changed it. Another destination may still hold the true one: belay backup rebuild.',
  });
}
