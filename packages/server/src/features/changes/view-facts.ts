import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import { readLedger } from '../ledger/api.ts';
import type { ChangesContext } from './changes-context.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { readUndo } from './rollout-trail.ts';
import type { ViewFacts } from './rollout-view.ts';

/** Facts for one rollout's view; null for lists, which show neither undo nor history. */
export async function viewFacts(
  context: ChangesContext,
  db: DatabaseConnection,
  record: RolloutRecord | null,
): Promise<ViewFacts> {
  const now = context.clock.now();
  const undo = record === null ? null : await readUndo(db, { rolloutId: record.id, attempt: record.state.attempt });
  const happened = record === null ? [] : (await readLedger(db, { limit: 50, rolloutId: record.id })).items;
  return {
    now,
    clockTime: context.clockTime,
    frozen: await context.freeze(db, now),
    undo,
    instances: context.flags.instances().filter(({ connected }) => connected).length,
    happened,
  };
}
