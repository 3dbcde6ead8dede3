import type { AgeingRun, QuarantinedPart } from '@belay/protocol';
import { ageingRun, quarantinedPart } from '@belay/protocol';
import type { Database } from '../../platform/sqlite/database.ts';
import type { StorageDayTable } from '../../platform/sqlite/storage-tables.ts';

/** What Belay remembers of days, runs and lost parts, outside the store that they are about. */
export interface StorageStore {
  days(): Promise<readonly StorageDayTable[]>;
  saveDay(day: StorageDayTable): Promise<void>;
  lastRun(): Promise<AgeingRun | null>;
  saveRun(run: AgeingRun): Promise<void>;
  quarantined(): Promise<readonly QuarantinedPart[]>;
  quarantine(part: QuarantinedPart): Promise<void>;
}

const RUNS_KEPT = 200;

export function createStorageStore(db: Database): StorageStore {
  return {
    days: () => db.selectFrom('storage_days').selectAll().execute(),
    async saveDay(day) {
      await db
        .insertInto('storage_days')
        .values(day)
        .onConflict((conflict) => conflict.columns(['table_name', 'day']).doUpdateSet(day))
        .execute();
    },
    async lastRun() {
      const row = await db
        .selectFrom('storage_runs')
        .select('run_json')
        .orderBy('started_at', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? null : ageingRun.parse(JSON.parse(row.run_json));
    },
    async saveRun(run) {
      const row = { started_at: run.startedAt, run_json: JSON.stringify(run) };
      await db
        .insertInto('storage_runs')
        .values(row)
        .onConflict((conflict) => conflict.column('started_at').doUpdateSet(row))
        .execute();
      const old = db.selectFrom('storage_runs').select('started_at').orderBy('started_at', 'desc').limit(RUNS_KEPT);
      await db.deleteFrom('storage_runs').where('started_at', 'not in', old).execute();
    },
    async quarantined() {
      const rows = await db.selectFrom('storage_quarantine').select('part_json').execute();
      return rows.map(({ part_json }) => quarantinedPart.parse(JSON.parse(part_json)));
    },
    async quarantine(part) {
      const row = { part_key: `${part.table}/${part.part}`, part_json: JSON.stringify(part) };
      await db
        .insertInto('storage_quarantine')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
  };
}
