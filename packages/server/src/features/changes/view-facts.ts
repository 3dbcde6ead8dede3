import type { RolloutSummary } from '@belay/protocol';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import { readLedger } from '../ledger/api.ts';
import type { ChangesContext } from './changes-context.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { readUndo, readUndos } from './rollout-trail.ts';
import { rolloutSummary, type ViewFacts } from './rollout-view.ts';

/** Facts for one rollout's view; null for what all rollouts share. */
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
    gate: await context.gate(db, now),
    undo,
    instances: context.flags.instances().filter(({ connected }) => connected).length,
    happened,
  };
}

/** Lines of a list, each with its own way back: a list must not say that an undo is under way when it is done. */
export async function rolloutSummaries(
  context: ChangesContext,
  db: DatabaseConnection,
  records: readonly RolloutRecord[],
): Promise<RolloutSummary[]> {
  const facts = await viewFacts(context, db, null);
  const undos = await readUndos(
    db,
    records.map(({ id }) => id),
  );
  return records.map((record) => {
    const own = undos.find(({ key }) => key.rolloutId === record.id && key.attempt === record.state.attempt);
    return rolloutSummary(record, { ...facts, undo: own?.undo ?? null });
  });
}
