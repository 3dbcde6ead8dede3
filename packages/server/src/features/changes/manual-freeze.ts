import type { Freeze } from '@belay/core/rollout';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';

/** Key in the settings table. */
const KEY = 'freeze';

/** A freeze that a person has declared; null when there is none. Whether it is over is the reader's to see. */
export async function readManualFreeze(db: DatabaseConnection): Promise<Freeze | null> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', KEY).executeTakeFirst();
  // Written by `writeManualFreeze` from this very type.
  return row === undefined ? null : (JSON.parse(row.value) as Freeze | null);
}

export async function writeManualFreeze(trx: DatabaseTransaction, freeze: Freeze | null, now: number): Promise<void> {
  const value = JSON.stringify(freeze);
  await trx
    .insertInto('settings')
    .values({ key: KEY, value, updated_at: now })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value, updated_at: now }))
    .execute();
}
