import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Issues and the keys that lead to them, releases, source maps, and projects of Sentry SDKs. */
export const errorsMigration: Migration = {
  async up(db) {
    await db.schema
      .createTable('issues')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('number', 'integer', (column) => column.notNull().unique())
      .addColumn('service', 'text', (column) => column.notNull())
      .addColumn('title', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addColumn('level', 'text', (column) => column.notNull())
      .addColumn('platform', 'text', (column) => column.notNull())
      .addColumn('culprit_function', 'text')
      .addColumn('culprit_file', 'text')
      .addColumn('culprit_line', 'integer')
      .addColumn('handled', 'integer')
      .addColumn('grouped_by', 'text', (column) => column.notNull())
      .addColumn('search_text', 'text', (column) => column.notNull())
      .addColumn('first_seen', 'bigint', (column) => column.notNull())
      .addColumn('last_seen', 'bigint', (column) => column.notNull())
      .addColumn('events', 'real', (column) => column.notNull())
      .addColumn('first_release', 'text', (column) => column.notNull())
      .addColumn('last_release', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('decision_json', 'text', (column) => column.notNull())
      .addColumn('events_at_decision', 'real', (column) => column.notNull())
      .addColumn('state_sentence', 'text', (column) => column.notNull())
      .addColumn('assignee', 'text')
      .addColumn('spike_json', 'text')
      .execute();
    await db.schema.createIndex('issues_by_last_seen').on('issues').columns(['last_seen']).execute();
    await db.schema
      .createTable('issue_keys')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('issue_id', 'text', (column) => column.notNull().references('issues.id').onDelete('cascade'))
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('title', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('issue_keys_by_issue').on('issue_keys').column('issue_id').execute();
    await createRest(db);
  },
};

async function createRest(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('seen_releases')
    .addColumn('service', 'text', (column) => column.notNull())
    .addColumn('release', 'text', (column) => column.notNull())
    .addColumn('first_seen', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('seen_releases_key', ['service', 'release'])
    .execute();
  await db.schema
    .createTable('issue_progress')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('read_through', 'bigint', (column) => column.notNull())
    .execute();
  await sql`insert into issue_progress (id, read_through) values (1, 0)`.execute(db);
  await createMapsAndKeys(db);
}

async function createMapsAndKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('source_maps')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('release', 'text')
    .addColumn('file', 'text', (column) => column.notNull())
    .addColumn('debug_id', 'text')
    .addColumn('bytes', 'integer', (column) => column.notNull())
    .addColumn('sources', 'integer', (column) => column.notNull())
    .addColumn('uploaded_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .execute();
  await db.schema.createIndex('source_maps_by_debug_id').on('source_maps').column('debug_id').execute();
  await db.schema.createIndex('source_maps_by_release').on('source_maps').columns(['release', 'file']).execute();
  await db.schema
    .createTable('sentry_projects')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('service', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('sentry_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('project_id', 'integer', (column) => column.notNull().references('sentry_projects.id'))
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('hint', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .execute();
}
