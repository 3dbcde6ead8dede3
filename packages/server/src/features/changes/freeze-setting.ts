import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';

/** A freeze that a person has put on. */
export interface FreezeSetting {
  readonly until: number;
  readonly reason: string;
}

/** The freeze put on by hand, unless it has run out. */
export async function readFreeze(db: DatabaseConnection, now: number): Promise<FreezeSetting | null> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', KEY).executeTakeFirst();
  if (row === undefined) return null;
  // Written by `writeFreeze` below.
  const freeze = JSON.parse(row.value) as FreezeSetting;
  return freeze.until > now ? freeze : null;
}

/** Puts a freeze on, or ends it with null. */
export async function writeFreeze(trx: DatabaseTransaction, freeze: FreezeSetting | null, now: number): Promise<void> {
  if (freeze === null) {
    await trx.deleteFrom('settings').where('key', '=', KEY).execute();
    return;
  }
  const value = JSON.stringify(freeze);
  await trx
    .insertInto('settings')
    .values({ key: KEY, value, updated_at: now })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value, updated_at: now }))
    .execute();
}

const KEY = 'freeze';
