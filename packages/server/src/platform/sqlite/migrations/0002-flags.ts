import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Flag definitions, the rollouts laid over them, and the revision of both together. */
export const flagsMigration: Migration = {
  async up(db) {
    await db.schema
      .createTable('flags')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('description', 'text')
      .addColumn('definition_json', 'text', (column) => column.notNull())
      .addColumn('killed_json', 'text')
      .addColumn('control_variant', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('changed_at', 'bigint', (column) => column.notNull())
      .addColumn('changed_by_json', 'text', (column) => column.notNull())
      .addColumn('change', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('flag_overlays')
      .addColumn('rollout_id', 'text', (column) => column.primaryKey())
      .addColumn('flag_key', 'text', (column) => column.notNull().unique().references('flags.key'))
      .addColumn('overlay_json', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('flag_state')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .execute();
    await sql`insert into flag_state (id, revision) values (1, 0)`.execute(db);
  },
};
