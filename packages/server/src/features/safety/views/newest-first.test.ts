import { expect, test } from 'vitest';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { newestFirst } from './backup-views.ts';

// Only what the order looks at.
const entry = (source: string, sequence: number, snapshotAt: number): CatalogueEntry =>
  ({ manifest: { id: `${source}-${sequence}`, source, sequence, snapshotAt } }) as CatalogueEntry;

test('within a source the sequence decides, whatever the clock said; sources are mixed by time', () => {
  // As the catalogue gives them; number 2 was taken while the clock was ahead.
  const entries = [entry('a', 3, 300), entry('a', 2, 9000), entry('a', 1, 100), entry('b', 2, 250), entry('b', 1, 50)];
  expect(newestFirst(entries).map(({ manifest }) => manifest.id)).toEqual(['a-3', 'a-2', 'b-2', 'a-1', 'b-1']);
});
