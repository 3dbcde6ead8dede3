import { randomBytes } from 'node:crypto';
import { BelayError } from '@belay/core';
import { signalInput, type SignalInput } from '@belay/protocol';
import type { Selectable } from 'kysely';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { SignalTable } from '../../platform/sqlite/signals-tables.ts';

/** A signal as it is stored. */
export interface StoredSignal {
  readonly id: string;
  readonly version: number;
  readonly origin: SignalTable['origin'];
  readonly input: SignalInput;
  readonly pointsKey: string;
}

export interface SignalWrite {
  readonly id: string;
  readonly origin: SignalTable['origin'];
  readonly input: SignalInput;
  readonly at: number;
}

export async function listSignals(db: DatabaseConnection): Promise<StoredSignal[]> {
  const rows = await db.selectFrom('signals').selectAll().where('deleted_at', 'is', null).orderBy('id').execute();
  return rows.map(signalOf);
}

export async function findSignal(db: DatabaseConnection, id: string): Promise<StoredSignal | undefined> {
  const row = await db
    .selectFrom('signals')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? undefined : signalOf(row);
}

export async function requireSignal(db: DatabaseConnection, id: string): Promise<StoredSignal> {
  const signal = await findSignal(db, id);
  if (signal !== undefined) return signal;
  throw new BelayError('signal.not-found', `There is no signal "${id}".`, {
    hint: '"belay signals list" shows all of them.',
  });
}

/** Ids that the starter set must not use: they exist, or somebody deleted them. */
export async function takenIds(db: DatabaseConnection): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('signals').select('id').execute();
  return new Set(rows.map(({ id }) => id));
}

/** Creates or replaces. What changes the number gets new points; limits, owner and title leave them. */
export async function saveSignal(trx: DatabaseTransaction, write: SignalWrite): Promise<StoredSignal> {
  const before = await trx.selectFrom('signals').selectAll().where('id', '=', write.id).executeTakeFirst();
  const isSame =
    before !== undefined && before.deleted_at === null && numberOf(signalOf(before).input) === numberOf(write.input);
  const row = {
    id: write.id,
    version: (before?.version ?? 0) + 1,
    origin: write.origin,
    input_json: JSON.stringify(write.input),
    points_key: isSame ? before.points_key : `sig_${randomBytes(6).toString('hex')}`,
    created_at: before?.created_at ?? write.at,
    changed_at: write.at,
    deleted_at: null,
  };
  await trx
    .insertInto('signals')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
  if (before !== undefined && !isSame) await forgetPoints(trx, before.points_key);
  return signalOf(row);
}

/** Marks as deleted, and forgets what was learnt. Its points grow old on their own. */
export async function removeSignal(trx: DatabaseTransaction, signal: StoredSignal, at: number): Promise<void> {
  await trx
    .updateTable('signals')
    .set({ deleted_at: at, version: signal.version + 1 })
    .where('id', '=', signal.id)
    .execute();
  await forgetPoints(trx, signal.pointsKey);
}

async function forgetPoints(trx: DatabaseTransaction, pointsKey: string): Promise<void> {
  await trx.deleteFrom('signal_states').where('points_key', '=', pointsKey).execute();
  await trx.deleteFrom('signal_hours').where('points_key', '=', pointsKey).execute();
}

/** What a value depends on. */
function numberOf({ kind, from, quantile }: SignalInput): string {
  return JSON.stringify([kind, quantile ?? null, Object.entries(from).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

function signalOf(row: Selectable<SignalTable>): StoredSignal {
  return {
    id: row.id,
    version: row.version,
    origin: row.origin,
    input: signalInput.parse(JSON.parse(row.input_json)),
    pointsKey: row.points_key,
  };
}
