import type { Selectable } from 'kysely';
import type { RolloutUndoTable } from '../../platform/sqlite/changes-tables.ts';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { EffectPoint, StoredDecision, Undo } from './rollout-record.ts';

/** One attempt of one rollout. */
export interface AttemptKey {
  readonly rolloutId: string;
  readonly attempt: number;
}

export async function appendDecision(
  trx: DatabaseTransaction,
  { rolloutId, attempt }: AttemptKey,
  decision: StoredDecision,
): Promise<void> {
  const existing = await readDecisions(trx, { rolloutId, attempt });
  await trx
    .insertInto('rollout_decisions')
    .values({
      rollout_id: rolloutId,
      attempt,
      position: existing.length,
      second: decision.second,
      kind: decision.kind,
      stage: decision.stage,
      because: decision.because,
      state_hash: decision.stateHash,
      at: decision.at,
    })
    .execute();
}

export async function readDecisions(
  db: DatabaseConnection,
  { rolloutId, attempt }: AttemptKey,
): Promise<readonly StoredDecision[]> {
  const rows = await db
    .selectFrom('rollout_decisions')
    .selectAll()
    .where('rollout_id', '=', rolloutId)
    .where('attempt', '=', attempt)
    .orderBy('position')
    .execute();
  return rows.map(({ second, kind, stage, because, state_hash: stateHash, at }) => ({
    second,
    kind,
    stage,
    because,
    stateHash,
    at,
  }));
}

export async function appendPoint(
  trx: DatabaseTransaction,
  { rolloutId, attempt }: AttemptKey,
  { second, share, guards }: EffectPoint,
): Promise<void> {
  await trx
    .insertInto('rollout_points')
    .values({ rollout_id: rolloutId, attempt, second, share, guards_json: JSON.stringify(guards) })
    .onConflict((conflict) => conflict.columns(['rollout_id', 'attempt', 'second']).doNothing())
    .execute();
}

/** All moments of the effect chart, oldest first. */
export async function readPoints(
  db: DatabaseConnection,
  { rolloutId, attempt }: AttemptKey,
): Promise<readonly EffectPoint[]> {
  const rows = await db
    .selectFrom('rollout_points')
    .selectAll()
    .where('rollout_id', '=', rolloutId)
    .where('attempt', '=', attempt)
    .orderBy('second')
    .execute();
  return rows.map(({ second, share, guards_json }) => ({
    second,
    share,
    guards: JSON.parse(guards_json) as EffectPoint['guards'],
  }));
}

/** Drops every second moment older than `second`, so that a long rollout keeps a bounded chart. */
export async function thinPoints(
  trx: DatabaseTransaction,
  { rolloutId, attempt }: AttemptKey,
  keep: number,
): Promise<void> {
  const rows = await trx
    .selectFrom('rollout_points')
    .select('second')
    .where('rollout_id', '=', rolloutId)
    .where('attempt', '=', attempt)
    .orderBy('second')
    .execute();
  if (rows.length <= keep) return;
  const surplus = rows
    .filter((_, index) => index % 2 === 1 && index < rows.length - keep / 4)
    .map(({ second }) => second);
  await trx
    .deleteFrom('rollout_points')
    .where('rollout_id', '=', rolloutId)
    .where('attempt', '=', attempt)
    .where('second', 'in', surplus)
    .execute();
}

export async function writeUndo(
  trx: DatabaseTransaction,
  { rolloutId, attempt }: AttemptKey,
  undo: Undo,
): Promise<void> {
  const columns = {
    revision: undo.revision,
    decided_at: undo.decidedAt,
    expected_json: JSON.stringify(undo.expected),
    confirmed_json: JSON.stringify(undo.confirmed),
    completed_at: undo.completedAt,
  };
  await trx
    .insertInto('rollout_undos')
    .values({ rollout_id: rolloutId, attempt, ...columns })
    .onConflict((conflict) => conflict.columns(['rollout_id', 'attempt']).doUpdateSet(columns))
    .execute();
}

export async function readUndo(db: DatabaseConnection, { rolloutId, attempt }: AttemptKey): Promise<Undo | null> {
  const row = await db
    .selectFrom('rollout_undos')
    .selectAll()
    .where('rollout_id', '=', rolloutId)
    .where('attempt', '=', attempt)
    .executeTakeFirst();
  return row === undefined ? null : undoOf(row);
}

/** The ways back of many rollouts at once, by rollout and attempt. */
export async function readUndos(
  db: DatabaseConnection,
  rolloutIds: readonly string[],
): Promise<readonly { key: AttemptKey; undo: Undo }[]> {
  if (rolloutIds.length === 0) return [];
  const rows = await db.selectFrom('rollout_undos').selectAll().where('rollout_id', 'in', rolloutIds).execute();
  return rows.map((row) => ({ key: { rolloutId: row.rollout_id, attempt: row.attempt }, undo: undoOf(row) }));
}

/** Ways back that not every instance has confirmed yet. */
export async function readOpenUndos(db: DatabaseConnection): Promise<readonly { key: AttemptKey; undo: Undo }[]> {
  const rows = await db.selectFrom('rollout_undos').selectAll().where('completed_at', 'is', null).execute();
  return rows.map((row) => ({ key: { rolloutId: row.rollout_id, attempt: row.attempt }, undo: undoOf(row) }));
}

/** The JSON columns were written by {@link writeUndo}. */
function undoOf(row: Selectable<RolloutUndoTable>): Undo {
  return {
    revision: row.revision,
    decidedAt: row.decided_at,
    expected: JSON.parse(row.expected_json) as string[],
    confirmed: JSON.parse(row.confirmed_json) as Record<string, number>,
    completedAt: row.completed_at,
  };
}
