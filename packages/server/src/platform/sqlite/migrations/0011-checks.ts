import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Checks with their states and results, who reports them, what people were told, and startup reports. */
export const checksMigration: Migration = {
  async up(db) {
    await createStates(db);
    await createResults(db);
    await createReports(db);
  },
};

async function createStates(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('checks')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('instance', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('rank', 'integer', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addColumn('last_json', 'text', (column) => column.notNull())
    .addColumn('state_json', 'text', (column) => column.notNull())
    .addColumn('every_ms', 'integer', (column) => column.notNull())
    .addColumn('muted_by', 'text')
    .addColumn('run_json', 'text')
    .execute();
  await db.schema.createIndex('checks_order').on('checks').columns(['rank', 'service', 'name', 'id']).execute();
  await db.schema.createIndex('checks_subject').on('checks').column('subject').execute();
  await db.schema
    .createTable('check_incidents')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('incident_json', 'text', (column) => column.notNull())
    .addColumn('sentence', 'text', (column) => column.notNull())
    .addColumn('opened_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .execute();
  await db.schema
    .createIndex('check_incidents_open')
    .on('check_incidents')
    .column('key')
    .where(sql.ref('ended_at'), 'is', null)
    .execute();
}

async function createResults(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('check_hours')
    .addColumn('check_id', 'text', (column) => column.notNull())
    .addColumn('hour', 'integer', (column) => column.notNull())
    .addColumn('passed', 'integer', (column) => column.notNull())
    .addColumn('failed', 'integer', (column) => column.notNull())
    .addColumn('duration_ms', 'real', (column) => column.notNull())
    .addPrimaryKeyConstraint('check_hours_key', ['check_id', 'hour'])
    .modifyEnd(sql`without rowid`)
    .execute();
  await db.schema
    .createTable('check_changes')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('check_id', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('cause', 'text')
    .addColumn('text', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('check_changes_of').on('check_changes').columns(['check_id', 'number']).execute();
}

async function createReports(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('check_reporters')
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('instance', 'text', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addColumn('every_ms', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('check_reporters_key', ['service', 'instance'])
    .execute();
  await db.schema
    .createTable('startup_reports')
    .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('instance', 'text', (column) => column.notNull())
    .addColumn('version', 'text')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('ok', 'integer', (column) => column.notNull())
    .addColumn('checks_json', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('startup_reports_of').on('startup_reports').columns(['service', 'number']).execute();
}
