import type { InvariantResult } from '@belay/protocol';
import { askDatabase } from './ask-database.ts';
import type { Invariant, InvariantDatabase } from './invariant-settings.ts';
import { judgeRows } from './judge-rows.ts';

/** Longest that one query may take. */
export const INVARIANT_DEADLINE_MS = 10_000;

/**
 * Asks invariants one after another, on a database in use or on a restored copy; a drill calls it with the copy.
 * Writes nothing, never rejects, and ends at the latest after 10 s per invariant.
 */
export async function checkInvariantsOn(
  database: InvariantDatabase,
  invariants: readonly Invariant[],
  deadlineMs: number = INVARIANT_DEADLINE_MS,
): Promise<readonly InvariantResult[]> {
  const results: InvariantResult[] = [];
  for (const invariant of invariants) {
    const asked = await askDatabase(database, invariant.sql, deadlineMs);
    results.push(
      'failure' in asked
        ? { name: invariant.name, outcome: 'failed', detail: asked.failure.slice(0, 1000) }
        : judgeRows(invariant, asked.rows),
    );
  }
  return results;
}
