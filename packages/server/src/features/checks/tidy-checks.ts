import { transaction, type Database } from '../../platform/sqlite/database.ts';
import { DAY_MS, HOUR_MS } from './checks-context.ts';

const HOURS_KEPT_MS = 90 * DAY_MS;
const CHANGES_KEPT_MS = 90 * DAY_MS;
const INCIDENTS_KEPT_MS = 400 * DAY_MS;

/** Lets go of what is too old to be looked at. */
export async function tidyChecks(db: Database, now: number): Promise<void> {
  await transaction(db, async (trx) => {
    await trx
      .deleteFrom('check_hours')
      .where('hour', '<', Math.floor((now - HOURS_KEPT_MS) / HOUR_MS))
      .execute();
    await trx
      .deleteFrom('check_changes')
      .where('at', '<', now - CHANGES_KEPT_MS)
      .execute();
    await trx
      .deleteFrom('check_incidents')
      .where('ended_at', '<', now - INCIDENTS_KEPT_MS)
      .execute();
  });
}
