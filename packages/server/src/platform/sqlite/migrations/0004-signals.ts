import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Signals, what is usual for them, their alarms, and changes that were announced or seen. */
export const signalsMigration: Migration = {
  async up(db) {
    await createSignals(db);
    await createAlarms(db);
    await createRecordedChanges(db);
  },
};

async function createSignals(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('signals')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('origin', 'text', (column) => column.notNull())
    .addColumn('input_json', 'text', (column) => column.notNull())
    .addColumn('points_key', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addColumn('deleted_at', 'bigint')
    .execute();
  await db.schema
    .createTable('signal_states')
    .addColumn('points_key', 'text', (column) => column.primaryKey())
    .addColumn('signal_id', 'text', (column) => column.notNull())
    .addColumn('evaluated_through', 'bigint', (column) => column.notNull())
    .addColumn('hours_through', 'bigint', (column) => column.notNull())
    .addColumn('first_at', 'bigint')
    .addColumn('last_at', 'bigint')
    .addColumn('last_value', 'real')
    .addColumn('baseline_json', 'text')
    .addColumn('watch_json', 'text', (column) => column.notNull())
    .addColumn('steps_json', 'text', (column) => column.notNull())
    .addColumn('problem', 'text')
    .execute();
  await db.schema
    .createTable('signal_hours')
    .addColumn('points_key', 'text', (column) => column.notNull())
    .addColumn('hour', 'integer', (column) => column.notNull())
    .addColumn('value', 'real', (column) => column.notNull())
    .addColumn('count', 'real')
    .addColumn('excluded', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('signal_hours_key', ['points_key', 'hour'])
    .modifyEnd(sql`without rowid`)
    .execute();
}

async function createAlarms(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('signal_alarms')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('signal_id', 'text', (column) => column.notNull())
    .addColumn('points_key', 'text', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('service', 'text')
    .addColumn('direction', 'text', (column) => column.notNull())
    .addColumn('sense', 'text', (column) => column.notNull())
    .addColumn('found', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('raised_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('ending', 'text')
    .addColumn('deviation', 'real', (column) => column.notNull())
    .addColumn('sentence', 'text', (column) => column.notNull())
    .addColumn('suspects_json', 'text', (column) => column.notNull())
    .addColumn('announced', 'integer', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('signal_alarms_by_signal').on('signal_alarms').columns(['signal_id', 'number']).execute();
}

async function createRecordedChanges(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('recorded_changes')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('service', 'text')
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('version', 'text')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('detected', 'integer', (column) => column.notNull())
    .addColumn('actor_json', 'text', (column) => column.notNull())
    .addColumn('minutes', 'integer', (column) => column.notNull())
    .addColumn('verdict', 'text', (column) => column.notNull())
    .addColumn('effects_json', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('recorded_changes_by_time').on('recorded_changes').columns(['at']).execute();
  await db.schema
    .createTable('service_versions')
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('first_seen', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('service_versions_key', ['service', 'version'])
    .execute();
}
